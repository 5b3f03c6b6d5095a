import Synchronization

/// A task of an engine in another process, as seen from where its body runs.
package final class RemoteTask: TaskSubject {
    package let taskID: TaskID
    package let taskName: String
    package let engineID: String
    package let workflowID: String?
    package let attempt: Int
    package let environment: [String: String]
    private let cancelled = Atomic<Bool>(false)
    private let send: @Sendable (RemoteReport) -> Void

    /// - Parameter send: receives the body's reports; called on the body's threads.
    package init(
        taskID: TaskID, taskName: String, engineID: String, workflowID: String?, attempt: Int,
        environment: [String: String], send: @escaping @Sendable (RemoteReport) -> Void
    ) {
        self.taskID = taskID
        self.taskName = taskName
        self.engineID = engineID
        self.workflowID = workflowID
        self.attempt = attempt
        self.environment = environment
        self.send = send
    }

    /// Runs the body, with this as its ``TaskContext/current`` task.
    package func run<Result>(_ body: () throws -> Result) rethrows -> Result {
        try ExecutionContext.$boundSubject.withValue(self) { try body() }
    }

    /// Runs the async body, with this as its ``TaskContext/current`` task.
    package nonisolated(nonsending) func run<Result>(_ body: () async throws -> Result) async rethrows -> Result {
        try await ExecutionContext.$boundSubject.withValue(self) { try await body() }
    }

    package var isCancelled: Bool { cancelled.load(ordering: .relaxed) }
    package func cancel() { cancelled.store(true, ordering: .relaxed) }
    func tell(_ report: RemoteReport) { send(report) }
}
