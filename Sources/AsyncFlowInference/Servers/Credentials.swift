/// An API key that never appears when its holder is printed.
struct Credentials: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private static let longestKey = 16 << 10

    let key: String?
    /// The quoter that removes the key from external texts, because servers often repeat it.
    let quote: Quoting

    /// - Parameters:
    ///   - key: the key. White space around it, such as the line end of a file, is removed. An empty key counts as
    ///     none.
    ///   - backend: the backend's name for the message.
    /// - Throws: `WorkflowErrorCode.invalidKey` if the key can't be sent as a header.
    init(_ key: String?, backend: String = "inference") throws(InferenceError) {
        let bytes = Array((key ?? "").utf8)
        let isSpace = { (byte: UInt8) in byte == 0x20 || (0x09...0x0D).contains(byte) }
        let start = bytes.firstIndex { !isSpace($0) } ?? bytes.endIndex
        let end = bytes.lastIndex { !isSpace($0) }.map { $0 + 1 } ?? start
        let trimmed = bytes[start..<end]
        guard trimmed.count <= Self.longestKey, trimmed.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            // The message omits the key.
            throw InferenceError(
                .invalidKey,
                "backend '\(backend)' needs an API key of visible ASCII characters, \(Self.longestKey >> 10) KiB at most; "
                    + "this one is longer, or contains a space, a line end or another such character; correct "
                    + "apiKey: or OPENAI_API_KEY")
        }
        self.key = trimmed.isEmpty ? nil : String(decoding: trimmed, as: UTF8.self)
        quote = Quoting(without: [self.key].compactMap { $0 })
    }

    var description: String { key == nil ? "no API key" : "an API key" }
    var debugDescription: String { description }
    var customMirror: Mirror { Mirror(self, children: []) }
}
