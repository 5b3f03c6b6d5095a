/// A parser of streams of server-sent events, which may be split anywhere (WHATWG HTML, section 9.2.6).
struct EventStreamParser: Sendable {
    struct Event: Sendable, Equatable {
        /// The type of the event; empty if the stream doesn't say.
        var type = ""
        var data: String
    }

    private let limit: Int
    private var line: [UInt8] = []
    private var type: [UInt8] = []
    private var data: [UInt8]?
    private var endsWithReturn = false
    private var isAtStart = true

    /// - Parameter limit: the maximum number of bytes of an event.
    init(limit: Int = AnswerBounds.event) { self.limit = limit }

    /// - Returns: the events that are complete now.
    /// - Throws: ``AnswerTooLarge/event``.
    mutating func receive(_ bytes: some Sequence<UInt8>) throws(AnswerTooLarge) -> [Event] {
        var events: [Event] = []
        for byte in bytes {
            let followsReturn = endsWithReturn
            endsWithReturn = byte == UInt8(ascii: "\r")
            switch byte {
            case UInt8(ascii: "\n") where followsReturn: continue
            case UInt8(ascii: "\n"), UInt8(ascii: "\r"):
                if let event = endLine() { events.append(event) }
            default:
                line.append(byte)
                if line.count + (data?.count ?? 0) > limit { throw .event }
            }
        }
        return events
    }

    /// Ends the stream and returns the last event. By the standard, an event that isn't followed by an empty line
    /// doesn't count; here it does, because many servers end like that.
    mutating func end() -> Event? {
        if !line.isEmpty { _ = endLine() }
        return endLine()
    }

    /// Returns the bytes after a byte order mark, if they begin with one.
    func withoutMark<Bytes: Collection<UInt8>>(_ bytes: Bytes) -> Bytes.SubSequence {
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        return bytes.starts(with: mark) ? bytes.dropFirst(mark.count) : bytes[...]
    }

    private mutating func endLine() -> Event? {
        defer { line.removeAll(keepingCapacity: true) }
        let line = isAtStart ? withoutMark(self.line) : self.line[...]
        isAtStart = false
        if line.isEmpty {
            defer { (data, type) = (nil, []) }
            return data.map { data in
                Event(type: String(decoding: type, as: UTF8.self), data: String(decoding: data, as: UTF8.self))
            }
        }
        let colon = line.firstIndex(of: UInt8(ascii: ":"))
        var value = colon.map { line[($0 + 1)...] } ?? []
        if value.first == UInt8(ascii: " ") { value = value.dropFirst() }
        let name = line[..<(colon ?? line.endIndex)]
        if name.elementsEqual("data".utf8) {
            if data == nil { data = Array(value) } else { data! += [UInt8(ascii: "\n")] + value }
        } else if name.elementsEqual("event".utf8) {
            type = Array(value)
        }
        return nil
    }
}
