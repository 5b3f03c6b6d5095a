extension TaskNode {
    /// The task's name and id, for errors.
    var failedTask: DependencyFailureError.FailedTask { .init(name: definition.name, id: id) }
}

extension TaskFailedError {
    init(
        _ error: any Error, of task: TaskNode, failedAttempts: [AttemptFailure] = [], bodyError: (any Error)? = nil
    ) {
        self.init(error, task.id, task.definition.name, failedAttempts: failedAttempts, bodyError: bodyError)
    }
}

extension TaskCancelledError {
    init(_ task: TaskNode, cause: Cause) { self.init(task.id, task.definition.name, cause: cause) }
}

extension TaskRefusedError {
    init(_ reason: RefusalReason, of task: TaskNode, cause: (any Error)? = nil) {
        self.init(reason, task.id, task.definition.name, cause: cause)
    }
}

extension DependencyFailureError {
    /// - Parameter failed: the direct dependencies that have failed so far, at least one.
    init(of task: TaskNode, because failed: [TaskNode]) {
        self.init(of: task.failedTask, because: failed.map(\.failedTask), error: failed[0].content.error)
    }
}
