extension Checker {
    /// Checks steps that see each other: their names, order and outputs.
    mutating func check(_ body: Body, in scope: Scope, isOutermost: Bool) -> CheckedBody {
        var byName: [String: Step] = [:]
        for step in body.steps {
            checkName(step.name, step.place, "step")
            if scope.has(step.name), !Self.reserved.contains(step.name) {
                diagnostics.error(step.place, "'\(step.name)' is a name outside of this group already")
            }
            if byName.updateValue(step, forKey: step.name) != nil {
                diagnostics.error(step.place, "there are two steps '\(step.name)'")
            }
        }
        var dependencies: [String: Set<String>] = [:]
        var read: Set<String> = []
        for step in body.steps {
            var needed = Set<String>()
            for path in step.freePaths where byName[path[0]] != nil {
                needed.insert(path[0])
                read.insert(path[0])
            }
            for name in step.after {
                guard byName[name.name] != nil else {
                    diagnostics.error(
                        name.place, "there is no step '\(name.name)' here to come after",
                        hint: Nearest.name(to: name.name, among: byName.keys).map { "did you mean '\($0)'?" })
                    continue
                }
                needed.insert(name.name)
            }
            dependencies[step.name] = needed
        }
        for path in body.outputs.flatMap(\.value.expressions).flatMap(\.expression.paths) { read.insert(path[0]) }
        guard let order = order(body.steps, dependencies) else { return CheckedBody() }

        var checked = CheckedBody()
        let table = NameTable(in: scope.table)
        var inner = scope
        inner.table = table
        for step in order {
            let result = check(
                step, dependencies[step.name] ?? [], isRead: read.contains(step.name), in: inner, checked.steps)
            checked.steps.append(result)
            table.add(step.name, result.type, word: "output")
        }
        for step in body.steps where plan.brokenNames.isEmpty && !read.contains(step.name) {
            if case .value = step.action {
                diagnostics.warning(step.place, "nothing reads the value of '\(step.name)'")
            }
        }
        var fields: [ValueType.Field] = []
        for output in body.outputs {
            if let problem = PlanName.problem(output.name) {
                diagnostics.error(output.place, "an output can't be named '\(output.name)'", hint: problem)
            }
            if let type = type(of: output.value, in: inner) { fields.append(.init(output.name, type)) }
        }
        checked.outputs = body.outputs
        checked.outputType = .record(fields)
        return checked
    }

    /// The steps, each after those that it depends on; nil if some depend on each other.
    private mutating func order(_ steps: [Step], _ dependencies: [String: Set<String>]) -> [Step]? {
        var byName: [String: Step] = [:]
        for step in steps where byName[step.name] == nil { byName[step.name] = step }
        var state: [String: Int] = [:]
        var ordered: [Step] = []
        var hasCycle = false
        for first in steps {
            // Without recursion: a chain may be as long as the file.
            var stack: [(name: String, rest: [String])] = []
            func enter(_ name: String) {
                state[name] = 1
                stack.append((name, dependencies[name, default: []].sorted()))
            }
            if state[first.name] == nil { enter(first.name) }
            while let last = stack.indices.last {
                guard let next = stack[last].rest.popLast() else {
                    let name = stack.removeLast().name
                    state[name] = 2
                    if let step = byName[name] { ordered.append(step) }
                    continue
                }
                switch state[next] {
                case nil: enter(next)
                case 1:
                    hasCycle = true
                    let start = stack.firstIndex { $0.name == next } ?? 0
                    let cycle = (stack[start...].map(\.name) + [next]).map { "'\($0)'" }.joined(separator: " → ")
                    diagnostics.error(
                        byName[next]?.place ?? .none,
                        stack.count - start == 1
                            ? "'\(next)' depends on itself" : "steps depend on each other: \(cycle)")
                default: break
                }
            }
        }
        return hasCycle ? nil : ordered
    }
}
