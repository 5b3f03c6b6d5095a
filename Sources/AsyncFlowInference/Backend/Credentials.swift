/// An API key that doesn't show itself, however its holder is printed.
struct Credentials: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    let key: String?

    /// An empty key is none.
    init(_ key: String?) { self.key = key?.isEmpty == true ? nil : key }

    var description: String { key == nil ? "no API key" : "an API key" }
    var debugDescription: String { description }
    var customMirror: Mirror { Mirror(self, children: []) }

    /// `text` without the key, which servers like to repeat.
    func redact(_ text: String) -> String {
        guard let key else { return text }
        return text.split(separator: key, omittingEmptySubsequences: false).joined(separator: "[API key]")
    }
}
