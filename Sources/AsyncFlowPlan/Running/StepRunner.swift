import AsyncFlow
import AsyncFlowBase

/// The result of a step: its value for the expressions of others; null if it was skipped.
struct StepOutcome: Sendable {
    let name: String
    let value: Value
    /// The services that the step has started for its users.
    var services: [ServiceHandle] = []
}

/// What a call of a step gets besides the results of the steps before it.
struct StepInput: TaskValue {
    let environment: Environment
    let body: BodyRun
    /// The services of bodies around this one.
    let services: [ServiceHandle]
}

/// The facts that all elements of a step share.
struct StepCall: Sendable {
    /// The services that the step uses.
    let services: [ServiceHandle]
    /// Whether the plan goes on without an element that fails.
    let tolerates: Bool
}

/// Runs one step of a plan: decides what runs for which values, and has the engine run it.
final class StepRunner: Sendable {
    let checked: CheckedStep
    let context: RunContext
    let files: any FileReading
    let definition: ProcessDefinition?
    let prompt: PromptDefinition?
    let service: ServiceDefinition?
    let inner: BodyRunner?
    let module: ModuleRunner?
    var step: Step { checked.step }
    private let block = Lock<Block<StepOutcome, StepInput, [StepOutcome]>?>(nil)

    init(
        _ checked: CheckedStep, _ context: RunContext, _ files: any FileReading, _ secrets: SecretStore,
        backends: Set<String>, usesServices: Bool
    ) throws {
        self.checked = checked
        self.context = context
        self.files = files
        definition =
            checked.step.action.isProcess
            ? try ProcessDefinition(
                checked, context, files, secrets, backends: backends, usesServices: usesServices) : nil
        prompt = try checked.model.map { try PromptDefinition(checked.step, $0, context, files) }
        service =
            checked.step.action.startsProcess && !checked.step.action.isProcess
            ? ServiceDefinition(checked.step, context, files, secrets) : nil
        inner = try checked.inner.map {
            try BodyRunner($0, context, files, secrets, backends: backends, usesServices: usesServices)
        }
        module = try checked.module.map {
            try ModuleRunner($0, context, backends: backends, usesServices: usesServices)
        }
        let block = context.engine.block(checked.step.name) {
            [unowned self] (input: StepInput, before: [StepOutcome]) in
            try await self.run(input, before)
        }
        self.block.withLock { $0 = block }
    }

    /// Submits the step.
    ///
    /// - Throws: ``ValueError`` for a service that can't be started.
    func call(_ input: StepInput, after: [TaskFuture<StepOutcome>]) throws -> TaskFuture<StepOutcome> {
        guard let service else { return block.withLock { $0! }(input, after) }
        let isTolerated = step.policy.allowsFailure || input.body.tolerates
        let future = try service.call(input, after: after)
        future.onCompletion { [self] result in
            guard case .failure(let error) = result, isFailure(error), !(error is DependencyFailureError) else {
                return
            }
            context.note(StepFailure(step: step.name, error: error, isTolerated: isTolerated))
        }
        return future
    }

    private func run(_ input: StepInput, _ before: [StepOutcome]) async throws -> StepOutcome {
        let values = Dictionary(before.map { ($0.name, $0.value) }) { first, _ in first }
        let environment = input.environment.with(values)
        let services = input.services + before.flatMap(\.services)
        let board = input.body.board(of: step.name)
        let isTolerated = step.policy.allowsFailure || input.body.tolerates
        do {
            try context.checkGoesOn()
            let call = StepCall(services: services, tolerates: isTolerated)
            if step.fanOut != nil {
                let value = try await runElements(environment, input.body, board, call)
                return StepOutcome(name: step.name, value: value)
            }
            return StepOutcome(name: step.name, value: try await runOnce(environment, [], call))
        } catch let error where isFailure(error) {
            // What failed within has told of that itself.
            if !(error is InnerFailure) {
                context.note(StepFailure(step: step.name, error: error, isTolerated: isTolerated))
            }
            if step.policy.allowsFailure { return StepOutcome(name: step.name, value: .null) }
            throw error
        }
    }

    /// Whether an error is a failure of this step or within it, and not the end of the run.
    func isFailure(_ error: any Error) -> Bool {
        if let inner = error as? InnerFailure { return isFailure(inner.error) }
        return
            !(error is CancellationError || error is StoppedError || error is SourceFailedError
            || error is TaskCancelledError)
    }

    /// Runs the action for one set of variables.
    ///
    /// - Returns: the record of the step, or null if its condition doesn't hold.
    func runOnce(_ environment: Environment, _ variables: [Value], _ call: StepCall) async throws -> Value {
        guard try isWanted(environment) else { return .null }
        guard step.repetition != nil else { return try await runRound(environment, variables, call) }
        return try await runRounds(environment, variables, call)
    }

