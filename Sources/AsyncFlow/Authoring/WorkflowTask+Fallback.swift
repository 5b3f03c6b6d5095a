extension WorkflowTask {
    /// The same task with another one that stands in for it when it has failed.
    ///
    /// ```swift
    /// let solve = exact.fallback(to: rough)
    /// ```
    ///
    /// When all attempts of this task have failed, or its deadline is over, the other task is called with the same
    /// arguments, and its outcome becomes that of this one. It is a task of its own: it belongs to the same block and
    /// scope, is seen in events, and has resources, retries and time of its own; the timeout and the deadline of this
    /// one don't hold for it. Cancelling this one cancels it.
    ///
    /// A task that is cancelled or refused, or whose dependencies fail, has no fallback; nor has one whose deadline is
    /// over before its dependencies have ended, since there are no arguments then. A task that already has a fallback
    /// gets this one for when that fails too.
    ///
    /// - Parameter other: a task of any kind with the same inputs and the same type of output.
    public func fallback<OtherKind: TaskKindMarker>(
        to other: WorkflowTask<OtherKind, Output, repeat each Input>
    ) -> Self {
        adding(
            TaskFallback { (_: TaskFailedError, input: repeat each Input) in
                try await other.valueOfCall(repeat each input)
            })
    }

    /// The same task with a value that stands in for it when it has failed.
    ///
    /// See ``fallback(to:)`` for when that is.
    public func fallback(_ value: Output) -> Self {
        adding(TaskFallback { (_: TaskFailedError, _: repeat each Input) in value })
    }

    /// The same task with a closure that finds a value when it has failed.
    ///
    /// ```swift
    /// let size = measure.fallback { (error, path: String) in
    ///     print(error)
    ///     return path.count
    /// }
    /// ```
    ///
    /// See ``fallback(to:)`` for when that is. What the closure throws is what the task then fails with.
    ///
    /// - Parameter body: receives what the task would have failed with, and its arguments. When the task is cancelled,
    ///   so is the Swift task in which it runs.
    public func fallback(
        _ body: @escaping @Sendable (_ error: TaskFailedError, repeat each Input) async throws -> Output
    ) -> Self {
        adding(TaskFallback(body))
    }

    private func adding(_ fallback: TaskFallback<Output, repeat each Input>) -> Self {
        with(definition.options, definition.fallback?.followed(by: fallback) ?? fallback)
    }

    /// Calls the task with the arguments of the body that calls, and waits for its end. Cancelled with the calling
    /// Swift task.
    private func valueOfCall(_ input: repeat each Input) async throws -> Output {
        try await self(repeat ResolvedArgument(value: each input)).valueOrCancel()
    }
}

/// What stands in for a task that has failed.
struct TaskFallback<Output: Sendable, each Input: Sendable>: Sendable {
    private let body: @Sendable (TaskFailedError, repeat each Input) async throws -> Output

    init(_ body: @escaping @Sendable (TaskFailedError, repeat each Input) async throws -> Output) { self.body = body }

    func callAsFunction(_ error: TaskFailedError, _ input: repeat each Input) async throws -> Output {
        try await body(error, repeat each input)
    }

    /// This one, and when it fails the other.
    func followed(by other: TaskFallback) -> TaskFallback {
        TaskFallback { (error: TaskFailedError, input: repeat each Input) in
            try await call(error, orElse: other, repeat each input)
        }
    }

    private func call(
        _ error: TaskFailedError, orElse other: TaskFallback, _ input: repeat each Input
    ) async throws -> Output {
        do {
            return try await body(error, repeat each input)
        } catch let next where !(next is CancellationError || next is TaskCancelledError) {
            let failure = TaskFailedError(next, of: TaskContext.current!.node, failedAttempts: error.failedAttempts)
            return try await other(failure, repeat each input)
        }
    }
}

extension TaskBody {
    /// The same body, with one for when it has failed: it is run again then, and finds that out.
    func with(_ fallback: TaskFallback<Output, repeat each Input>) -> TaskBody {
        .asynchronous { (input: repeat each Input) in try await call(orElse: fallback, repeat each input) }
    }

    private func call(
        orElse fallback: TaskFallback<Output, repeat each Input>, _ input: repeat each Input
    ) async throws -> Output {
        if let failure = TaskContext.current?.node.failureBeforeFallback {
            return try await fallback(failure, repeat each input)
        }
        return try await call(repeat each input)
    }
}

/// An argument that is there already, whatever its type.
private struct ResolvedArgument<Value: Sendable>: Dependency {
    let value: Value
    var _futureCount: Int { 0 }
    func _register(into registrar: DependencyRegistrar) {}
    func _resolved() -> Value { value }
}
