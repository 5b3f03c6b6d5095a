import AsyncFlow

extension Checker {
    /// What a step's action hands out and needs.
    struct ActionFacts {
        var fields: [ValueType.Field] = []
        var usesDirectory = false
        var inner: CheckedBody?
        var module: CheckedPlan?
    }

    mutating func checkAction(of step: Step, in outer: Scope) -> ActionFacts {
        var facts = ActionFacts()
        var scope = outer
        var taken: [ValueType] = []
        for binding in step.with {
            if case .module = step.action { continue }
            checkName(binding.name, binding.place, "name for 'with'")
            let type = type(of: binding.value, in: outer)
            scope = scope.with(binding.name, type ?? .json)
            if let type { taken.append(type) }
        }
        if case .module = step.action {
        } else if !step.with.isEmpty, !step.action.isProcess {
            diagnostics.error(step.with[0].place, "'with' doesn't go with '\(step.action.keyword)'")
        }
        let outputType = step.output.type
        checkForm(outputType, step)
        if step.repetition != nil {
            var fields = step.files.map { ValueType.Field($0.name, $0.type) }
            fields.append(.init("value", outputType))
            scope = scope.with("previous", ValueType.record(fields).orNull).with("round", .int)
        }
        let actionScope = scope.with("task", .record(Self.taskFields))
        switch step.action {
        case .command(let template): taken += checkCommand(template, step, in: actionScope)
        case .script(let script, let shell): taken += checkScript(script, shell, step, in: actionScope)
        case .python: break
        case .value(let source):
            let type = type(of: source, in: scope) ?? .json
            facts.fields = [.init("value", step.output == .text ? type : outputType)]
            if step.output != .text, !type.fits(outputType) {
                diagnostics.error(source.place, "the value should be \(outputType), but is \(type)")
            }
            checkRepetition(step, value: type, in: scope)
            return facts
        case .group(let body):
            let inner = check(body, in: scope, isOutermost: false)
            if body.steps.isEmpty { diagnostics.error(step.place, "the group '\(step.name)' has no steps") }
            facts.inner = inner
            if case .record(let fields) = inner.outputType { facts.fields = fields }
            checkRepetition(step, value: .json, in: scope)
            return facts
        case .module(let plan):
            (facts.module, facts.fields) = checkModule(plan, step, in: outer)
            return facts
        case .service(let service):
            check(service, step, in: actionScope)
            facts.fields = Self.serviceFields
            return facts
        case .prompt(let prompt):
            check(prompt, in: scope)
            facts.fields = outputFields(outputType)
            checkRepetition(step, value: outputType, in: scope)
            checkSettings(step, in: scope)
            return facts
        case .ask(let question):
            checkText(question, in: scope)
            facts.fields = outputFields(outputType)
            checkSettings(step, in: scope)
            return facts
        }
        // A process.
        if let stdin = step.stdin {
            if let type = type(of: stdin, in: actionScope) { taken.append(checkInput(type, stdin)) }
        }
        for source in step.bring {
            guard let type = type(of: source, in: scope) else { continue }
            if !type.hasFiles, type != .json, type != .list(.json) {
                diagnostics.error(source.place, "'bring' takes files, not \(type)", hint: "write file(…)")
            }
            taken.append(type)
        }
        taken += checkEnvironment(of: step, in: actionScope)
        facts.fields = check(step.files, step, in: scope) + outputFields(outputType)
        facts.usesDirectory = !step.files.isEmpty || !step.bring.isEmpty || taken.contains(where: \.hasFiles)
        checkRepetition(step, value: outputType, in: scope)
        checkSettings(step, in: scope)
        if facts.usesDirectory { warnOfForgottenFiles(step) }
        return facts
    }

    /// The fields that come of an output: those of a record, and the value itself.
    private func outputFields(_ type: ValueType) -> [ValueType.Field] {
        var fields: [ValueType.Field] = []
        if case .record(let inner) = type.withoutNull { fields = inner }
        return fields + [.init("value", type)]
    }

    /// Checks the variables of a process, which alone may be made of secrets, and its container.
    private mutating func checkEnvironment(of step: Step, in scope: Scope) -> [ValueType] {
        var taken: [ValueType] = []
        let inner = scope.with("secrets", secretType)
        for binding in step.policy.environment {
            guard let type = type(of: binding.value, in: inner) else { continue }
            if case .template(let template) = binding.value, let single = template.single {
                checkScalar(type, single, "a variable")
            }
            taken.append(type)
        }
        if let container = step.policy.container {
            checkText(container, in: scope)
            if let literal = container.literal, let problem = ContainerCommand.problem(ofImage: literal) {
                diagnostics.error(container.place, problem)
            }
        }
        return taken
    }