    /// Whether the step's condition holds.
    private func isWanted(_ environment: Environment) throws -> Bool {
        guard let when = step.when else { return true }
        var evaluator = environment.evaluator(files)
        let value = try evaluate(when, "when") { (place) throws(ValueError) in
            try evaluator.value(of: place.expression)
        }
        guard case .bool(let flag) = value else {
            throw ValueError("'when' of '\(step.name)' is \(Conversion.shown(value)), not a bool")
        }
        return flag
    }

    /// Names the place of an error in an expression.
    func evaluate<T>(
        _ placed: PlacedExpression, _ key: String, _ body: (PlacedExpression) throws(ValueError) -> T
    ) throws(ValueError) -> T {
        do throws(ValueError) { return try body(placed) } catch {
            throw ValueError("'\(key)' of '\(step.name)' in line \(placed.place.line): \(error)")
        }
    }

    private func runRounds(_ environment: Environment, _ variables: [Value], _ call: StepCall) async throws -> Value {
        guard let repetition = step.repetition else { return .null }
        let limit = try Settings.count(repetition.max, environment, files)
        let pause = try repetition.every.map { try Settings.seconds($0, environment, files) } ?? 0
        var previous = Value.null
        for round in 1...max(1, limit) {
            try context.checkGoesOn()
            let inRound = environment.with(["previous": previous, "round": .int(round)])
            let record = try await runRound(inRound, variables, call)
            previous = record
            let value = Self.value(of: record)
            var evaluator = inRound.with(["value": value]).evaluator(files)
            let flag = try evaluate(repetition.until, "until") { (placed) throws(ValueError) in
                try evaluator.value(of: placed.expression)
            }
            if flag == .bool(true) { return record }
            if round < limit, pause > 0 { try await Task.sleep(for: Duration(roundedToNanoseconds: pause)) }
        }
        throw ValueError(
            "'\(step.name)' ran \(limit) rounds, and its 'until' (line \(repetition.until.place.line)) didn't come true"
        )
    }

    private static func value(of record: Value) -> Value {
        if case .record(let record) = record { return record["value"] ?? .null }
        return .null
    }

    private func runRound(_ environment: Environment, _ variables: [Value], _ call: StepCall) async throws -> Value {
        switch step.action {
        case .value(let source):
            var evaluator = environment.evaluator(files)
            var value = try evaluator.value(of: source)
            if case .typed(let type) = step.output { value = try Conversion.convert(value, to: type, base: files.base) }
            return record(variables + [value])
        case .group:
            guard let inner else { return .null }
            let outputs = try await inner.run(
                in: environment, tolerates: call.tolerates, services: call.services)
            return record(variables + fields(of: outputs))
        case .module:
            guard let module else { return .null }
            var evaluator = environment.evaluator(files)
            var parameters: [String: Value] = [:]
            for binding in step.with { parameters[binding.name] = try evaluator.value(of: binding.value) }
            let outputs = try await module.run(parameters, tolerates: call.tolerates, services: call.services)
            return record(variables + fields(of: outputs))
        case .command, .script, .python:
            guard let definition else { return .null }
            return record(variables + (try await definition.run(environment, call.services)))
        case .prompt:
            guard let prompt else { return .null }
            return record(variables + step.output.fields(of: try await prompt.run(environment)))
        case .ask(let question):
            return record(variables + step.output.fields(of: try await ask(question, environment, variables)))
        case .service: return .null
        }
    }

    private func ask(_ question: Template, _ environment: Environment, _ variables: [Value]) async throws -> Value {
        guard let asking = context.options.asking else { throw ValueError("nobody can be asked here") }
        var evaluator = environment.evaluator(files)
        let text = try evaluator.text(of: question)
        let patience = try step.policy.timeout.map {
            Duration(roundedToNanoseconds: try Settings.seconds($0, environment, files))
        }
        let label = label(step.fanOut?.variables.map(\.name) ?? [], variables)
        return try await asking.answer(
            label.isEmpty ? step.name : "\(step.name)[\(label)]", text, as: step.output.type, patience: patience)
    }

    private func fields(of outputs: Value) -> [Value] {
        if case .record(let record) = outputs { return record.values }
        return []
    }

    private func record(_ values: [Value]) -> Value { .record(Record(names: names, values: values)) }

    private var names: [String] { checked.fieldNames }
}

/// A step within a group has failed; it has told of that itself.
struct InnerFailure: Error, CustomStringConvertible {
    let step: String
    let error: any Error
    var description: String { "'\(step)' failed: \(error)" }
}
