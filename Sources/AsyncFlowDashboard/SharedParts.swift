import AsyncFlowTelemetry
import NIOCore

/// The parts of the page's data as they are now, encoded once for all browsers, each with the version that changed it.
///
/// A browser that knows version 7 is sent the parts of later versions, however many it has missed: there is nothing
/// that could pile up.
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

    /// Puts new parts in the place of old ones.
    ///
    /// - Returns: whether anything differs from what there was.
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

    /// Whether there is anything that a browser which knows this version hasn't got: not before the first parts are
    /// there.
    func hasNews(since known: Int) -> Bool { version > max(0, known) }

    /// Those that have changed after a version, as an event of a stream.
    func event(since known: Int) -> [ByteBuffer] {
        wrapped(since: known, start: "event: update\ndata: {", end: "}\n\n")
    }

    /// Everything, as a document.
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
