package import AsyncFlow
import AsyncFlowBase

/// A failure of a step, for people.
package struct StepFailure: Sendable {
    package let step: String
    package let error: any Error
    /// Whether the plan says that it goes on without it.
    package let isTolerated: Bool
}

/// The way in which a plan is run.
package struct RunOptions: Sendable {
    /// The directory in which links to saved files are made.
    package var saveDirectory: String
    /// How many elements of a step are under way at most.
    package var window = 256
    /// Whether what doesn't depend on a failed step is still begun.
    package var keepsGoing = false
    /// The value of `run` in expressions.
    package var run: Record
    /// Called when an element of a step has ended, with its place and its record; null if it failed or was skipped.
    package var onElement: (@Sendable (Int, Value) -> Void)?
    /// The program that runs the containers that steps name.
    package var containerEngine = ContainerEngine.none
    /// The name of this machine for processes that use a service from elsewhere.
    package var serviceHost = "127.0.0.1"
    /// The version of calls that no other run may take from a journal that several runs share; nil where the run has
    /// one for itself.
    package var journalVersion: String?
    /// Has prompts answered.
    package var prompts: (any PromptAnswering)?
    /// Has people asked.
    package var asking: (any Asking)?
    /// The option that asks a cluster for a time.
    package var timeOption: (@Sendable (Duration) -> TaskOption<ExecutableKind>)?

    package init(saveDirectory: String, run: Record) {
        self.saveDirectory = saveDirectory
        self.run = run
    }
}

/// What all steps of a run share.
final class RunContext: Sendable {
    let engine: WorkflowEngine
    let options: RunOptions
    private struct State {
        var failures: [StepFailure] = []
        var failureCount = 0
        var isStopping = false
        var savedPaths: [String: String] = [:]
        var secrets: [SecretStore] = []
    }
    private let state = Lock(State())

    /// The most failures that are kept with their errors.
    private static let mostFailures = 1000

    init(_ engine: WorkflowEngine, _ options: RunOptions) {
        self.engine = engine
        self.options = options
    }

    func note(_ failure: StepFailure) {
        state.withLock { state in
            if !failure.isTolerated {
                state.failureCount += 1
                if !options.keepsGoing { state.isStopping = true }
            }
            if state.failures.count < Self.mostFailures { state.failures.append(failure) }
        }
    }

    var failures: [StepFailure] { state.withLock { $0.failures } }

    /// - Throws: ``StoppedError`` if nothing else is to begin.
    func checkGoesOn() throws {
        if state.withLock({ $0.isStopping }) { throw StoppedError() }
    }

    /// Lets steps begin again: for those that run at the end in any case.
    func resetStop() { state.withLock { $0.isStopping = false } }

    /// The secrets of a plan of this run.
    func secrets(of plan: Plan) -> SecretStore {
        let store = SecretStore(plan)
        state.withLock { $0.secrets.append(store) }
        return store
    }

    func readSecrets() {
        for store in state.withLock({ $0.secrets }) { store.readAll() }
    }

    /// Takes a place for a saved file.
    ///
    /// - Throws: ``ValueError`` if another file of this run was saved there.
    func claim(_ path: String, for source: String) throws(ValueError) {
        let other = state.withLock { state -> String? in
            if let other = state.savedPaths[path], other != source { return other }
            state.savedPaths[path] = source
            return nil
        }
        if let other { throw ValueError("two files would be saved as '\(path)': \(other) and \(source)") }
    }
}

/// A step that isn't begun any more, since another one has failed.
struct StoppedError: Error, CustomStringConvertible {
    var description: String { "not run, because another step had failed; --keep-going runs what doesn't depend on it" }
}

/// A failure of some elements of a step.
package struct ElementsFailedError: Error, CustomStringConvertible {
    package let step: String
    package let failed: Int
    package let first: any Error

    package var description: String {
        failed == 1 ? "\(first)" : "\(failed) elements of '\(step)' failed; the first one: \(first)"
    }
}
