import AsyncFlowTelemetry
import NIOCore

/// The current parts of the page's data, encoded once for all browsers, each with the version in which it last changed.
///
/// A browser that has version 7 is sent the parts of later versions, however many it has missed, so nothing can pile
/// up.
struct SharedParts: Sendable {
    private struct Entry {
        var bytes: [UInt8]
        var buffer: ByteBuffer
        var version: Int
    }

    private var entries: [PageData.Part: Entry] = [:]
    private(set) var version = 0
    private(set) var isLive = true
    private var liveVersion = 0

    /// Replaces old parts with new ones.
    ///
    /// - Returns: whether anything has changed.
    mutating func replace(_ parts: [(PageData.Part, [UInt8])], isLive: Bool = true) -> Bool {
        let changed = parts.filter { entries[$0.0]?.bytes != $0.1 }
        let ends = self.isLive != isLive
        guard !changed.isEmpty || ends else { return false }
        version += 1
        for (part, bytes) in changed {
            entries[part] = Entry(bytes: bytes, buffer: ByteBuffer(bytes: bytes), version: version)
        }
        if ends {
            self.isLive = isLive
            liveVersion = version
        }
        return true
    }

    /// Returns whether a browser with this version lacks anything. False until the first parts exist.
    func hasNews(since known: Int) -> Bool { version > max(0, known) }

    /// Returns the parts that have changed after a version, as an event of a stream.
    func event(since known: Int) -> [ByteBuffer] {
        wrapped(since: known, start: "event: update\ndata: {", end: "}\n\n")
    }

    /// All parts as a document.
    var document: [ByteBuffer] { wrapped(since: -1, start: "{\"version\":1,", end: "}") }

    private func wrapped(since known: Int, start: String, end: String) -> [ByteBuffer] {
        var result = [ByteBuffer(string: start)]
        var needsComma = false
        if liveVersion > known {
            result.append(ByteBuffer(string: "\"live\":\(isLive)"))
            needsComma = true
        }
        for part in PageData.Part.allCases {
            guard let entry = entries[part], entry.version > known else { continue }
            if needsComma { result.append(ByteBuffer(string: ",")) }
            result.append(entry.buffer)
            needsComma = true
        }
        result.append(ByteBuffer(string: end))
        return result
    }
}
