extension WorkflowTask {
    /// Returns the same task with another one as its fallback.
    ///
    /// ```swift
    /// let solve = exact.fallback(to: rough)
    /// ```
    ///
    /// When all attempts of this task have failed, or its deadline has passed, the other task is called with the same
    /// arguments, and its outcome becomes the outcome of this one. It is a separate task: it belongs to the same block
    /// and scope, appears in events, and has its own resources, retries and time limits; the timeout and the deadline
    /// of this one don't apply to it. Cancelling this one cancels it.
    ///
    /// A task that is cancelled or refused, or whose dependencies fail, doesn't use its fallback; nor does one whose
    /// deadline passes before its dependencies have ended, since there are no arguments then. A task that already has a
    /// fallback gets this one as the fallback of that.
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

    /// Returns the same task with a value as its fallback.
    ///
    /// See ``fallback(to:)`` for when it is used.
    public func fallback(_ value: Output) -> Self {
        adding(TaskFallback { (_: TaskFailedError, _: repeat each Input) in value })
    }

    /// Returns the same task with a closure as its fallback.
    ///
    /// ```swift
    /// let size = measure.fallback { (error, path: String) in
    ///     print(error)
    ///     return path.count
    /// }
    /// ```
    ///
    /// See ``fallback(to:)`` for when it is used. An error that the closure throws becomes the error of the task.
    ///
    /// - Parameter body: receives the error of the task, and its arguments. When the task is cancelled, so is the Swift
    ///   task in which the closure runs.
    public func fallback(
        _ body: @escaping @Sendable (_ error: TaskFailedError, repeat each Input) async throws -> Output
    ) -> Self {
        adding(TaskFallback(body))
    }

    private func adding(_ fallback: TaskFallback<Output, repeat each Input>) -> Self {
        with(definition.options, definition.fallback?.followed(by: fallback) ?? fallback)
    }

    /// Calls the task with the calling body's arguments, and waits for its end. The call is cancelled with the calling
    /// Swift task.
    private func valueOfCall(_ input: repeat each Input) async throws -> Output {
        try await self(repeat ResolvedArgument(value: each input)).valueOrCancel()
    }
}

/// A task's fallback.
struct TaskFallback<Output: Sendable, each Input: Sendable>: Sendable {
    private let body: @Sendable (TaskFailedError, repeat each Input) async throws -> Output

    init(_ body: @escaping @Sendable (TaskFailedError, repeat each Input) async throws -> Output) { self.body = body }

    func callAsFunction(_ error: TaskFailedError, _ input: repeat each Input) async throws -> Output {
        try await body(error, repeat each input)
    }

    /// Returns this fallback, followed by another one for when it fails.
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
    /// Returns the same body with a fallback. After a failure the body is run once more and then calls the fallback.
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

/// An argument that already has its value, whatever its type.
private struct ResolvedArgument<Value: Sendable>: Dependency {
    let value: Value
    var _futureCount: Int { 0 }
    func _register(into registrar: DependencyRegistrar) {}
    func _resolved() -> Value { value }
}