    private mutating func check(_ service: ServiceAction, _ step: Step, in scope: Scope) {
        let inner = scope.with("task", .record(Self.taskFields + [.init("port", .int)]))
        for type in checkCommand(service.command, step, in: inner) where type.hasFiles {
            diagnostics.error(
                service.command.place, "a service runs beside the flow file, and takes no files of steps",
                hint: "give it the path as a parameter")
        }
        for template in service.ready.templates { checkText(template, in: inner) }
        for setting in [service.patience, service.restarts].compactMap({ $0 }) { check(setting, in: scope) }
        _ = checkEnvironment(of: step, in: inner)
        checkSettings(step, in: scope)
    }

    private mutating func check(_ prompt: PromptAction, in scope: Scope) {
        checkText(prompt.text, in: scope)
        if let system = prompt.system { checkText(system, in: scope) }
        if plan.models.contains(where: { $0.name == prompt.model.name }) { return }
        if !plan.brokenNames.isDisjoint(with: ["models", prompt.model.name]) { return }
        let names = plan.models.map(\.name)
        diagnostics.error(
            prompt.model.place, "there is no model '\(prompt.model.name)'",
            hint: Nearest.name(to: prompt.model.name, among: names).map { "did you mean '\($0)'?" }
                ?? "add it to 'models', such as {\(prompt.model.name): {model: gpt-4o-mini}}")
    }

    private mutating func checkForm(_ type: ValueType, _ step: Step) {
        if type.hasFiles {
            diagnostics.error(
                step.place, "the output of '\(step.name)' can't be read as \(type)", hint: "declare files with 'files'")
        }
    }

    private mutating func checkInput(_ type: ValueType, _ stdin: Template) -> ValueType {
        switch type {
        case .string, .enumeration, .file, .json, .int, .float, .bool, .list(.string): return type
        default:
            diagnostics.error(stdin.place, "'stdin' takes a text, a list of lines or a file, not \(type)")
            return .string
        }
    }

    private mutating func checkCommand(_ template: Template, _ step: Step, in scope: Scope) -> [ValueType] {
        var line = Command.StringInterpolation(literalCapacity: 0, interpolationCount: 0)
        var taken: [ValueType] = []
        for part in template.parts {
            switch part {
            case .text(let text): line.appendLiteral(text.text)
            case .expression(let placed):
                guard let type = type(of: placed, in: scope) else {
                    line.appendInterpolation("x")
                    continue
                }
                taken.append(type)
                if case .list(let element) = type {
                    checkScalar(element, placed, "a command")
                    line.appendInterpolation(["x"])
                } else {
                    checkScalar(type, placed, "a command")
                    line.appendInterpolation("x")
                }
            }
        }
        let command = Command(stringInterpolation: line)
        if let problem = command.problem {
            diagnostics.error(template.place, "the command can't be split into words: \(problem.message)")
        } else if command.executable.isEmpty {
            diagnostics.error(template.place, "the command is empty")
        } else if let word = command.shellWord {
            diagnostics.error(
                place(of: word, in: template), "'\(word)' means something only to a shell, and 'command' has none",
                hint: "write 'run' instead of 'command'")
        }
        return taken
    }

    /// The first place of a text in a template.
    private func place(of word: String, in template: Template) -> Place {
        for case .text(let text) in template.parts {
            if let range = TextMethods.firstRange(of: Array(word.utf8), in: Array(text.text.utf8), from: 0) {
                let before = String(decoding: Array(text.text.utf8)[..<range.lowerBound], as: UTF8.self).unicodeScalars
                    .count
                return text.place(of: before..<before + word.unicodeScalars.count)
            }
        }
        return template.place
    }

    private mutating func checkScript(
        _ script: ShellScript, _ shell: Action.Shell, _ step: Step, in scope: Scope
    ) -> [ValueType] {
        var types: [ValueType?] = []
        for placed in script.template.expressions { types.append(type(of: placed, in: scope)) }
        script.check(types, isBash: shell != .sh, &diagnostics)
        return types.compactMap { $0 }
    }

    private mutating func check(_ files: [FileDeclaration], _ step: Step, in scope: Scope) -> [ValueType.Field] {
        var fields: [ValueType.Field] = []
        var paths: Set<String> = []
        for file in files {
            checkName(file.name, file.place, "file")
            checkText(file.path, in: scope)
            if let literal = file.path.literal {
                if let problem = Self.problem(ofPath: literal) { diagnostics.error(file.path.place, problem) }
                if !paths.insert(literal).inserted, file.kind != .matching {
                    diagnostics.error(file.path.place, "two files of '\(step.name)' have the path '\(literal)'")
                }
            }
            if let save = file.save {
                checkText(save, in: scope)
                let variables = Set(step.fanOut?.variables.map(\.name) ?? [])
                if step.fanOut != nil, variables.isDisjoint(with: save.roots) {
                    diagnostics.error(
                        save.place, "all elements of '\(step.name)' would be saved at the same place",
                        hint: "name one of \(variables.sorted().joined(separator: ", ")) in it")
                }
            }
            if problem(ofName: file.name) == nil { fields.append(.init(file.name, file.type)) }
        }
        return fields
    }

