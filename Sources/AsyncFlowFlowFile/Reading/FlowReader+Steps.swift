import AsyncFlowPlan

extension FlowReader {
    mutating func body(_ steps: YAMLNode?, _ outputs: YAMLNode?) -> Body {
        var body = Body()
        body.steps = self.steps(steps)
        body.outputs = bindings(outputs)
        return body
    }

    mutating func steps(_ node: YAMLNode?) -> [Step] {
        (node?.pairs ?? []).compactMap { pair in
            let before = diagnostics.errorCount
            let step = step(pair.key, pair.value)
            if diagnostics.errorCount == before { return step }
            // Others are checked all the same, without false alarms about this one.
            let name = pair.key.text?.text ?? ""
            brokenNames.insert(name)
            var broken =
                step ?? Step(name: name, place: pair.key.place, action: .value(.literal(.null, pair.key.place)))
            broken.isBroken = true
            return broken
        }
    }

    private mutating func step(_ key: YAMLNode, _ node: YAMLNode) -> Step? {
        let name = key.text?.text ?? ""
        if node.isEmpty {
            diagnostics.error(
                key.place, "the step '\(name)' has nothing to do",
                hint: "give it one of \(KeyTable.actions.joined(separator: ", "))")
            return nil
        }
        let before = diagnostics.all.count
        let fields = Fields(node, .step, in: "the step '\(name)'", &diagnostics)
        let isWrong = diagnostics.all.count > before
        let actions = KeyTable.actions.filter { fields[$0] != nil }
        guard let keyword = actions.first else {
            if !isWrong {
                diagnostics.error(
                    key.place, "the step '\(name)' has nothing to do",
                    hint: "give it one of \(KeyTable.actions.joined(separator: ", "))")
            }
            return nil
        }
        if actions.count > 1 {
            let names = actions.map { "'\($0)'" }.joined(separator: " and ")
            diagnostics.error(fields.key(actions[1])!.place, "a step has one action; '\(name)' has \(names)")
        }
        checkCompanions(fields, keyword)
        guard let action = action(keyword, fields, key) else { return nil }
        var step = Step(name: name, place: key.place, action: action)
        step.about = fields.text("about")
        step.fanOut = fanOut(fields)
        step.when = fields["when"].flatMap { expression($0) }
        step.repetition = fields["repeat"].flatMap { repetition($0) }
        step.with = bindings(fields["with"])
        step.bring = fields.list("bring").map { value($0) }
        step.files = (fields["files"]?.pairs ?? []).compactMap { file($0.key, $0.value) }
        step.output = fields["as"].map { form($0) } ?? .text
        step.stdin = fields["stdin"].map { template($0) }
        step.after = fields.list("after").compactMap { node in node.text.map { PlacedName($0.text, node.place) } }
        step.policy = policy(fields, name: name, takesPolicies: action.takesPolicies)
        return step
    }

    /// Keys that only go with some actions.
    private mutating func checkCompanions(_ fields: Fields, _ keyword: String) {
        let companions = [
            ("shell", "run"), ("interpreter", "python"), ("outputs", "steps"), ("model", "prompt"),
            ("system", "prompt"), ("temperature", "prompt"), ("max-tokens", "prompt"), ("ready", "service"),
            ("restart", "service"), ("patience", "service"),
        ]
        for (key, action) in companions where keyword != action {
            if let node = fields.key(key) { diagnostics.error(node.place, "'\(key)' goes with '\(action)' only") }
        }
    }

    private mutating func action(_ keyword: String, _ fields: Fields, _ key: YAMLNode) -> Action? {
        guard let node = fields[keyword] else { return nil }
        switch keyword {
        case "command": return .command(template(node))
        case "run":
            let script = ShellScript(template(node), &diagnostics)
            let shell: Action.Shell =
                switch fields.choice("shell", &diagnostics) {
                case "bash": .bash
                case "sh": .sh
                default: .any
                }
            return .script(script, shell: shell)
        case "python":
            let text = node.text ?? PlacedText("", at: node.place)
            if let range = firstExpression(in: text.text) {
                diagnostics.error(
                    text.place(of: range), "Python has no '${{ }}': a value would become code",
                    hint: "bind a name with 'with: {name: ${{ … }}}'")
            }
            let words = fields.text("interpreter").map { $0.split(separator: " ").map(String.init) } ?? ["python3"]
            if words.isEmpty, let node = fields["interpreter"] {
                diagnostics.error(node.place, "'interpreter' names no program", hint: "for example: python3")
            }
            return .python(text, interpreter: words)
        case "prompt": return prompt(node, fields, key)
        case "ask": return .ask(template(node))
        case "service": return service(node, fields)
        case "value": return .value(value(node))
        case "steps": return .group(body(node, fields["outputs"]))
        case "use":
            guard let path = node.text?.text else { return nil }
            guard let plan = load(PathText.absolute(path, base: base), node.place, &diagnostics) else { return nil }
            return .module(plan)
        default: return nil
        }
    }

