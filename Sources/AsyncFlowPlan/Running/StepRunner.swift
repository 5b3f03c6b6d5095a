import AsyncFlow
import AsyncFlowBase

/// The result of a step: its value for the expressions of others; null if it was skipped.
struct StepOutcome: Sendable {
    let name: String
    let value: Value
}

/// What a call of a step gets besides the results of the steps before it.
struct StepInput: TaskValue {
    let environment: Environment
    let body: BodyRun
}

/// Runs one step of a plan: decides what runs for which values, and has the engine run it.
final class StepRunner: Sendable {
    let checked: CheckedStep
    let context: RunContext
    let files: any FileReading
    let definition: ProcessDefinition?
    let inner: BodyRunner?
    let module: ModuleRunner?
    var step: Step { checked.step }
    private let block = Lock<Block<StepOutcome, StepInput, [StepOutcome]>?>(nil)

    init(_ checked: CheckedStep, _ context: RunContext, _ files: any FileReading, backends: Set<String>) throws {
        self.checked = checked
        self.context = context
        self.files = files
        definition =
            checked.step.action.isProcess
            ? try ProcessDefinition(checked, context, files, backends: backends) : nil
        inner = try checked.inner.map { try BodyRunner($0, context, files, backends: backends) }
        module = try checked.module.map { try ModuleRunner($0, context, backends: backends) }
        let block = context.engine.block(checked.step.name) {
            [unowned self] (input: StepInput, before: [StepOutcome]) in
            try await self.run(input, before)
        }
        self.block.withLock { $0 = block }
    }

    /// Submits the step.
    func call(_ input: StepInput, after: [TaskFuture<StepOutcome>]) -> TaskFuture<StepOutcome> {
        block.withLock { $0! }(input, after)
    }

    private func run(_ input: StepInput, _ before: [StepOutcome]) async throws -> StepOutcome {
        let values = Dictionary(before.map { ($0.name, $0.value) }) { first, _ in first }
        let environment = input.environment.with(values)
        let board = input.body.board(of: step.name)
        let isTolerated = step.policy.allowsFailure || input.body.tolerates
        do {
            try context.checkGoesOn()
            if step.fanOut != nil {
                return StepOutcome(name: step.name, value: try await runElements(environment, input.body, board))
            }
            return StepOutcome(name: step.name, value: try await runOnce(environment, [], tolerates: isTolerated))
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
    /// - Parameter tolerates: whether the plan goes on without it when it fails.
    /// - Returns: the record of the step, or null if its condition doesn't hold.
    func runOnce(_ environment: Environment, _ variables: [Value], tolerates: Bool) async throws -> Value {
        if let when = step.when {
            var evaluator = environment.evaluator(files)
            let value = try evaluate(when, "when") { (place) throws(ValueError) in
                try evaluator.value(of: place.expression)
            }
            guard case .bool(let flag) = value else {
                throw ValueError("'when' of '\(step.name)' is \(Conversion.shown(value)), not a bool")
            }
            if !flag { return .null }
        }
        guard step.repetition != nil else { return try await runRound(environment, variables, tolerates) }
        return try await runRounds(environment, variables, tolerates)
    }

    /// Names the place of an error in an expression.
    func evaluate<T>(
        _ placed: PlacedExpression, _ key: String, _ body: (PlacedExpression) throws(ValueError) -> T
    ) throws(ValueError) -> T {
        do throws(ValueError) { return try body(placed) } catch {
            throw ValueError("'\(key)' of '\(step.name)' in line \(placed.place.line): \(error)")
        }
    }

    private func runRounds(_ environment: Environment, _ variables: [Value], _ tolerates: Bool) async throws -> Value {
        guard let repetition = step.repetition else { return .null }
        let limit = try Settings.count(repetition.max, environment, files)
        let pause = try repetition.every.map { try Settings.seconds($0, environment, files) } ?? 0
        var previous = Value.null
        for round in 1...max(1, limit) {
            try context.checkGoesOn()
            let inRound = environment.with(["previous": previous, "round": .int(round)])
            let record = try await runRound(inRound, variables, tolerates)
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

    private func runRound(_ environment: Environment, _ variables: [Value], _ tolerates: Bool) async throws -> Value {
        switch step.action {
        case .value(let source):
            var evaluator = environment.evaluator(files)
            var value = try evaluator.value(of: source)
            if case .typed(let type) = step.output { value = try Conversion.convert(value, to: type, base: files.base) }
            return record(variables + [value])
        case .group:
            guard let inner else { return .null }
            return record(variables + fields(of: try await inner.run(in: environment, tolerates: tolerates)))
        case .module:
            guard let module else { return .null }
            var evaluator = environment.evaluator(files)
            var parameters: [String: Value] = [:]
            for binding in step.with { parameters[binding.name] = try evaluator.value(of: binding.value) }
            return record(variables + fields(of: try await module.run(parameters, tolerates: tolerates)))
        case .command, .script, .python:
            guard let definition else { return .null }
            return record(variables + (try await definition.run(environment)))
        }
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
