extension TaskNode {
    /// Starts an async body: on the calling worker's thread, from which it goes away when it suspends; or, if a backend
    /// executes the task, on Swift's own threads, which no user's body can block.
    @usableFromInline
    func start(_ body: @escaping @Sendable () async -> Void) {
        hasAsyncBody = true
        let context = ExecutionContext.task(self, inside: membership)
        let task: Task<Void, Never>
        if definition.isDispatched {
            task = Task.detached {
                await ExecutionContext.$bound.withValue(context) { await body() }
            }
        } else if #available(macOS 26, *) {
            task = Task.immediate(executorPreference: engine.pool) {
                await ExecutionContext.$bound.withValue(context) { await body() }
            }
        } else {
            task = Task(executorPreference: engine.pool) {
                await ExecutionContext.$bound.withValue(context) { await body() }
            }
        }
        if !currentPhase.isTerminal { engine.running.insert(self) { task.cancel() } }
    }
}
