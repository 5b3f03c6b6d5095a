extension WorkflowErrorCode {
    /// The task took longer than its timeout allows, in its last attempt.
    public static let timedOut = WorkflowErrorCode("timedOut")
    /// The task had no value when its deadline passed.
    public static let deadlineExceeded = WorkflowErrorCode("deadlineExceeded")
    /// An option of the task has an invalid value.
    public static let invalidOption = WorkflowErrorCode("invalidOption")
    /// The task needed more memory than it had. For the errors of backends that can detect this.
    public static let outOfMemory = WorkflowErrorCode("outOfMemory")
    /// The worker that ran the task is gone. For the errors of backends that have workers.
    public static let workerLost = WorkflowErrorCode("workerLost")
}
