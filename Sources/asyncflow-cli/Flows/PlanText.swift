import AsyncFlowBase
import AsyncFlowFlowFile
import AsyncFlowPlan

/// A plan in words: what would run, and how.
struct PlanText {
    private let flow: FlowFile
    private let plan: CheckedPlan
    private let given: [String: Value]

    init(_ flow: FlowFile, _ plan: CheckedPlan, given: [String: Value]) {
        self.flow = flow
        self.plan = plan
        self.given = given
    }

    var text: String {
        var text = "\(flow.plan.name)" + (flow.plan.about.map { ": \($0)" } ?? "") + "\n"
        for parameter in flow.plan.parameters {
            let value =
                given[parameter.name].map { JSONText.text(of: $0) } ?? parameter.defaultValue.map(shown)
                ?? "must be given"
            text += "  \(parameter.name) (\(parameter.type)): \(value)\n"
        }
        text += "runs on \(flow.profile.backend?.rawValue ?? "local")\n\n"
        for step in plan.body.steps { text += lines(of: step, indent: "") }
        if !plan.finally.steps.isEmpty {
            text += "at the end, whatever happened:\n"
            for step in plan.finally.steps { text += lines(of: step, indent: "  ") }
        }
        return text.harmlessLines()
    }

    private func lines(of checked: CheckedStep, indent: String) -> String {
        let step = checked.step
        var text = "\(indent)\(step.name)"
        if let fanOut = step.fanOut {
            let names = fanOut.variables.map(\.name).joined(separator: fanOut.kind == .product ? " × " : ", ")
            text += ", for each \(names)" + (count(of: fanOut).map { " (\($0) times)" } ?? "")
        }
        let after = checked.dependencies.union(checked.streamed.map { [$0] } ?? []).sorted()
        if !after.isEmpty { text += ", after \(after.joined(separator: ", "))" }
        if let when = step.when { text += ", if \(when.source.text)" }
        text += "\n\(indent)    \(action(step))\n"
        let policy = self.policy(step.policy)
        if !policy.isEmpty { text += "\(indent)    \(policy)\n" }
        for file in step.files {
            text +=
                "\(indent)    makes \(file.name): \(template(file.path))"
                + (file.save.map { ", saved as \(template($0))" } ?? "") + "\n"
        }
        for inner in checked.inner?.steps ?? [] { text += lines(of: inner, indent: indent + "    ") }
        for inner in checked.module?.body.steps ?? [] { text += lines(of: inner, indent: indent + "    ") }
        return text
    }

    private func action(_ step: Step) -> String {
        switch step.action {
        case .command(let words): "$ \(template(words).replacing("\n", with: " "))"
        case .script(let script, _): "$ \(template(script.template).trimmedEnd.replacing("\n", with: "\n      "))"
        case .python(let code, let interpreter):
            "\(interpreter.joined(separator: " ")): \(code.text.split(separator: "\n").count) lines"
        case .value(let source): "= \(shown(source))"
        case .group(let body): "\(body.steps.count) steps:"
        case .module(let plan): "the flow \(plan.name):"
        case .service(let service): "$ \(template(service.command).replacing("\n", with: " ")) &"
        case .prompt(let prompt):
            "\(prompt.model.name): \(template(prompt.text).trimmedEnd.replacing("\n", with: "\n      "))"
        case .ask(let question): "asks: \(template(question).trimmedEnd.replacing("\n", with: "\n      "))"
        }
    }

    private func policy(_ policy: Policy) -> String {
        let parts: [(String, Setting?)] = [
            ("cores", policy.cores), ("memory", policy.memory), ("gpus", policy.gpus), ("ranks", policy.ranks),
            ("time", policy.time),
            ("timeout", policy.timeout), ("retries", policy.retry?.times), ("at once", policy.atOnce),
            ("rate", policy.rate),
            ("tolerated failures", policy.tolerate),
        ]
        var text = parts.compactMap { name, setting in setting.map { "\(name) \(template($0.template))" } }
        if let backend = policy.backend { text.append("on \(backend.name)") }
        if let container = policy.container { text.append("in \(template(container))") }
        if policy.isCached == true { text.append("cached") }
        return text.joined(separator: ", ")
    }

    /// How many elements there are, where that is known before the run.
    private func count(of fanOut: FanOut) -> Int? {
        guard fanOut.condition == nil else { return nil }
        let files = NoFiles(base: flow.plan.base)
        let run = Record([("id", .string("")), ("date", .string("")), ("time", .string(""))])
        guard let parameters = try? flow.plan.parameters(given, run: run, files: files) else { return nil }
        var counts: [Int] = []
        for variable in fanOut.variables {
            var evaluator = Evaluator(files: files) { (name) throws(ValueError) in
                name == "params" ? .record(parameters) : nil
            }
            guard case .list(let elements)? = try? evaluator.value(of: variable.values) else { return nil }
            counts.append(elements.count)
        }
        return fanOut.kind == .product ? counts.reduce(1) { $0.multipliedSaturated(by: $1) } : counts.min()
    }

    private func template(_ template: Template) -> String {
        template.parts.map { part in
            switch part {
            case .text(let text): text.text
            case .expression(let placed): "${{\(placed.source.text)}}"
            }
        }
        .joined()
    }

    private func shown(_ source: ValueSource) -> String {
        switch source {
        case .literal(let value, _): JSONText.text(of: value)
        case .template(let template): self.template(template)
        case .list(let elements, _): "[\(elements.map(shown).joined(separator: ", "))]"
        case .record(let fields, _): "{\(fields.map { "\($0.name): \(shown($0.value))" }.joined(separator: ", "))}"
        }
    }
}

/// The graph of a plan's steps, for Graphviz or Mermaid.
struct PlanGraph {
    private var nodes: [(id: String, label: String)] = []
    private var edges: [(from: String, to: String)] = []

    init(_ body: CheckedBody) { add(body, prefix: "") }

    private mutating func add(_ body: CheckedBody, prefix: String) {
        for checked in body.steps {
            let id = prefix + checked.step.name
            let label = checked.step.name + (checked.step.fanOut == nil ? "" : " ×")
            nodes.append((id, label))
            for other in checked.dependencies.union(checked.streamed.map { [$0] } ?? []).sorted() {
                edges.append((prefix + other, id))
            }
            for inner in [checked.inner, checked.module?.body].compactMap({ $0 }) {
                add(inner, prefix: "\(id).")
                for step in inner.steps where step.dependencies.isEmpty {
                    edges.append((id, "\(id).\(step.step.name)"))
                }
            }
        }
    }

    /// Names are letters, digits and '_'. Some are words of these languages, such as `graph` and `end`: Graphviz takes
    /// those in quotes for names, Mermaid knows the nodes by numbers.
    func text(isMermaid: Bool) -> String {
        if isMermaid {
            let numbers = Dictionary(nodes.enumerated().map { ($1.id, "n\($0)") }) { first, _ in first }
            return "flowchart LR\n" + nodes.enumerated().map { "  n\($0)[\"\($1.label)\"]\n" }.joined()
                + edges.map { "  \(numbers[$0.from] ?? "") --> \(numbers[$0.to] ?? "")\n" }.joined()
        }
        return "digraph flow {\n  rankdir=LR;\n  node [shape=box];\n"
            + nodes.map { "  \"\($0.id)\" [label=\"\($0.label)\"];\n" }.joined()
            + edges.map { "  \"\($0.from)\" -> \"\($0.to)\";\n" }.joined() + "}\n"
    }
}
