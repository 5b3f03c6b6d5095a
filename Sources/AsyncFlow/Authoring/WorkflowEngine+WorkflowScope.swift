import Synchronization

extension WorkflowEngine {
    /// Labels every task that is called while `body` runs, by it or by its structured and unstructured child tasks,
    /// with a workflow id that appears in logs, events and traces.
    ///
    /// Scopes nest; the innermost id applies. Leaving a scope doesn't wait for its tasks.
    ///
    /// - Parameters:
    ///   - id: the workflow's id; by default an id that is unique in this engine.
    ///   - body: calls the tasks that get the label.
    public nonisolated(nonsending) func withWorkflowScope<Result>(
        _ id: String? = nil, _ body: () async throws -> Result
    ) async rethrows -> Result {
        let membership = enterScope(id)
        defer { core.emit(.scopeEnded, workflowID: membership.workflowID) }
        let context = ExecutionContext.scope(membership, of: ExecutionContext.current?.task)
        return try await ExecutionContext.$bound.withValue(context) { try await body() }
    }

    /// Labels every task that is called while a synchronous `body` runs with a workflow id.
    public func withWorkflowScope<Result>(_ id: String? = nil, _ body: () throws -> Result) rethrows -> Result {
        let membership = enterScope(id)
        defer { core.emit(.scopeEnded, workflowID: membership.workflowID) }
        let context = ExecutionContext.scope(membership, of: ExecutionContext.current?.task)
        return try ExecutionContext.$bound.withValue(context) { try body() }
    }

    private func enterScope(_ id: String?) -> Membership {
        let id = id ?? core.makeWorkflowID()
        core.emit(.scopeStarted, workflowID: id)
        let block = ExecutionContext.currentMembership(in: core)?.block
        return Membership(
            engine: core, workflowID: id, block: block, enclosing: ExecutionContext.current?.membership)
    }
}
