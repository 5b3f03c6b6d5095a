import AsyncFlow
import AsyncFlowBase

/// One run of the steps of a body, which a group has for each of its elements.
final class BodyRun: Sendable {
    private let boards: [String: ElementBoard]
    /// Whether the plan goes on when something in it fails.
    let tolerates: Bool

    init(_ steps: [StepRunner], tolerates: Bool) {
        self.tolerates = tolerates
        let takers = Dictionary(grouping: steps.compactMap(\.checked.streamed)) { $0 }
        boards = takers.mapValues { ElementBoard(takers: $0.count) }
    }

    /// Where the elements of a step are told, if another step takes them one by one.
    func board(of step: String) -> ElementBoard? { boards[step] }
}

/// Runs steps that see each other.
final class BodyRunner: Sendable {
    private let checked: CheckedBody
    private let steps: [StepRunner]
    private let files: any FileReading

    /// - Parameter usesServices: whether the steps may use services of bodies around it.
    init(
        _ checked: CheckedBody, _ context: RunContext, _ files: any FileReading, _ secrets: SecretStore,
        backends: Set<String>, usesServices: Bool = false
    ) throws {
        self.checked = checked
        self.files = files
        let services = Set(checked.steps.filter { $0.step.action.keyword == "service" }.map(\.step.name))
        steps = try checked.steps.map { step in
            try StepRunner(
                step, context, files, secrets, backends: backends,
                usesServices: usesServices || !services.isDisjoint(with: step.dependencies))
        }
    }

    /// - Returns: the record of the outputs.
    /// - Throws: ``InnerFailure`` of the first step that failed, when all have ended.
    func run(
        in environment: Environment, tolerates: Bool = false, services: [ServiceHandle] = []
    ) async throws -> Value {
        let run = BodyRun(steps, tolerates: tolerates)
        var futures: [String: TaskFuture<StepOutcome>] = [:]
        var inOrder: [(name: String, future: TaskFuture<StepOutcome>)] = []
        for step in steps {
            let before = step.checked.dependencies.sorted().compactMap { futures[$0] }
            let future = try step.call(
                StepInput(environment: environment, body: run, services: services), after: before)
            if let board = run.board(of: step.step.name) {
                future.onCompletion { result in
                    switch result {
                    case .success: board.close()
                    case .failure: board.fail(SourceFailedError(source: step.step.name))
                    }
                }
            }
            futures[step.step.name] = future
            inOrder.append((step.step.name, future))
        }
        var values: [String: Value] = [:]
        var failure: InnerFailure?
        for (name, future) in inOrder {
            do {
                values[name] = try await future.value.value
            } catch let error as CancellationError {
                throw error
            } catch {
                // A step that wasn't run tells less than the one that failed.
                if failure == nil || failure?.error is DependencyFailureError {
                    if failure == nil || !(error is DependencyFailureError) {
                        failure = InnerFailure(step: name, error: error)
                    }
                }
            }
        }
        if let failure { throw failure }
        var evaluator = environment.with(values).evaluator(files)
        var fields: [(String, Value)] = []
        for output in checked.outputs {
            do throws(ValueError) { fields.append((output.name, try evaluator.value(of: output.value))) } catch {
                throw ValueError("the output '\(output.name)' in line \(output.place.line): \(error)")
            }
        }
        return .record(Record(fields))
    }
}

/// Runs a plan that a step uses.
final class ModuleRunner: Sendable {
    private let checked: CheckedPlan
    private let body: BodyRunner
    private let files: LocalFiles
    private let run: Record

    init(_ checked: CheckedPlan, _ context: RunContext, backends: Set<String>, usesServices: Bool) throws {
        self.checked = checked
        files = LocalFiles(base: checked.plan.base)
        run = context.options.run
        body = try BodyRunner(
            checked.body, context, files, context.secrets(of: checked.plan), backends: backends,
            usesServices: usesServices)
    }

    func run(_ given: [String: Value], tolerates: Bool, services: [ServiceHandle]) async throws -> Value {
        let parameters = try checked.plan.parameters(given, run: run, files: files)
        return try await body.run(
            in: Environment(["params": .record(parameters), "run": .record(run)]), tolerates: tolerates,
            services: services)
    }
}

extension Plan {
    /// The parameters' values: the given ones, and defaults for the others.
    ///
    /// - Throws: ``ValueError`` that names the parameter.
    package func parameters(
        _ given: [String: Value], run: Record, files: any FileReading
    ) throws(ValueError) -> Record {
        var values: [(String, Value)] = []
        let environment = Environment(["run": .record(run)])
        for parameter in parameters {
            var evaluator = environment.evaluator(files)
            do throws(ValueError) {
                if let value = given[parameter.name] {
                    values.append((parameter.name, try Conversion.convert(value, to: parameter.type, base: files.base)))
                } else if let source = parameter.defaultValue {
                    let value = try evaluator.value(of: source)
                    values.append((parameter.name, try Conversion.convert(value, to: parameter.type, base: base)))
                } else if parameter.type.mayBeNull {
                    values.append((parameter.name, .null))
                } else {
                    throw ValueError("it has no default: give it with \(parameter.name)=…")
                }
            } catch {
                throw ValueError("the parameter '\(parameter.name)': \(error)")
            }
        }
        for name in given.keys.sorted() where !parameters.contains(where: { $0.name == name }) {
            throw ValueError(
                "there is no parameter '\(name)'\(Nearest.hint(name, parameters.map(\.name)))")
        }
        return Record(values)
    }
}
