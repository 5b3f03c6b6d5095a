/// Cuts a stream of server-sent events into their data, however the bytes are split (WHATWG HTML, section 9.2).
struct EventStreamParser: Sendable {
    private var line: [UInt8] = []
    private var data: [UInt8]?
    private var endsWithReturn = false

    /// - Returns: the data of the events that are complete now.
    mutating func receive(_ bytes: some Sequence<UInt8>) -> [String] {
        var events: [String] = []
        for byte in bytes {
            let followsReturn = endsWithReturn
            endsWithReturn = byte == UInt8(ascii: "\r")
            switch byte {
            case UInt8(ascii: "\n") where followsReturn: continue
            case UInt8(ascii: "\n"), UInt8(ascii: "\r"):
                if let event = endLine() { events.append(event) }
            default: line.append(byte)
            }
        }
        return events
    }

    private mutating func endLine() -> String? {
        defer { line.removeAll(keepingCapacity: true) }
        if line.isEmpty {
            defer { data = nil }
            return data.map { String(decoding: $0, as: UTF8.self) }
        }
        let name = Array("data".utf8)
        guard line.starts(with: name) else { return nil }
        var value = line.dropFirst(name.count)
        if !value.isEmpty {
            guard value.first == UInt8(ascii: ":") else { return nil }
            value = value.dropFirst()
            if value.first == UInt8(ascii: " ") { value = value.dropFirst() }
        }
        if data == nil { data = Array(value) } else { data! += [UInt8(ascii: "\n")] + value }
        return nil
    }
}
