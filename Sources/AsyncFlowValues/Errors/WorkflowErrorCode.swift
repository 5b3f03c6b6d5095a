/// The kind of a ``WorkflowError``. New codes may be added.
public struct WorkflowErrorCode: Sendable, Hashable, CustomStringConvertible {
    /// The code's name, as it stands in logs and events, for example `taskFailed`.
    public let description: String

    package init(_ name: String) { description = name }

    /// The body threw, or the task's command or prompt failed.
    public static let taskFailed = WorkflowErrorCode("taskFailed")
    /// A dependency failed, so that the task never ran.
    public static let dependencyFailed = WorkflowErrorCode("dependencyFailed")
    /// The task was cancelled.
    public static let cancelled = WorkflowErrorCode("cancelled")
    /// No backend has the name that the task requests.
    public static let unknownBackend = WorkflowErrorCode("unknownBackend")
    /// The backend can't run this kind of task.
    public static let unsupportedByBackend = WorkflowErrorCode("unsupportedByBackend")
    /// The task needs more than its backend has.
    public static let insufficientResources = WorkflowErrorCode("insufficientResources")
    /// The backend didn't start, so that none of its tasks can run.
    public static let backendUnavailable = WorkflowErrorCode("backendUnavailable")
    /// The prompt has no text.
    public static let emptyPrompt = WorkflowErrorCode("emptyPrompt")
    /// The task's files can't be in one directory, or a name isn't a valid file name.
    public static let invalidFiles = WorkflowErrorCode("invalidFiles")
    /// The output of a task can't be read line by line.
    public static let outputNotStreamed = WorkflowErrorCode("outputNotStreamed")
    /// A dry run has no value to stand in for this task's output.
    public static let noDryRunValue = WorkflowErrorCode("noDryRunValue")
    /// A service ended by itself, wasn't ready in time, or was stopped while it was in use.
    public static let serviceFailed = WorkflowErrorCode("serviceFailed")
    /// The engine was given an invalid configuration.
    public static let invalidConfiguration = WorkflowErrorCode("invalidConfiguration")
    /// The task took longer than its timeout allows, in its last attempt.
    public static let timedOut = WorkflowErrorCode("timedOut")
    /// The task had no value when its deadline was over.
    public static let deadlineExceeded = WorkflowErrorCode("deadlineExceeded")
    /// An option of the task has a value that can't work.
    public static let invalidOption = WorkflowErrorCode("invalidOption")
    /// The task needed more memory than it had. For the errors of backends that can tell.
    public static let outOfMemory = WorkflowErrorCode("outOfMemory")
    /// The worker that ran the task is gone. For the errors of backends that have workers.
    public static let workerLost = WorkflowErrorCode("workerLost")
    /// A command couldn't be started, exited with a code other than 0, or was ended by a signal.
    public static let commandFailed = WorkflowErrorCode("commandFailed")
    /// A file or directory couldn't be found, read, copied or written.
    public static let fileFailed = WorkflowErrorCode("fileFailed")
    /// A value can't be encoded, or what was read can't be decoded.
    public static let invalidValue = WorkflowErrorCode("invalidValue")
    /// A recording, a journal, an exporter or a page can't be opened or written.
    public static let outputUnavailable = WorkflowErrorCode("outputUnavailable")
}
