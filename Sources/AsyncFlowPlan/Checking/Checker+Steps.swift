extension Checker {
    /// Checks a step whose dependencies were checked before.
    mutating func check(
        _ step: Step, _ dependencies: Set<String>, isRead: Bool, in scope: Scope, _ others: [CheckedStep]
    ) -> CheckedStep {
        if step.isBroken {
            return CheckedStep(
                step: step, type: .json, fields: [], dependencies: dependencies, streamed: nil, usesDirectory: false,
                isRead: isRead, inner: nil, module: nil)
        }
        checkKeys(of: step)
        var scope = scope
        var variables: [ValueType.Field] = []
        var streamed: String?
        var mayHaveHoles = step.policy.tolerate != nil
        if let fanOut = step.fanOut {
            (variables, streamed) = check(fanOut, in: &scope, others)
            if let streamed, others.first(where: { $0.step.name == streamed })?.hasHoles == true { mayHaveHoles = true }
        }
        if let when = step.when {
            require(when, .bool, in: scope, "'when'")
            scope.nonNull.formUnion(TypeChecker.facts(of: when.expression, when: true))
            mayHaveHoles = true
        }
        if case .service(let service) = step.action { checkEarly(service, others) }
        let action = checkAction(of: step, in: scope)
        var fields = variables
        var names = Set(variables.map(\.name))
        for field in action.fields {
            if names.insert(field.name).inserted {
                fields.append(field)
            } else {
                diagnostics.error(
                    step.place, "'\(step.name)' would have two fields '\(field.name)'",
                    hint: "give a file, a variable or a part of the output another name")
            }
        }
        var type = ValueType.record(fields)
        if step.fanOut != nil {
            type = .list(mayHaveHoles ? type.orNull : type)
            if step.policy.allowsFailure { type = type.orNull }
        } else if mayHaveHoles || step.policy.allowsFailure {
            type = type.orNull
        }
        var needed = dependencies
        if let streamed, !readsWhole(streamed, step) { needed.remove(streamed) } else { streamed = nil }
        return CheckedStep(
            step: step, type: type, fields: fields, dependencies: needed, streamed: streamed,
            usesDirectory: action.usesDirectory, isRead: isRead, inner: action.inner, module: action.module,
            model: model(of: step))
    }

    /// Checks that a service's settings don't use values of the steps it needs, since they are evaluated before those
    /// end.
    private mutating func checkEarly(_ service: ServiceAction, _ others: [CheckedStep]) {
        let settings = [service.patience, service.restarts].compactMap { $0?.template }
        for placed in (service.ready.templates + settings).flatMap(\.expressions) {
            guard let step = others.first(where: { placed.roots.contains($0.step.name) }) else { continue }
            diagnostics.error(
                placed.place, "this can't be made of '\(step.step.name)': it is needed before steps have ended",
                hint: "name task.port and parameters only")
        }
    }

    private func model(of step: Step) -> PlanModel? {
        guard case .prompt(let prompt) = step.action else { return nil }
        return plan.models.first { $0.name == prompt.model.name }.map { PlanModel(model: $0, plan: plan) }
    }

    /// Whether a step also reads all elements together of the step whose elements it takes one by one.
    private func readsWhole(_ name: String, _ step: Step) -> Bool {
        var other = step
        other.fanOut = nil
        return other.freePaths.contains { $0[0] == name } || step.after.contains { $0.name == name }
    }

    private mutating func check(
        _ fanOut: FanOut, in scope: inout Scope, _ others: [CheckedStep]
    ) -> ([ValueType.Field], streamed: String?) {
        var variables: [ValueType.Field] = []
        var streamed: String?
        let outer = scope
        for variable in fanOut.variables {
            checkName(variable.name, variable.place, "variable")
            if outer.has(variable.name), !Self.reserved.contains(variable.name) {
                diagnostics.error(variable.place, "'\(variable.name)' is the name of something else already")
            }
            var elementType = ValueType.json
            if let type = type(of: variable.values, in: outer) {
                switch type {
                case .list(let element): elementType = element == .never ? .json : element
                case .json: elementType = .json
                default:
                    let hint = type == .list(.json).orNull || type.mayBeNull ? "write '?? []' behind it" : nil
                    diagnostics.error(
                        variable.values.place, "'\(variable.name)' runs through a list, not \(type)", hint: hint)
                }
            }
            if fanOut.variables.count == 1, fanOut.kind == .zip, case .template(let template) = variable.values,
                let single = template.single, case .name(let name) = single.expression.kind,
                let source = others.first(where: { $0.step.name == name }), source.step.fanOut != nil
            {
                streamed = name
                // Elements that didn't run have nobody who takes them.
                elementType = elementType.withoutNull
            }
            variables.append(.init(variable.name, elementType))
        }
        for variable in variables { scope = scope.with(variable.name, variable.type) }
        if let condition = fanOut.condition { require(condition, .bool, in: scope, "'where'") }
        return (variables, streamed)
    }

    /// Which keys go with which action.
    private mutating func checkKeys(of step: Step) {
        let keyword = step.action.keyword
        func refuse(_ isThere: Bool, _ key: String, _ place: Place, _ checker: inout Checker, hint: String? = nil) {
            if isThere { checker.diagnostics.error(place, "'\(key)' doesn't go with '\(keyword)'", hint: hint) }
        }
        if !step.action.isProcess {
            refuse(!step.files.isEmpty, "files", step.files.first?.place ?? step.place, &self)
            refuse(!step.bring.isEmpty, "bring", step.bring.first?.place ?? step.place, &self)
            refuse(step.stdin != nil, "stdin", step.stdin?.place ?? step.place, &self)
            let isWithin = ["steps", "use"].contains(keyword)
            if keyword != "prompt" {
                let hint = isWithin ? "give it to the steps within" : keyword == "service" ? "see 'restart'" : nil
                refuse(
                    step.policy.retry != nil, "retry", step.policy.retry?.times.template.place ?? step.place, &self,
                    hint: hint)
            }
            if !["prompt", "ask"].contains(keyword) {
                let hint = isWithin ? "give it to the steps within" : keyword == "service" ? "see 'patience'" : nil
                refuse(
                    step.policy.timeout != nil, "timeout", step.policy.timeout?.template.place ?? step.place, &self,
                    hint: hint)
            }
            refuse(
                step.output != .text && !["value", "prompt", "ask"].contains(keyword), "as", step.place, &self)
        }
        if keyword == "service" {
            refuse(step.fanOut != nil, "for", step.fanOut?.place ?? step.place, &self)
            refuse(step.repetition != nil, "repeat", step.repetition?.until.place ?? step.place, &self)
            refuse(step.when != nil, "when", step.when?.place ?? step.place, &self)
            refuse(step.policy.allowsFailure, "allow-failure", step.place, &self)
        }
        if keyword == "ask" {
            refuse(step.repetition != nil, "repeat", step.repetition?.until.place ?? step.place, &self)
        }
        if step.fanOut == nil, let tolerate = step.policy.tolerate {
            diagnostics.error(
                tolerate.template.place, "'tolerate' counts elements, and '\(step.name)' has no 'for' or 'matrix'",
                hint: "'allow-failure: true' is for a single one")
        }
        if let repetition = step.repetition, step.policy.retry != nil, !step.action.isProcess {
            diagnostics.error(repetition.until.place, "'repeat' and 'retry' don't go together here")
        }
    }
}

extension CheckedStep {
    /// Whether elements of it may be null.
    var hasHoles: Bool {
        if case .list(let element) = type.withoutNull { return element.mayBeNull }
        return false
    }
}
