import AsyncFlow
import AsyncFlowPlan

/// The plan of one step that `asyncflow map` runs.
struct MapPlan {
    struct Items {
        var values: ValueSource
        /// The columns of a table; nil for single items.
        var columns: [String]?
    }

    let command: String
    let items: Items
    let retry: Int
    let timeout: String?
    let usesShell: Bool

    static let stepName = "map"

    /// What stands for which placeholder.
    private static let placeholders = [
        "{}": "str(item)", "{.}": "str(item).removesuffix(ext(str(item)))", "{/}": "basename(str(item))",
        "{//}": "parent(str(item))",
        "{/.}": "stem(str(item))", "{#}": "number",
    ]

    func checked() throws(ValueError) -> CheckedPlan {
        var diagnostics = Diagnostics()
        let text = try template()
        let template = Template.parse(PlacedText(text, at: Place(line: 1, column: 1)), &diagnostics)
        let action: Action
        if usesShell || needsShell(template) {
            action = .script(ShellScript(template, &diagnostics), shell: .any)
        } else {
            action = .command(template)
        }
        var step = Step(name: Self.stepName, place: .none, action: action)
        var variables = [FanOut.Variable(name: "item", place: .none, values: items.values)]
        if text.contains("${{ number }}") { variables.append(try numbers()) }
        step.fanOut = FanOut(kind: .zip, place: .none, variables: variables)
        step.policy.tolerate = Setting(Template(PlacedText("100%", at: .none)), .share)
        if retry > 0 {
            step.policy.retry = Policy.Retry(times: Setting(Template(PlacedText(String(retry), at: .none)), .count))
        }
        if let timeout { step.policy.timeout = Setting(Template(PlacedText(timeout, at: .none)), .duration) }
        let directory = FlowLoader.currentDirectory
        var plan = Plan(name: "map", source: SourceFile(name: "map", text: text), base: directory)
        plan.body.steps = [step]
        guard let checked = Checker.check(plan, &diagnostics) else {
            let first = diagnostics.sorted.first { $0.severity == .error }
            throw ValueError(
                "\(first?.message ?? "the command can't be understood")" + (first?.hint.map { "; \($0)" } ?? ""))
        }
        return checked
    }

    /// The command with expressions in the place of its placeholders.
    private func template() throws(ValueError) -> String {
        var known = items.columns == nil ? Self.placeholders : ["{#}": "number"]
        for column in items.columns ?? [] { known["{\(column)}"] = "item[\(JSONText.text(of: .string(column)))]" }
        // What looks like an expression already is none.
        var rest = Array(command.replacing("${{", with: "$${{").unicodeScalars)[...]
        var result = ""
        var isFound = false
        while let scalar = rest.first {
            if scalar == "{", let end = rest.firstIndex(of: "}"),
                let expression = known[String(String.UnicodeScalarView(rest[rest.startIndex...end]))]
            {
                result += "${{ \(expression) }}"
                rest = rest[(end + 1)...]
                isFound = true
            } else {
                result.unicodeScalars.append(scalar)
                rest = rest.dropFirst()
            }
        }
        if isFound { return result }
        if let columns = items.columns {
            throw ValueError(
                "the command names no column; there are \(columns.map { "{\($0)}" }.joined(separator: ", "))")
        }
        return "\(result) ${{ str(item) }}"
    }

    private func numbers() throws(ValueError) -> FanOut.Variable {
        guard case .literal(.list(let elements), _) = items.values else {
            throw ValueError("with --range, {} is the number itself")
        }
        return FanOut.Variable(
            name: "number", place: .none, values: .literal(.list(elements.indices.map { .int($0 + 1) }), .none))
    }

    private func needsShell(_ template: Template) -> Bool {
        var line = Command.StringInterpolation(literalCapacity: 0, interpolationCount: 0)
        for part in template.parts {
            switch part {
            case .text(let text): line.appendLiteral(text.text)
            case .expression: line.appendInterpolation("x")
            }
        }
        return Command(stringInterpolation: line).shellWord != nil
    }
}
