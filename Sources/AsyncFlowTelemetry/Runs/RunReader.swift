import AsyncFlowBase

/// A reader's notes about a recording itself.
package struct RunReadingNotes: Sendable, Equatable {
    package internal(set) var lineCount = 0
    package internal(set) var eventCount = 0
    /// The number of lines that were skipped, because they aren't JSON objects or aren't events of a recording.
    package internal(set) var skippedCount = 0
    /// The numbers of the first skipped lines, counted from 1.
    package internal(set) var skippedLines: [Int] = []
    /// Whether the last line was cut off.
    package internal(set) var isLastLineCut = false
    /// The number of events of other sessions in the same file, which were left out.
    package internal(set) var otherSessionCount = 0

    package init() {}

    /// Notes that the last counted line is skipped.
    mutating func skipLine() {
        skippedCount += 1
        if skippedLines.count < RunReader.notedLines { skippedLines.append(lineCount) }
    }

    /// Adds the notes about the lines that follow.
    mutating func add(_ next: RunReadingNotes) {
        for line in next.skippedLines where skippedLines.count < RunReader.notedLines {
            skippedLines.append(lineCount + line)
        }
        lineCount += next.lineCount
        eventCount += next.eventCount
        skippedCount += next.skippedCount
        otherSessionCount += next.otherSessionCount
    }

    /// The notes as sentences for the reader.
    package var sentences: [String] {
        var result: [String] = []
        if isLastLineCut { result.append("The last line is cut off, as after a kill; it was left out.") }
        if skippedCount > 0 {
            let lines = skippedLines.map(String.init).joined(separator: ", ")
            let more = skippedCount > skippedLines.count ? ", …" : ""
            let what =
                skippedCount == 1 ? "1 line isn't an event and was" : "\(skippedCount) lines aren't events and were"
            result.append("\(what) skipped: \(skippedCount == 1 ? "line" : "lines") \(lines)\(more).")
        }
        if otherSessionCount > 0 {
            result.append("\(otherSessionCount) events belong to other sessions than the first one and were left out.")
        }
        return result
    }
}

/// A reader of a recording in pieces of any size.
package struct RunReader {
    static let longestLine = 64 << 20
    static let notedLines = 20

    package private(set) var model = RunModel()
    package private(set) var notes = RunReadingNotes()
    private var decoder = EventLineDecoder()
    /// The beginning of a line whose end hasn't been read yet.
    private var pending: [UInt8] = []
    private var isSkippingLine = false

    package init() {}

    package mutating func feed(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard var next = bytes.baseAddress else { return }
        let end = next + bytes.count
        while next < end {
            guard let found = memchr(next, 0x0A, end - next) else {
                keep(UnsafeBufferPointer(start: next, count: end - next))
                return
            }
            let newline = UnsafePointer(found.assumingMemoryBound(to: UInt8.self))
            let rest = UnsafeBufferPointer(start: next, count: newline - next)
            if isSkippingLine {
                isSkippingLine = false
                notes.lineCount += 1
                skip()
            } else if pending.isEmpty {
                read(rest)
            } else {
                keep(rest)
                if isSkippingLine { continue }
                readPending()
            }
            next = newline + 1
        }
    }

    /// Ends reading after the last piece.
    package mutating func finish() {
        if isSkippingLine || !pending.isEmpty {
            let before = notes
            if isSkippingLine {
                notes.lineCount += 1
                skip()
            } else {
                readPending()
            }
            if notes.skippedCount > before.skippedCount {
                notes = before
                notes.isLastLineCut = true
            }
        }
        isSkippingLine = false
        model.isTruncated = notes.isLastLineCut || !model.hasEnded
    }

    /// Applies lines that were decoded elsewhere, in the order of the file. No line may be half read.
    mutating func take(_ lines: consuming DecodedLines) {
        lines.translate(into: &model.texts)
        lines.events.withUnsafeBufferPointer { events in
            for index in events.indices { model.apply(events[index]) }
        }
        notes.add(lines.notes)
    }

    /// The decoder for further lines on other threads; nil until the session is known, or while a line is half read.
    var furtherDecoder: EventLineDecoder? { decoder.session == nil || !pending.isEmpty ? nil : decoder }

    private mutating func keep(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard !isSkippingLine else { return }
        if pending.count + bytes.count > Self.longestLine {
            pending = []
            isSkippingLine = true
        } else {
            pending.append(contentsOf: bytes)
        }
    }

    private mutating func readPending() {
        let line = pending
        pending.removeAll(keepingCapacity: true)
        line.withUnsafeBufferPointer { read($0) }
    }

    private mutating func read(_ line: UnsafeBufferPointer<UInt8>) {
        notes.lineCount += 1
        var line = line
        if notes.lineCount == 1, line.count >= 3, line[0] == 0xEF, line[1] == 0xBB, line[2] == 0xBF {
            line = UnsafeBufferPointer(rebasing: line[3...])  // a byte order mark, which some editors write
        }
        if DecodedLines.isBlank(line) { return }
        switch decoder.decode(line, into: &model.texts) {
        case .event(let event):
            notes.eventCount += 1
            model.apply(event)
        case .ignored: notes.eventCount += 1
        case .otherSession: notes.otherSessionCount += 1
        case .foreign, .malformed: skip()
        }
    }

    private mutating func skip() { notes.skipLine() }
}
