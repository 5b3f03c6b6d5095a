/// Finds everything that is wrong in a plan before anything of it runs.
package struct Checker {
    /// Whether there is something at a path; for hints about files that a script mentions without bringing them.
    let exists: @Sendable (String) -> Bool
    var diagnostics = Diagnostics()
    let plan: Plan
    /// The parameters that something reads.
    private var readParameters: Set<String> = []

    /// - Parameter exists: whether there is something at an absolute path.
    /// - Returns: the plan, unless there are errors.
    package static func check(
        _ plan: Plan, _ diagnostics: inout Diagnostics, exists: @escaping @Sendable (String) -> Bool = { _ in false }
    ) -> CheckedPlan? {
        var checker = Checker(plan: plan, exists: exists)
        let checked = checker.checkPlan()
        diagnostics.add(checker.diagnostics)
        return diagnostics.hasErrors ? nil : checked
    }

    private init(plan: Plan, exists: @escaping @Sendable (String) -> Bool) {
        self.plan = plan
        self.exists = exists
    }

    /// The names that every step sees, with their types.
    static let runFields: [ValueType.Field] = [.init("id", .string), .init("date", .string), .init("time", .string)]
    static let finallyFields: [ValueType.Field] = [
        .init("state", .enumeration(["succeeded", "failed", "cancelled"])), .init("failed", .list(.string)),
        .init("summary", .string),
    ]
    static let taskFields: [ValueType.Field] = [.init("cores", .int), .init("memory", .int), .init("attempt", .int)]
    static let reserved = ["params", "run", "task", "secrets", "flow", "previous", "round", "value"]
    /// The fields of a service that steps use it by.
    static let serviceFields: [ValueType.Field] = [
        .init("port", .int), .init("host", .string), .init("address", .string),
    ]

    private mutating func checkPlan() -> CheckedPlan {
        var parameters: [ValueType.Field] = []
        var seen: Set<String> = []
        for parameter in plan.parameters {
            checkName(parameter.name, parameter.place, "parameter")
            if seen.insert(parameter.name).inserted { parameters.append(.init(parameter.name, parameter.type)) }
        }
        checkDefaults()
        checkSecrets()
        let scope = Scope(
            names: ["params": .record(parameters), "run": .record(Self.runFields)], words: ["params": "parameter"],
            unavailable: ["secrets": "a secret can only stand in 'env', since everybody sees the words of a command"])
        let body = check(plan.body, in: scope, isOutermost: true)
        var last = scope
        last.names["run"] = .record(Self.runFields + Self.finallyFields)
        for step in body.steps {
            last.unavailable[step.step.name] =
                "'\(step.step.name)' may not have run: steps of 'finally' see parameters and 'run' only"
        }
        var ending = Body()
        ending.steps = plan.finally
        let finally = check(ending, in: last, isOutermost: false)
        // A part that couldn't be read may use any parameter.
        for parameter in plan.parameters
        where plan.brokenNames.isEmpty && !readParameters.contains(parameter.name) {
            diagnostics.warning(parameter.place, "nothing reads the parameter '\(parameter.name)'")
        }
        return CheckedPlan(plan: plan, body: body, finally: finally)
    }

    private mutating func checkSecrets() {
        var seen: Set<String> = []
        for secret in plan.secrets {
            checkName(secret.name, secret.place, "secret")
            seen.insert(secret.name)
        }
        for model in plan.models {
            checkName(model.name, model.place, "model")
            guard let key = model.key, !seen.contains(key.name),
                plan.brokenNames.isDisjoint(with: ["secrets", key.name])
            else { continue }
            diagnostics.error(
                key.place, "there is no secret '\(key.name)'",
                hint: Nearest.name(to: key.name, among: seen).map { "did you mean '\($0)'?" }
                    ?? "add it to 'secrets', such as {\(key.name): {env: \(key.name)}}")
        }
    }

    /// The type of `secrets` where they may stand.
    var secretType: ValueType { .record(plan.secrets.map { .init($0.name, .string) }) }

    private mutating func checkDefaults() {
        for parameter in plan.parameters {
            guard let source = parameter.defaultValue else { continue }
            let scope = Scope(
                names: ["run": .record(Self.runFields)], words: [:],
                unavailable: [
                    "params": "a default can't be made of other parameters"
                ])
            guard let type = type(of: source, in: scope) else { continue }
            if !type.fits(parameter.type), !(type == .string && parameter.type.takesText) {
                diagnostics.error(source.place, "the default should be \(parameter.type), but is \(type)")
            }
        }
    }

    func problem(ofName name: String) -> String? {
        if Self.reserved.contains(name) { return "'\(name)' has a meaning of its own in expressions" }
        return PlanName.problem(name)
    }

    mutating func checkName(_ name: String, _ place: Place, _ kind: String) {
        if let problem = problem(ofName: name) {
            diagnostics.error(place, "a \(kind) can't be named '\(name)'", hint: problem)
        }
    }

    // MARK: Expressions

    mutating func type(of placed: PlacedExpression, in scope: Scope) -> ValueType? {
        note(placed)
        if isBroken(placed) { return nil }
        var checker = scope.checker
        let type = checker.type(of: placed)
        diagnostics.add(checker.diagnostics)
        return type
    }

    /// Whether an expression names something that couldn't be read.
    private func isBroken(_ placed: PlacedExpression) -> Bool {
        if plan.brokenNames.isEmpty { return false }
        return placed.expression.paths.contains { path in
            plan.brokenNames.contains(path[0])
                || path.count > 1 && ["params", "secrets"].contains(path[0]) && plan.brokenNames.contains(path[1])
        }
    }

    /// Remembers which parameters are read.
    private mutating func note(_ placed: PlacedExpression) {
        for path in placed.expression.paths where path[0] == "params" {
            if path.count > 1 {
                readParameters.insert(path[1])
            } else {
                readParameters.formUnion(plan.parameters.map(\.name))
            }
        }
    }

    mutating func type(of source: ValueSource, in scope: Scope) -> ValueType? {
        switch source {
        case .literal(let value, _): return value.type
        case .template(let template): return type(of: template, in: scope)
        case .list(let elements, _):
            var joined: ValueType? = .never
            for element in elements {
                let type = type(of: element, in: scope)
                joined = joined.flatMap { joined in type.map { joined.joined($0) } }
            }
            return joined.map { .list($0) }
        case .record(let fields, _):
            var types: [ValueType.Field]? = []
            for field in fields {
                let type = type(of: field.value, in: scope)
                if let type { types?.append(.init(field.name, type)) } else { types = nil }
            }
            return types.map { .record($0) }
        }
    }

    /// The type of a template: that of its only expression, or text.
    mutating func type(of template: Template, in scope: Scope) -> ValueType? {
        if let single = template.single { return type(of: single, in: scope) }
        checkText(template, in: scope)
        return .string
    }

    /// Checks that each expression can stand in a text.
    mutating func checkText(_ template: Template, in scope: Scope) {
        for placed in template.expressions {
            guard let type = type(of: placed, in: scope) else { continue }
            checkScalar(type, placed, "a text")
        }
    }

    mutating func checkScalar(_ type: ValueType, _ placed: PlacedExpression, _ where: String) {
        if type.mayBeNull {
            diagnostics.error(
                placed.place, "this may be null (\(type)), which can't stand in \(`where`)",
                hint: "write '?? value' behind it")
            return
        }
        switch type {
        case .list, .record:
            diagnostics.error(
                placed.place, "\(type) can't stand in \(`where`)", hint: "name a part of it, or write json(…)")
        default: break
        }
    }

    mutating func require(_ placed: PlacedExpression, _ target: ValueType, in scope: Scope, _ purpose: String) {
        guard let type = type(of: placed, in: scope) else { return }
        if !type.fits(target) {
            let hint = type == target.orNull ? "write '?? value' behind it" : nil
            diagnostics.error(placed.place, "\(purpose) takes \(target), not \(type)", hint: hint)
        }
    }
}

extension ValueType {
    /// Whether a text can be read as a value of it.
    fileprivate var takesText: Bool {
        switch self {
        case .file, .directory, .enumeration: true
        case .optional(let type): type.takesText
        default: false
        }
    }
}

/// The names that an expression may read.
struct Scope {
    var names: [String: ValueType]
    var words: [String: String]
    var unavailable: [String: String]
    var nonNull: Set<[String]> = []
    /// The steps, below those.
    var table: NameTable?

    /// Whether a name means something already.
    func has(_ name: String) -> Bool { names[name] != nil || table?.type(of: name) != nil }

    var checker: TypeChecker {
        var checker = TypeChecker(names: names, unavailable: unavailable)
        checker.fieldWords = words
        checker.nonNull = nonNull
        checker.table = table
        return checker
    }

    func with(_ name: String, _ type: ValueType) -> Scope {
        var scope = self
        scope.names[name] = type
        if scope.unavailable[name] != nil { scope.unavailable[name] = nil }
        return scope
    }
}
