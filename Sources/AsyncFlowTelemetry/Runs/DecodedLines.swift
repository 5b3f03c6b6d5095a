import AsyncFlowBase

/// The events of some lines of a recording, decoded without knowledge of earlier lines. Their texts and ids belong to a
/// separate table until a reader takes them over.
struct DecodedLines {
    private var texts = TextTable()
    private(set) var events: [RunEvent] = []
    /// The notes about the lines, which are counted from the first of these.
    private(set) var notes = RunReadingNotes()

    /// - Parameters:
    ///   - bytes: complete lines, each with its line end.
    ///   - decoder: a decoder that knows the session.
    init(_ bytes: UnsafeBufferPointer<UInt8>, _ decoder: EventLineDecoder) {
        guard var next = bytes.baseAddress else { return }
        var decoder = decoder
        let end = next + bytes.count
        events.reserveCapacity(bytes.count / 512)
        while next < end, let found = memchr(next, 0x0A, end - next) {
            let newline = UnsafePointer(found.assumingMemoryBound(to: UInt8.self))
            let line = UnsafeBufferPointer(start: next, count: newline - next)
            next = newline + 1
            notes.lineCount += 1
            if Self.isBlank(line) { continue }
            switch decoder.decode(line, into: &texts) {
            case .event(let event):
                notes.eventCount += 1
                events.append(event)
            case .ignored: notes.eventCount += 1
            case .otherSession: notes.otherSessionCount += 1
            case .foreign, .malformed: notes.skipLine()
            }
        }
    }

    static func isBlank(_ line: UnsafeBufferPointer<UInt8>) -> Bool {
        line.allSatisfy { $0 == 0x20 || $0 == 0x0D || $0 == 0x09 }
    }

    /// Changes the texts and ids of the events to those of another table.
    mutating func translate(into other: inout TextTable) {
        let translation = texts.translation(into: &other)
        for index in events.indices {
            events[index].name = translation[Int(events[index].name.index)]
            events[index].backend = translation[Int(events[index].backend.index)]
            events[index].workflow = translation[Int(events[index].workflow.index)]
            if let task = events[index].task {
                events[index].task = task.translated(from: texts, by: translation, to: &other)
            }
            if let execution = events[index].execution {
                events[index].execution = execution.translated(by: translation)
            }
            if let block = events[index].block {
                events[index].block = block.translated(from: texts, by: translation, to: &other)
            }
            for place in events[index].dependencies.indices {
                let key = events[index].dependencies[place]
                events[index].dependencies[place] = key.translated(from: texts, by: translation, to: &other)
            }
        }
    }
}
