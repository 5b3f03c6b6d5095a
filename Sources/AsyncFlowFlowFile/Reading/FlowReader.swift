import AsyncFlowPlan

/// Makes plans of nodes.
struct FlowReader {
    var diagnostics = Diagnostics()
    let base: String
    /// Reads another flow file, by its absolute path.
    let load: (String, Place, inout Diagnostics) -> Plan?
    /// Policies by pattern, those that count most first; then those for all.
    var policies: [(pattern: String?, node: YAMLNode, isStrong: Bool)] = []
    /// The names of steps and parameters that couldn't be read.
    var brokenNames: Set<String> = []

    // MARK: Values

    func template(_ node: YAMLNode, _ diagnostics: inout Diagnostics) -> Template {
        Template.parse(node.text ?? PlacedText("", at: node.place), &diagnostics)
    }

    mutating func template(_ node: YAMLNode) -> Template { template(node, &diagnostics) }

    /// Any value with expressions in it.
    mutating func value(_ node: YAMLNode) -> ValueSource {
        switch node.kind {
        case .scalar(let text, _):
            if text.text.contains("${{") { return .template(template(node)) }
            return .literal(node.scalarValue ?? .null, node.place)
        case .sequence(let elements): return .list(elements.map { value($0) }, node.place)
        case .mapping(let pairs): return .record(pairs.map { binding($0) }, node.place)
        }
    }

    mutating func binding(_ pair: (key: YAMLNode, value: YAMLNode)) -> Binding {
        Binding(name: pair.key.text?.text ?? "", place: pair.key.place, value: value(pair.value))
    }

    mutating func bindings(_ node: YAMLNode?) -> [Binding] { node?.pairs?.map { binding($0) } ?? [] }

    /// An expression that stands without braces; with them it is understood as well.
    mutating func expression(_ node: YAMLNode) -> PlacedExpression? {
        guard let text = node.text else { return nil }
        if text.text.contains("${{") {
            let template = template(node)
            if let single = template.single { return single }
            if !template.expressions.isEmpty {
                diagnostics.error(node.place, "this is an expression by itself", hint: "leave out '${{' and '}}'")
            }
            return nil
        }
        do throws(ExpressionSyntaxError) {
            return PlacedExpression(try ExpressionParser.parse(text.text), text)
        } catch {
            diagnostics.error(text.place(of: error.range), error.message, hint: error.hint)
            return nil
        }
    }

    mutating func setting(_ node: YAMLNode?, _ unit: Quantity.Unit) -> Setting? {
        guard let node else { return nil }
        return Setting(template(node), unit)
    }

    // MARK: Types

    /// A type as it is written.
    mutating func type(_ node: YAMLNode) -> ValueType? {
        if let text = node.text {
            if let type = ValueType(named: text.text) { return type }
            diagnostics.error(
                node.place, "there is no type '\(text.text)'",
                hint: Nearest.name(to: text.text, among: ValueType.simple.keys).map { "did you mean '\($0)'?" }
                    ?? "there are string, int, float, bool, file, directory, json; T[] is a list, T? may be null")
            return nil
        }
        guard let pairs = node.pairs else {
            diagnostics.error(node.place, "a type is a name or a mapping, not \(node.kindName)")
            return nil
        }
        let names = Set(pairs.compactMap { $0.key.text?.text })
        if names.contains("enum"), names.isSubset(of: ["enum", "about"]) {
            return node["enum"].flatMap { enumeration($0) }
        }
        if names.contains("type"), names.isSubset(of: ["type", "about"]) { return node["type"].flatMap { type($0) } }
        var fields: [ValueType.Field] = []
        for pair in pairs {
            let name = pair.key.text?.text ?? ""
            if let problem = PlanName.problem(name) {
                diagnostics.error(pair.key.place, "a field can't be named '\(name)'", hint: problem)
            }
            guard let type = type(pair.value) else { return nil }
            fields.append(.init(name, type))
        }
        return .record(fields)
    }

    private mutating func enumeration(_ node: YAMLNode) -> ValueType? {
        guard let elements = node.elements, !elements.isEmpty else {
            diagnostics.error(node.place, "'enum' is a list of texts, not \(node.kindName)")
            return nil
        }
        return .enumeration(elements.compactMap { $0.text?.text })
    }

    // MARK: Parameters

    mutating func parameters(_ node: YAMLNode?) -> [Parameter] {
        (node?.pairs ?? []).compactMap { pair in
            let name = pair.key.text?.text ?? ""
            let before = diagnostics.errorCount
            defer { if diagnostics.errorCount > before { brokenNames.insert(name) } }
            if pair.value.pairs != nil { return describedParameter(name, pair.key.place, pair.value) }
            if pair.value.isEmpty {
                diagnostics.error(
                    pair.key.place, "the parameter '\(name)' has neither default nor type",
                    hint: "write a value, or {type: …}")
                return nil
            }
            let source = value(pair.value)
            return Parameter(name: name, place: pair.key.place, type: defaultType(source), defaultValue: source)
        }
    }

    /// The type that a default gives to its parameter.
    private func defaultType(_ source: ValueSource) -> ValueType {
        switch source {
        case .literal(let value, _): value.isNull ? .json : value.type
        case .template: .string
        case .list(let elements, _):
            .list(elements.reduce(.never) { $0.joined(defaultType($1)) }).withElements
        case .record: .json
        }
    }

    private mutating func describedParameter(_ name: String, _ place: Place, _ node: YAMLNode) -> Parameter? {
        let before = diagnostics.all.count
        let fields = Fields(node, .parameter, &diagnostics)
        let source = fields["default"].map { value($0) }
        var type = fields["type"].flatMap { self.type($0) }
        if fields["enum"] != nil {
            if fields["type"] != nil {
                diagnostics.error(fields.key("enum")!.place, "a parameter has 'type' or 'enum', not both")
            }
            type = .enumeration(fields.list("enum").compactMap { $0.text?.text })
        }
        guard let type = type ?? source.map({ defaultType($0) }) else {
            if diagnostics.all.count == before {
                diagnostics.error(place, "the parameter '\(name)' has neither 'type' nor 'default'")
            }
            return nil
        }
        var defaultValue = source
        if case .literal(let value, let place)? = source {
            do throws(ValueError) {
                defaultValue = .literal(try Conversion.convert(value, to: type, base: base), place)
            } catch {
                diagnostics.error(place, "the default of '\(name)' doesn't fit: \(error)")
            }
        }
        return Parameter(name: name, place: place, type: type, defaultValue: defaultValue, about: fields.text("about"))
    }
}

extension ValueType {
    /// The same list, of anything if nothing is known of its elements.
    fileprivate var withElements: ValueType { self == .list(.never) ? .list(.json) : self }
}