    /// Why a file of a step can't have this path.
    private static func problem(ofPath path: String) -> String? {
        if path.isEmpty { return "the path of a file is empty" }
        if path.utf8.first == UInt8(ascii: "/") {
            return "a step makes its files in a directory of its own: '\(path)' must be relative; see 'save'"
        }
        if path.split(separator: "/").contains("..") { return "'\(path)' would be outside of the step's directory" }
        return nil
    }

    private mutating func checkRepetition(_ step: Step, value: ValueType, in scope: Scope) {
        guard let repetition = step.repetition else { return }
        if case .group = step.action {
            diagnostics.error(
                repetition.until.place, "'repeat' doesn't go with 'steps'", hint: "repeat a flow by 'use'")
            return
        }
        require(repetition.until, .bool, in: scope.with("value", value).with("round", .int), "'until'")
        check(repetition.max, in: scope)
        if let every = repetition.every { check(every, in: scope) }
    }

    private mutating func checkSettings(_ step: Step, in scope: Scope) {
        for setting in step.policy.settings { check(setting, in: scope) }
    }

    mutating func check(_ setting: Setting, in scope: Scope) {
        if let literal = setting.template.literal {
            do throws(ValueError) { _ = try Quantity.parse(literal, as: setting.unit) } catch {
                diagnostics.error(setting.template.place, error.description)
            }
            return
        }
        guard let type = type(of: setting.template, in: scope), let single = setting.template.single else { return }
        checkScalar(type, single, "a setting")
    }

    private mutating func checkModule(
        _ module: Plan, _ step: Step, in scope: Scope
    ) -> (CheckedPlan?, [ValueType.Field]) {
        var inner = Diagnostics()
        let checked = Checker.check(module, &inner, exists: exists)
        for diagnostic in inner.sorted where diagnostic.severity == .error {
            diagnostics.error(
                step.place,
                "'\(module.source.name)', which '\(step.name)' uses, has an error in line \(diagnostic.place.line): \(diagnostic.message)"
            )
        }
        if !module.finally.isEmpty {
            diagnostics.warning(
                step.place, "the 'finally' of '\(module.name)' isn't run where another flow uses it",
                hint: "do that in the flow that uses it, or in a step")
        }
        for binding in step.with {
            let type = type(of: binding.value, in: scope)
            guard let parameter = module.parameters.first(where: { $0.name == binding.name }) else {
                diagnostics.error(
                    binding.place, "'\(module.name)' has no parameter '\(binding.name)'",
                    hint: Nearest.name(to: binding.name, among: module.parameters.map(\.name)).map {
                        "did you mean '\($0)'?"
                    })
                continue
            }
            if let type, !type.fits(parameter.type) {
                diagnostics.error(
                    binding.value.place,
                    "the parameter '\(binding.name)' of '\(module.name)' is \(parameter.type), not \(type)")
            }
        }
        for parameter in module.parameters where parameter.defaultValue == nil && !parameter.type.mayBeNull {
            if !step.with.contains(where: { $0.name == parameter.name }) {
                diagnostics.error(
                    step.place,
                    "'\(step.name)' doesn't give the parameter '\(parameter.name)' of '\(module.name)', which has no default"
                )
            }
        }
        guard let checked, case .record(let fields) = checked.body.outputType else { return (nil, []) }
        return (checked, fields)
    }

    /// A file beside the flow file isn't in the step's own directory unless it is brought there.
    private mutating func warnOfForgottenFiles(_ step: Step) {
        let template: Template
        switch step.action {
        case .command(let words): template = words
        case .script(let script, _): template = script.template
        case .python, .value, .group, .module, .service, .prompt, .ask: return
        }
        let made = Set(step.files.compactMap(\.path.literal))
        for case .text(let text) in template.parts {
            let scalars = Array(text.text.unicodeScalars)
            var start = 0
            while start < scalars.count {
                let isPart = { (scalar: Unicode.Scalar) in
                    scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
                        || "._/-+".unicodeScalars.contains(scalar)
                }
                guard isPart(scalars[start]) else {
                    start += 1
                    continue
                }
                let end = scalars[start...].firstIndex { !isPart($0) } ?? scalars.count
                let word = String(String.UnicodeScalarView(scalars[start..<end]))
                // Only what looks like a file, and no option of a program.
                if word.utf8.contains(UInt8(ascii: ".")), !word.hasPrefix("-"), !word.hasPrefix("/"),
                    !word.hasPrefix("."),
                    word.contains(where: \.isLetter), !made.contains(word),
                    exists(PathText.absolute(word, base: plan.base))
                {
                    diagnostics.warning(
                        text.place(of: start..<end),
                        "'\(word)' is beside the flow file, but '\(step.name)' runs in a directory of its own",
                        hint: "write ${{ file(\"\(word)\") }}")
                }
                start = end
            }
        }
    }
}