    private func firstExpression(in text: String) -> Range<Int>? {
        guard let range = text.range(ofText: "${{") else { return nil }
        return range
    }

    private mutating func fanOut(_ fields: Fields) -> FanOut? {
        if let matrix = fields.key("matrix"), fields["for"] != nil {
            diagnostics.error(matrix.place, "a step has 'for' or 'matrix', not both")
        }
        guard
            let (node, kind) = fields["for"].map({ ($0, FanOut.Kind.zip) }) ?? fields["matrix"].map({ ($0, .product) })
        else {
            return nil
        }
        var fanOut = FanOut(kind: kind, place: node.place, variables: [])
        for pair in node.pairs ?? [] {
            let name = pair.key.text?.text ?? ""
            if name == "where" {
                fanOut.condition = expression(pair.value)
                continue
            }
            guard let values = list(pair.value, of: name) else { continue }
            fanOut.variables.append(.init(name: name, place: pair.key.place, values: values))
        }
        if fanOut.variables.isEmpty, (node.pairs ?? []).allSatisfy({ $0.key.text?.text == "where" }) {
            diagnostics.error(node.place, "there is no variable here", hint: "for example: {x: [1, 2, 3]}")
        }
        return fanOut
    }

    /// The values of a variable: a list, or an expression that may stand without braces.
    private mutating func list(_ node: YAMLNode, of name: String) -> ValueSource? {
        if node.text == nil { return value(node) }
        guard let expression = expression(node) else { return nil }
        return .template(Template(parts: [.expression(expression)], place: node.place))
    }

    private mutating func repetition(_ node: YAMLNode) -> Repetition? {
        let fields = Fields(node, .repetition, &diagnostics)
        for name in ["until", "max"] where fields[name] == nil {
            if !(node.pairs ?? []).contains(where: { $0.key.text?.text == name }) {
                diagnostics.error(node.place, "'repeat' needs '\(name)'")
            }
        }
        guard let until = fields["until"].flatMap({ expression($0) }), let max = setting(fields["max"], .count) else {
            return nil
        }
        return Repetition(until: until, max: max, every: setting(fields["every"], .duration))
    }

    private mutating func file(_ key: YAMLNode, _ node: YAMLNode) -> FileDeclaration? {
        let name = key.text?.text ?? ""
        if node.text != nil { return file(name, key.place, node, .file, save: nil) }
        let fields = Fields(node, .file, &diagnostics)
        let kinds: [(String, FileDeclaration.Kind)] = [
            ("path", .file), ("matching", .matching), ("stdout", .standardOutput),
        ]
        let given = kinds.filter { fields[$0.0] != nil }
        guard let (keyword, kind) = given.first, given.count == 1 else {
            diagnostics.error(key.place, "the file '\(name)' has one of 'path', 'matching' and 'stdout'")
            return nil
        }
        return file(name, key.place, fields[keyword]!, kind, save: fields["save"])
    }

    private mutating func file(
        _ name: String, _ place: Place, _ node: YAMLNode, _ kind: FileDeclaration.Kind, save: YAMLNode?
    ) -> FileDeclaration {
        var path = template(node)
        var kind = kind
        if kind == .file, case .text(let text)? = path.parts.last, text.text.hasSuffix("/") {
            kind = .directory
            let shorter = text.part(0..<text.text.unicodeScalars.count - 1)
            path = Template(parts: path.parts.dropLast() + [.text(shorter)], place: path.place)
        }
        return FileDeclaration(name: name, place: place, kind: kind, path: path, save: save.map { template($0) })
    }

    private mutating func form(_ node: YAMLNode) -> OutputForm {
        if node.text?.text == "lines" { return .lines }
        return type(node).map(OutputForm.typed) ?? .text
    }
}

extension String {
    /// The scalars of the first occurrence of an ASCII text.
    fileprivate func range(ofText piece: String) -> Range<Int>? {
        let (scalars, wanted) = (Array(unicodeScalars), Array(piece.unicodeScalars))
        guard scalars.count >= wanted.count else { return nil }
        for start in 0...(scalars.count - wanted.count)
        where scalars[start..<start + wanted.count].elementsEqual(wanted) {
            return start..<start + wanted.count
        }
        return nil
    }
}
