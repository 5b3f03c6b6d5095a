extension Collection {
    /// Returns a future of all the values, in the order of the futures. It fails as soon as one of them fails.
    ///
    /// Equivalent to passing the array of futures to a task that takes an array.
    ///
    /// - Parameter flow: the engine to which the new future belongs.
    public func all<Value: Sendable>(in flow: WorkflowEngine) -> TaskFuture<[Value]>
    where Element == TaskFuture<Value> {
        let definition = TaskDefinition(derivedIn: flow.core, name: "all")
        let futures = Array(self)
        let work = TaskWork.synchronous { node in node.succeed(futures._resolved()) }
        let node = TaskNode(definition, work, dependencyCount: futures.count)
        for future in futures { node.depend(on: future.node) }
        node.submit()
        return TaskFuture(node)
    }

    /// Returns all the values, in the order of the futures.
    ///
    /// - Throws: the error of the first future, in order, that has no value; `CancellationError` if the awaiting Swift
    ///   task is cancelled.
    public func values<Value: Sendable>() async throws -> [Value] where Element == TaskFuture<Value> {
        var values: [Value] = []
        values.reserveCapacity(count)
        for future in self { values.append(try await future.value) }
        return values
    }

    /// Waits until all of the futures have ended, and returns the values of those that succeed and the errors of the
    /// others, both in the order of the futures.
    ///
    /// ```swift
    /// let (pages, failures) = try await urls.map { download($0) }.succeeded()
    /// for failure in failures { print("left out: \(failure)") }
    /// ```
    ///
    /// - Returns: the values, and a ``WorkflowError`` that names the task for each one that failed or was cancelled.
    /// - Throws: `CancellationError` if the awaiting Swift task is cancelled. The work continues.
    public func succeeded<Value: Sendable>() async throws -> (values: [Value], failures: [any Error])
    where Element == TaskFuture<Value> {
        var (values, failures): ([Value], [any Error]) = ([], [])
        for future in self {
            do {
                values.append(try await future.value)
            } catch {
                // An error without a failed task comes from the wait itself.
                guard case .failure(let failure)? = future.currentResult else { throw error }
                failures.append(failure)
            }
        }
        return (values, failures)
    }

    /// Returns the future that ends first, however it ends; nil if the collection is empty. The others continue.
    ///
    /// - Throws: `CancellationError` if the awaiting Swift task is cancelled.
    public func firstCompleted<Value: Sendable>() async throws -> TaskFuture<Value>?
    where Element == TaskFuture<Value> {
        for await future in asCompleted() { return future }
        try Task.checkCancellation()
        return nil
    }

    /// Returns the futures in the order in which they end.
    ///
    /// ```swift
    /// for await future in futures.asCompleted() { print(future.name, try await future.value) }
    /// ```
    ///
    /// The sequence ends early when the awaiting Swift task is cancelled; the work continues.
    public func asCompleted<Value: Sendable>() -> AsyncStream<TaskFuture<Value>> where Element == TaskFuture<Value> {
        let (stream, continuation) = AsyncStream.makeStream(of: TaskFuture<Value>.self)
        let futures = Array(self)
        guard !futures.isEmpty else {
            continuation.finish()
            return stream
        }
        let remaining = Countdown(from: futures.count)
        for future in futures {
            future.onCompletion { _ in
                continuation.yield(future)
                if remaining.decrement() { continuation.finish() }
            }
        }
        return stream
    }
}
