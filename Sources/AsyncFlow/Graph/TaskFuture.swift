/// The handle of a task, which a call returns at once, to be awaited or passed to other tasks as an argument.
///
/// A future of `Int` may be passed wherever a task takes an `Int`. Dropping it doesn't cancel the task.
public struct TaskFuture<Value: Sendable>: Sendable {
    @usableFromInline let node: TaskNode

    @inlinable
    init(_ node: TaskNode) { self.node = node }

    /// The task's id, unique within its engine.
    public var id: TaskID { node.id }
    /// The name of the task's definition.
    public var name: String { node.definition.name }
    /// The kind of the task.
    public var kind: TaskKind { node.definition.kind }
    /// The id of the workflow to which the task belongs, if it was made in a workflow scope or has the `workflow`
    /// option.
    public var workflowID: String? { node.membership?.workflowID }
    /// The id of the block to which the task belongs, if any.
    public var blockID: TaskID? { node.membership?.block?.taskID }

    /// The current state of the task.
    public var state: TaskState { TaskState(node.currentPhase) }

    /// The attempt that had its turn last, starting at 1; 0 before the first. Only ``TaskOption/retry(_:)`` allows more
    /// than one.
    public var attempt: Int { node.attempt }
    /// The attempts that have failed so far, in order; of very many, the first one and the latest ones. Empty for a
    /// task without retries, timeout, deadline and fallback.
    public var failedAttempts: [AttemptFailure] { node.failedAttempts }

    /// The task's value, once it has one.
    ///
    /// If the awaiting Swift task is cancelled, this throws at once, and the work continues.
    ///
    /// - Throws: a ``WorkflowError`` that names the task: ``TaskFailedError``, ``DependencyFailureError``,
    ///   ``TaskCancelledError`` or ``TaskRefusedError``; or `CancellationError` if the awaiting Swift task was
    ///   cancelled.
    @inlinable
    public var value: Value {
        get async throws {
            if !node.hasEnded { try await node.waitForEnd() }
            if let error = node.error { throw error }
            return node.content.value(as: Value.self)
        }
    }

    /// Returns the task's value, once it has one, and cancels the task if the awaiting Swift task is cancelled: for
    /// work that nobody else needs.
    ///
    /// It returns or throws only when the task has ended; after a cancellation, only when the running body has stopped.
    ///
    /// - Throws: the same as ``value``; ``TaskCancelledError`` if the task was cancelled.
    public func valueOrCancel() async throws -> Value {
        try await withTaskCancellationHandler {
            try await result.get()
        } onCancel: {
            cancel()
        }
    }

    /// The task's outcome, once it has ended. Waits even if the awaiting Swift task is cancelled.
    public var result: Result<Value, any Error> {
        get async {
            await node.waitForEndUncancellably()
            return outcome
        }
    }

    /// The task's outcome; nil if it hasn't ended.
    public var currentResult: Result<Value, any Error>? { node.hasEnded ? outcome : nil }

    /// The task's outcome. Only after the end.
    private var outcome: Result<Value, any Error> {
        if let error = node.error { return .failure(error) }
        return .success(node.content.value(as: Value.self))
    }

    /// Cancels the task, and with it its dependents and, if it is a block, its members to any depth.
    ///
    /// A task that hasn't begun ends at once. A running one is interrupted: its Swift task is cancelled; a command's
    /// process group gets SIGTERM and, after the grace period, SIGKILL. Its state becomes ``TaskState/cancelled`` only
    /// when it has really stopped. A synchronous body can check ``TaskContext/isCancelled``. Calling this again, or
    /// after the end, does nothing.
    ///
    /// When this returns true, the task will never have a value. If none of the task's bodies was running, which
    /// includes the pause between two attempts, ``state`` is ``TaskState/cancelled``. Otherwise it is
    /// ``TaskState/running`` until the body has stopped, and then ``TaskState/cancelled``. ``result`` becomes available
    /// a moment after the state.
    ///
    /// - Returns: whether this call is the one that cancelled the task.
    @discardableResult
    public func cancel() -> Bool { node.cancel(.requested(nil)) }

    /// Calls a closure once, when the task ends or, if it has already ended, at once.
    ///
    /// - Parameter body: receives the task's outcome. It runs on the thread that ended the task, so it must be quick
    ///   and must not block.
    public func onCompletion(_ body: @escaping @Sendable (Result<Value, any Error>) -> Void) {
        CompletionCallback { body(outcome) }.observe(node)
    }
}

extension TaskFuture: Dependency {
    @inlinable public var _futureCount: Int { 1 }
    @inlinable public func _register(into registrar: DependencyRegistrar) { registrar.add(node) }
    @inlinable public func _resolved() -> Value { node.content.value(as: Value.self) }

    @inlinable public static func _futureCount(of elements: UnsafeBufferPointer<Self>) -> Int { elements.count }
    @inlinable public static func _register(
        _ elements: UnsafeBufferPointer<Self>, into registrar: DependencyRegistrar
    ) {
        for index in elements.indices { registrar.add(elements[index].node) }
    }
    @inlinable public static func _resolved(_ elements: UnsafeBufferPointer<Self>) -> [Value] {
        Array(unsafeUninitializedCapacity: elements.count) { values, count in
            for index in elements.indices {
                (values.baseAddress! + index).initialize(to: elements[index].node.content.value(as: Value.self))
            }
            count = elements.count
        }
    }
}

extension TaskFuture: Hashable {
    public static func == (a: TaskFuture, b: TaskFuture) -> Bool { a.node === b.node }
    public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(node)) }
}

extension TaskFuture: CustomStringConvertible {
    /// For example `align (task.000042, running)`.
    public var description: String { "\(name) (\(id), \(state))" }
}
