extension TaskFuture {
    /// Returns a future of the result of `transform` for this future's value. Its name is `<name>.map`, and further
    /// down a chain `<name>.map(2)` and so on.
    ///
    /// - Parameter transform: runs on one of the engine's threads, like a synchronous function task. It isn't called in
    ///   a dry run, where a ``DryRunValue`` stands in for its result.
    public func map<T: Sendable>(_ transform: @escaping @Sendable (Value) throws -> T) -> TaskFuture<T> {
        if node.engine.configuration.dryRun { return mapInDryRun() }
        return derive(
            "map",
            .synchronous { node in
                do {
                    node.succeed(try transform(_resolved()))
                } catch {
                    node.fail(error)
                }
            })
    }

    /// Returns a future of the value of the future that `transform` returns. Its name is `<name>.flatMap`, and further
    /// down a chain `<name>.flatMap(2)` and so on.
    ///
    /// - Parameter transform: runs on one of the engine's threads; calls a task and returns its future. It is called in
    ///   a dry run too, because it builds the graph.
    public func flatMap<T: Sendable>(_ transform: @escaping @Sendable (Value) throws -> TaskFuture<T>) -> TaskFuture<T>
    {
        derive(
            "flatMap",
            .asynchronous { node in
                do {
                    node.succeed(try await transform(_resolved()).value)
                } catch {
                    node.fail(error)
                }
            })
    }

    private func mapInDryRun<T: Sendable>() -> TaskFuture<T> {
        guard let value = dryRunValue(for: T.self) else {
            let refusal = RefusalReason(
                .noDryRunValue,
                "a dry run needs a placeholder value of type \(T.self) for the result of map; "
                    + "make the type conform to DryRunValue, or use a function task with a dryRunValue:")
            return derive("map", .synchronous { _ in }, refusal: refusal)
        }
        return derive("map", .synchronous { node in node.succeed(value) })
    }

    private func derive<T: Sendable>(
        _ suffix: String, _ work: TaskWork, refusal: RefusalReason? = nil
    ) -> TaskFuture<T> {
        let definition = TaskDefinition(derivedFrom: node.definition, suffix, refusal: refusal)
        let derived = TaskNode(definition, work, dependencyCount: 1)
        derived.depend(on: node)
        derived.submit()
        return TaskFuture<T>(derived)
    }
}
