import AsyncFlowPlan

extension FlowReader {
    /// The values that nobody may see.
    mutating func secrets(_ node: YAMLNode?) -> [Secret] {
        (node?.pairs ?? []).compactMap { pair in
            let name = pair.key.text?.text ?? ""
            let before = diagnostics.errorCount
            defer { if diagnostics.errorCount > before { brokenNames.insert(name) } }
            let fields = Fields(pair.value, .secret, in: "the secret '\(name)'", &diagnostics)
            let given = ["env", "file", "command"].filter { fields[$0] != nil }
            guard given.count == 1, diagnostics.errorCount == before else {
                if diagnostics.errorCount == before {
                    diagnostics.error(pair.key.place, "the secret '\(name)' has one of 'env', 'file' and 'command'")
                }
                return nil
            }
            let source: Secret.Source
            if let variable = fields.text("env") {
                source = .variable(variable)
            } else if let path = fields.text("file") {
                source = .file(path)
            } else {
                source = .command(fields.list("command").compactMap { $0.text?.text })
            }
            return Secret(name: name, place: pair.key.place, source: source)
        }
    }

    /// The models that prompts are answered by.
    mutating func models(_ node: YAMLNode?) -> [Model] {
        (node?.pairs ?? []).compactMap { pair in
            let name = pair.key.text?.text ?? ""
            let before = diagnostics.errorCount
            defer { if diagnostics.errorCount > before { brokenNames.insert(name) } }
            let fields = Fields(pair.value, .model, in: "the model '\(name)'", &diagnostics)
            guard let text = fields.text("model"), !text.isEmpty else {
                if diagnostics.errorCount == before {
                    diagnostics.error(pair.key.place, "the model '\(name)' needs 'model', its name for the server")
                }
                return nil
            }
            var model = Model(name: name, place: pair.key.place, model: text)
            model.address = fields.text("url")
            model.key = fields["key"].flatMap { secretName($0) }
            if let node = fields["limits"] {
                let limits = Fields(node, .modelLimits, &diagnostics)
                let most = 1...1_000_000_000
                model.requestsAtOnce = limits.integer("at-once", in: most, &diagnostics)
                model.requestsPerMinute = limits.integer("requests", in: most, &diagnostics)
                model.tokensPerMinute = limits.integer("tokens", in: most, &diagnostics)
                model.totalTokens = limits.integer("total", in: most, &diagnostics)
            }
            return model
        }
    }

    /// The name of a secret, also where it is written as an expression: `${{ secrets.KEY }}`.
    private mutating func secretName(_ node: YAMLNode) -> PlacedName? {
        guard let text = node.text else { return nil }
        guard text.text.contains("${{") else { return PlacedName(text.text, node.place) }
        let paths = template(node).single?.expression.paths ?? []
        guard paths.count == 1, paths[0].count == 2, paths[0][0] == "secrets" else {
            diagnostics.error(node.place, "a key is the name of a secret", hint: "for example: key: OPENAI_API_KEY")
            return nil
        }
        return PlacedName(paths[0][1], node.place)
    }

    mutating func prompt(_ node: YAMLNode, _ fields: Fields, _ key: YAMLNode) -> Action? {
        guard let model = fields["model"], let name = model.text?.text else {
            diagnostics.error(
                key.place, "the step '\(key.text?.text ?? "")' needs 'model', one of the flow's 'models'")
            return nil
        }
        var prompt = PromptAction(text: template(node), model: PlacedName(name, model.place))
        prompt.system = fields["system"].map { template($0) }
        if let node = fields["temperature"] {
            let text = node.text?.text ?? ""
            do throws(ValueError) {
                if case .number(let number) = try Quantity.parse(text, as: .number) { prompt.temperature = number }
            } catch { diagnostics.error(node.place, error.description) }
        }
        prompt.maximumTokens = fields.integer("max-tokens", in: 1...10_000_000, &diagnostics)
        return .prompt(prompt)
    }

    mutating func service(_ node: YAMLNode, _ fields: Fields) -> Action {
        var service = ServiceAction(command: template(node))
        service.patience = setting(fields["patience"], .duration)
        if let node = fields["ready"] {
            let ready = Fields(node, .ready, &diagnostics)
            let given = ["tcp", "http", "log"].filter { ready[$0] != nil }
            if given.count != 1 {
                diagnostics.error(node.place, "'ready' has one of 'tcp', 'http' and 'log'")
            }
            if let node = ready["tcp"] { service.ready = .tcp(template(node)) }
            if let node = ready["http"] { service.ready = .http(template(node)) }
            if let node = ready["log"] { service.ready = .log(template(node)) }
        }
        if let node = fields["restart"] {
            let restart = Fields(node, .restart, &diagnostics)
            service.restarts = setting(restart["at-most"], .count)
        }
        return .service(service)
    }
}
