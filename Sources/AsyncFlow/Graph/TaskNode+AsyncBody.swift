extension TaskNode {
    /// Starts an async body on the calling worker's thread; it goes on elsewhere when it suspends.
    @usableFromInline
    func start(_ body: @escaping @Sendable () async -> Void) {
        hasAsyncBody = true
        let context = ExecutionContext.task(self, inside: membership)
        let task: Task<Void, Never>
        if #available(macOS 26, *) {
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
