package import AsyncFlow
import AsyncFlowBase

/// Runs a checked plan on an engine.
package final class PlanRunner: Sendable {
    /// How a run ended.
    package struct Outcome: Sendable {
        package enum State: String, Sendable { case succeeded, failed, cancelled }

        package var state: State
        /// The record of the outputs of a run that succeeded.
        package var outputs: Value
        package var failures: [StepFailure]
        /// The error that ended it, if no step has told of one.
        package var error: (any Error)?
    }

    private let checked: CheckedPlan
    private let context: RunContext
    private let body: BodyRunner
    private let finally: BodyRunner
    private let files: LocalFiles

    /// - Parameters:
    ///   - backends: the names of the engine's backends.
    /// - Throws: if a step asks for a backend that isn't there.
    package init(
        _ checked: CheckedPlan, on engine: WorkflowEngine, _ options: RunOptions, backends: Set<String>
    ) throws {
        self.checked = checked
        context = RunContext(engine, options)
        files = LocalFiles(base: checked.plan.base)
        let secrets = context.secrets(of: checked.plan)
        body = try BodyRunner(checked.body, context, files, secrets, backends: backends)
        finally = try BodyRunner(checked.finally, context, files, secrets, backends: backends)
    }

    /// Reads all secrets, so that whatever records the run from now on leaves them out. One that can't be read is told
    /// by the step that needs it.
    package func readSecrets() { context.readSecrets() }

    /// - Parameter parameters: as ``Plan/parameters(_:run:files:)`` makes them.
    package func run(_ parameters: Record) async -> Outcome {
        let environment = Environment(["params": .record(parameters), "run": .record(context.options.run)])
        var outcome: Outcome
        do {
            let outputs = try await body.run(in: environment)
            outcome = Outcome(state: .succeeded, outputs: outputs, failures: [])
        } catch {
            let isCancelled = Self.isCancellation(error) || Task.isCancelled
            outcome = Outcome(state: isCancelled ? .cancelled : .failed, outputs: .null, failures: [], error: error)
        }
        if !checked.plan.finally.isEmpty, outcome.state != .cancelled {
            context.resetStop()
            do { _ = try await finally.run(in: environment.with(["run": .record(runAtEnd(outcome))])) } catch {
                if outcome.state == .succeeded { outcome.state = .failed }
                outcome.error = outcome.error ?? error
            }
        }
        outcome.failures = context.failures
        return outcome
    }

    private static func isCancellation(_ error: any Error) -> Bool {
        if error is CancellationError || error is TaskCancelledError { return true }
        if let inner = error as? InnerFailure { return isCancellation(inner.error) }
        if let failed = error as? TaskFailedError, let cause = failed.cause { return isCancellation(cause) }
        return false
    }

    /// `run` as the steps of `finally` see it.
    private func runAtEnd(_ outcome: Outcome) -> Record {
        let failed = context.failures.filter { !$0.isTolerated }
        let summary =
            failed.isEmpty
            ? "\(checked.plan.name) \(outcome.state.rawValue)"
            : "\(checked.plan.name) \(outcome.state.rawValue)\n"
                + failed.prefix(10).map { "\($0.step): \($0.error)".harmlessLines() }.joined(separator: "\n")
        let run = context.options.run
        // It may be sent anywhere.
        let harmless = SecretRedactor(WithheldEnvironment.knownSecrets).redact(summary)
        return Record(
            names: run.names + ["state", "failed", "summary"],
            values: run.values + [.string(outcome.state.rawValue), .strings(failed.map(\.step)), .string(harmless)])
    }
}
