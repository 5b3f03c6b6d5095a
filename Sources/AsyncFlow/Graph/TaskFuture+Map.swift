extension TaskFuture {
    /// A future of what `transform` makes of this one's value; named `<name>.map`.
    ///
    /// - Parameter transform: runs like a synchronous function task, on one of the engine's threads.
    public func map<T: Sendable>(_ transform: @escaping @Sendable (Value) throws -> T) -> TaskFuture<T> {
        derive(
            "map",
            .synchronous { node in
                do {
                    node.succeed(try transform(_resolved()))
                } catch {
                    node.fail(error)
                }
            })
    }

    /// A future of the value of the future that `transform` returns; named `<name>.flatMap`.
    ///
    /// - Parameter transform: runs like a synchronous function task; calls a task and returns its future.
    public func flatMap<T: Sendable>(_ transform: @escaping @Sendable (Value) throws -> TaskFuture<T>) -> TaskFuture<T> {
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

    private func derive<T: Sendable>(_ suffix: String, _ work: TaskWork) -> TaskFuture<T> {
        let definition = TaskDefinition(
            engine: node.engine, name: "\(name).\(suffix)", kind: .function, options: TaskOptions())
        let derived = TaskNode(definition, dependencyCount: 1)
        derived.work = work
        derived.depend(on: node)
        derived.submit()
        return TaskFuture<T>(derived)
    }
}
