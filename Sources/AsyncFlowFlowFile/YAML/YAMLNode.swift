import AsyncFlowPlan

/// A node of a YAML document, with its place.
///
/// Plain scalars are read by the core schema of YAML 1.2, so that `no` and `on` are texts.
final class YAMLNode: Sendable {
    enum Kind: Sendable {
        /// `isPlain` where neither quotes nor `|` or `>` say that it is a text.
        case scalar(PlacedText, isPlain: Bool)
        case mapping([(key: YAMLNode, value: YAMLNode)])
        case sequence([YAMLNode])
    }

    let kind: Kind
    let place: Place

    init(_ kind: Kind, _ place: Place) {
        self.kind = kind
        self.place = place
    }

    /// The text of a scalar; nil for anything else.
    var text: PlacedText? { if case .scalar(let text, _) = kind { text } else { nil } }

    /// The pairs of a mapping; nil for anything else.
    var pairs: [(key: YAMLNode, value: YAMLNode)]? { if case .mapping(let pairs) = kind { pairs } else { nil } }

    var elements: [YAMLNode]? { if case .sequence(let elements) = kind { elements } else { nil } }

    /// The value of a key of a mapping.
    subscript(key: String) -> YAMLNode? { pairs?.first { $0.key.text?.text == key }?.value }

    /// The kind of node, for messages.
    var kindName: String {
        switch kind {
        case .scalar(let text, let isPlain):
            if isPlain, text.text.isEmpty { "nothing" } else { "the text '\(text.text.prefix(40))'" }
        case .mapping: "a mapping"
        case .sequence: "a list"
        }
    }

    /// Whether nothing is written.
    var isEmpty: Bool { if case .scalar(let text, true) = kind { text.text.isEmpty } else { false } }

    /// The value of a scalar by the core schema; a text that isn't plain is a string.
    var scalarValue: Value? {
        guard case .scalar(let text, let isPlain) = kind else { return nil }
        return isPlain ? Self.resolved(text.text) : .string(text.text)
    }

    private static func resolved(_ text: String) -> Value {
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return .bool(true)
        case "false", "False", "FALSE": return .bool(false)
        default: break
        }
        guard let first = text.utf8.first, first < 0x3A,
            first == UInt8(ascii: "-") || first == UInt8(ascii: "+")
                || first == UInt8(ascii: ".") || first >= UInt8(ascii: "0")
        else { return .string(text) }
        let digits = text.utf8.drop { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+") }
        if text.utf8.count - digits.count > 1 { return .string(text) }
        if text.hasPrefix("0x"), let number = Int(text.dropFirst(2), radix: 16), !text.contains("+"),
            !text.contains("-")
        {
            return .int(number)
        }
        if text.hasPrefix("0o"), let number = Int(text.dropFirst(2), radix: 8), !text.contains("+"), !text.contains("-")
        {
            return .int(number)
        }
        let isDigit = { (byte: UInt8) in (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
        if !digits.isEmpty, digits.allSatisfy(isDigit) {
            // One that doesn't fit into an int is a float, as in JSON.
            if let number = Int(text) { return .int(number) }
            return Double(text).map { $0.isFinite ? .float($0) : .string(text) } ?? .string(text)
        }
        let isOfFloat = { (byte: UInt8) in isDigit(byte) || ".eE+-".utf8.contains(byte) }
        if digits.allSatisfy(isOfFloat), digits.contains(where: isDigit), let number = Double(text), number.isFinite {
            return .float(number)
        }
        return .string(text)
    }
}
