/// The names of a body and their types; it grows as the body's steps are checked, so that scopes share it.
final class NameTable {
    private var types: [String: ValueType] = [:]
    private var words: [String: String] = [:]
    private let outer: NameTable?

    init(in outer: NameTable?) { self.outer = outer }

    /// - Parameter word: what its fields are called in messages.
    func add(_ name: String, _ type: ValueType, word: String) {
        types[name] = type
        words[name] = word
    }

    func type(of name: String) -> ValueType? { types[name] ?? outer?.type(of: name) }

    func word(for name: String) -> String? { words[name] ?? outer?.word(for: name) }

    /// All names, with those outside.
    var names: [String] { Array(types.keys) + (outer?.names ?? []) }
}
