extension WorkflowEngine {
    /// Returns a future of an existing value, named `value`, to be passed on together with the futures of tasks.
    ///
    /// ```swift
    /// let total = sum([measure("lake"), flow.value(2)])
    /// ```
    public func value<Value: Sendable>(_ value: Value) -> TaskFuture<Value> {
        let node = TaskNode(
            TaskDefinition(derivedIn: core, name: "value"), .synchronous { $0.succeed(value) }, dependencyCount: 0)
        node.submit()
        return TaskFuture(node)
    }
}
