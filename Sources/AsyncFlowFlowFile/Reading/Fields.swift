import AsyncFlowPlan

/// The keys of a mapping, after a look at the table of keys: unknown ones and wrong forms are told.
struct Fields {
    private let values: [String: (key: YAMLNode, value: YAMLNode)]
    let section: Section

    /// - Parameter allowed: the keys of the section that may stand here; all by default.
    init(
        _ node: YAMLNode, _ section: Section, only allowed: Set<String>? = nil, in place: String? = nil,
        _ diagnostics: inout Diagnostics
    ) {
        self.section = section
        guard let pairs = node.pairs else {
            let keys = KeyTable.keys(of: section).prefix(4).map(\.name).joined(separator: ", ")
            diagnostics.error(
                node.place, "\(place ?? "this") is a mapping with keys such as \(keys), not \(node.kindName)")
            values = [:]
            return
        }
        let table = KeyTable.table(of: section)
        var values: [String: (key: YAMLNode, value: YAMLNode)] = [:]
        for pair in pairs {
            let name = pair.key.text?.text ?? ""
            guard let key = table[name] else {
                let known = Array(table.keys)
                let other = Section.allCases.first {
                    $0 != section && KeyTable.keys(of: $0).contains { $0.name == name }
                }
                let hint =
                    Nearest.name(to: name, among: known).map { "did you mean '\($0)'?" }
                    ?? other.map { "it is a key of: \(KeyTable.title(of: $0))" }
                diagnostics.error(
                    pair.key.place, "there is no key '\(name)' \(Fields.label(section))", hint: hint)
                continue
            }
            if let allowed, !allowed.contains(name) {
                diagnostics.error(
                    pair.key.place, "'\(name)' can't stand here",
                    hint: "there can be \(allowed.sorted().joined(separator: ", "))")
                continue
            }
            if pair.value.isEmpty {
                diagnostics.error(pair.key.place, "'\(name)' has no value")
                continue
            }
            if Fields.fits(pair.value, key.shape) {
                values[name] = pair
            } else {
                diagnostics.error(
                    pair.value.place,
                    "'\(name)' is \(KeyReference.word(for: key.shape).replacing("`", with: "")), not \(pair.value.kindName)",
                    hint: "for example: \(key.example)")
            }
        }
        self.values = values
    }

    private static func label(_ section: Section) -> String {
        switch section {
        case .top: "in a flow file"
        case .configuration: "in a file of settings"
        default: "in: \(KeyTable.title(of: section))"
        }
    }

    /// Whether a node has the form of a shape, as far as it can be told without reading what is in it.
    private static func fits(_ node: YAMLNode, _ shape: Shape) -> Bool {
        switch shape {
        case .text, .template, .expression, .setting, .integer: node.text != nil
        case .choice: node.text != nil
        case .flag: if case .bool = node.scalarValue { true } else { false }
        case .value: true
        case .type: node.text != nil || node.pairs != nil
        case .listOf(let element): node.elements?.allSatisfy { fits($0, element) } ?? fits(node, element)
        case .map, .section, .steps, .variables: node.pairs != nil
        case .either(let a, let b): fits(node, a) || fits(node, b)
        }
    }

    subscript(name: String) -> YAMLNode? { values[name]?.value }

    func key(_ name: String) -> YAMLNode? { values[name]?.key }

    var names: [String] { Array(values.keys) }

    func text(_ name: String) -> String? { values[name]?.value.text?.text }

    func flag(_ name: String) -> Bool? {
        if case .bool(let flag) = values[name]?.value.scalarValue { flag } else { nil }
    }

    /// A whole number within bounds.
    func integer(_ name: String, in range: ClosedRange<Int>, _ diagnostics: inout Diagnostics) -> Int? {
        guard let node = values[name]?.value else { return nil }
        guard case .int(let number) = node.scalarValue, range.contains(number) else {
            diagnostics.error(
                node.place,
                "'\(name)' is a whole number from \(range.lowerBound) to \(range.upperBound), not \(node.kindName)")
            return nil
        }
        return number
    }

    /// A text of some.
    func choice(_ name: String, _ diagnostics: inout Diagnostics) -> String? {
        guard let node = values[name]?.value, let text = node.text?.text,
            case .choice(let names)? = KeyTable.keys(of: section).first(where: { $0.name == name })?.shape
        else { return nil }
        if names.contains(text) { return text }
        diagnostics.error(
            node.place, "'\(name)' is one of \(names.joined(separator: ", ")), not '\(text)'",
            hint: Nearest.name(to: text, among: names).map { "did you mean '\($0)'?" })
        return nil
    }

    /// The elements of a list, or the only one.
    func list(_ name: String) -> [YAMLNode] { values[name].map { $0.value.elements ?? [$0.value] } ?? [] }
}
