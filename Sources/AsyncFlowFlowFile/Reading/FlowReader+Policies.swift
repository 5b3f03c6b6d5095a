import AsyncFlowPlan

extension FlowReader {
    /// The policy of a step: of the profile for its name, its own, of the profile for all, of the flow for all.
    mutating func policy(_ fields: Fields, name: String, takesPolicies: Bool) -> Policy {
        var policy = Policy()
        policy.tolerate = setting(fields["tolerate"], .share)
        policy.allowsFailure = fields.flag("allow-failure") ?? false
        // The settings of a profile for the name, the step's own, and those for all; the strongest first.
        var (strong, weak): ([Fields], [Fields]) = ([], [])
        if takesPolicies {
            for layer in policies where layer.pattern.map({ NamePattern.matches(name, $0) }) ?? true {
                let others = Fields(layer.node, .step, only: KeyTable.policies, &diagnostics)
                if layer.isStrong { strong.append(others) } else { weak.append(others) }
            }
        }
        for layer in strong + [fields] + weak { fill(&policy, from: layer) }
        return policy
    }

    /// Takes what isn't there yet.
    private mutating func fill(_ policy: inout Policy, from fields: Fields) {
        if let node = fields["resources"] {
            let resources = Fields(node, .resources, &diagnostics)
            policy.cores = policy.cores ?? setting(resources["cores"], .count)
            policy.memory = policy.memory ?? setting(resources["memory"], .memory)
            policy.gpus = policy.gpus ?? setting(resources["gpus"], .number)
            policy.ranks = policy.ranks ?? setting(resources["ranks"], .count)
            policy.time = policy.time ?? setting(resources["time"], .duration)
        }
        if policy.retry == nil, let node = fields["retry"] { policy.retry = retry(node) }
        policy.timeout = policy.timeout ?? setting(fields["timeout"], .duration)
        if let node = fields["limit"] {
            let limit = Fields(node, .limit, &diagnostics)
            policy.atOnce = policy.atOnce ?? setting(limit["at-once"], .count)
            policy.rate = policy.rate ?? setting(limit["rate"], .rate)
        }
        let names = Set(policy.environment.map(\.name))
        for binding in bindings(fields["env"]) where !names.contains(binding.name) {
            if binding.name.isEmpty || binding.name.utf8.contains(where: { $0 == UInt8(ascii: "=") || $0 == 0 }) {
                diagnostics.error(binding.place, "a variable can't be named '\(binding.name)'")
            }
            policy.environment.append(binding)
        }
        if policy.setup.isEmpty { policy.setup = fields.list("setup").compactMap(\.text) }
        if policy.backend == nil, let backend = fields.choice("backend", &diagnostics) {
            policy.backend = PlacedName(backend, fields["backend"]!.place)
        }
        policy.container = policy.container ?? fields["container"].map { template($0) }
        policy.isCached = policy.isCached ?? fields.flag("cache")
        policy.priority = policy.priority ?? fields.integer("priority", in: -1000...1000, &diagnostics)
    }

    private mutating func retry(_ node: YAMLNode) -> Policy.Retry? {
        if node.text != nil { return setting(node, .count).map(Policy.Retry.init) }
        let fields = Fields(node, .retry, &diagnostics)
        guard let times = setting(fields["times"], .count) else {
            if !(node.pairs ?? []).contains(where: { $0.key.text?.text == "times" }) {
                diagnostics.error(node.place, "'retry' needs 'times'")
            }
            return nil
        }
        var retry = Policy.Retry(times: times)
        retry.delay = setting(fields["delay"], .duration)
        retry.factor = setting(fields["factor"], .number)
        for cause in fields.list("on") {
            if let known = self.cause(cause.text?.text ?? "") {
                retry.causes.append(known)
            } else {
                let text = cause.text?.text ?? ""
                diagnostics.error(
                    cause.place, "a failure is one of timeout, out-of-memory, node-failure, exit N; not '\(text)'",
                    hint: Nearest.name(to: text, among: ["timeout", "out-of-memory", "node-failure"]).map {
                        "did you mean '\($0)'?"
                    })
            }
        }
        if let grow = fields["grow"] {
            let growth = Fields(grow, .growth, &diagnostics)
            retry.memoryGrowth = setting(growth["memory"], .factor)
            retry.coreGrowth = setting(growth["cores"], .factor)
        }
        return retry
    }

    private func cause(_ text: String) -> Policy.Retry.Cause? {
        switch text {
        case "timeout": return .timeout
        case "out-of-memory": return .outOfMemory
        case "node-failure": return .nodeFailure
        default:
            guard text.hasPrefix("exit "), let code = Int32(text.dropFirst(5)), (0...255).contains(code) else {
                return nil
            }
            return .exit(code)
        }
    }
}

/// Patterns of names: `*` stands for any characters, `?` for one.
package enum NamePattern {
    package static func matches(_ name: String, _ pattern: String) -> Bool {
        let (name, pattern) = (Array(name.unicodeScalars), Array(pattern.unicodeScalars))
        var (i, j) = (0, 0)
        var star: (pattern: Int, name: Int)?
        while i < name.count {
            if j < pattern.count, pattern[j] == "*" {
                star = (j, i)
                j += 1
            } else if j < pattern.count, pattern[j] == "?" || pattern[j] == name[i] {
                (i, j) = (i + 1, j + 1)
            } else if let last = star {
                star = (last.pattern, last.name + 1)
                (i, j) = (last.name + 1, last.pattern + 1)
            } else {
                return false
            }
        }
        return pattern[j...].allSatisfy { $0 == "*" }
    }
}
