/// The kinds of events in a recording, with the names in its lines.
///
/// Programs for the recordings of RADICAL AsyncFlow and RHAPSODY treat every event whose name begins with `Task` as a
/// step of a task's only attempt. Events that they don't know therefore have other names: steps of later attempts,
/// steps of blocks, and ends of tasks that never began, each of which would permanently distort their curves of running
/// tasks.
enum RecordedEvent: CaseIterable {
    case sessionStarted, sessionEnded, scopeStarted, scopeEnded
    case taskCreated, taskResolved, taskSubmitted, taskQueued, taskStarted, taskCompleted, taskFailed, taskCanceled
    case taskFailedUnstarted, taskCanceledUnstarted, taskReused
    case attemptQueued, attemptStarted, attemptFailed
    case blockCreated, blockResolved, blockQueued, blockStarted, blockCompleted, blockFailed, blockCanceled
    case taskProgress, fileProgress, serviceReady, serviceRestarted, serviceStopped
    case resourceUpdate, eventsDropped
    /// A user's event, which brings its name with it.
    case custom

    var name: StaticString {
        switch self {
        case .sessionStarted: "SessionStarted"
        case .sessionEnded: "SessionEnded"
        case .scopeStarted: "asyncflow.ScopeStarted"
        case .scopeEnded: "asyncflow.ScopeEnded"
        case .taskCreated: "TaskCreated"
        case .taskResolved: "asyncflow.TaskResolved"
        case .taskSubmitted: "TaskSubmitted"
        case .taskQueued: "TaskQueued"
        case .taskStarted: "TaskStarted"
        case .taskCompleted: "TaskCompleted"
        case .taskFailed: "TaskFailed"
        case .taskCanceled: "TaskCanceled"
        case .taskFailedUnstarted: "asyncflow.TaskFailedUnstarted"
        case .taskCanceledUnstarted: "asyncflow.TaskCanceledUnstarted"
        case .taskReused: "asyncflow.TaskReused"
        case .attemptQueued: "asyncflow.TaskAttemptQueued"
        case .attemptStarted: "asyncflow.TaskAttemptStarted"
        case .attemptFailed: "asyncflow.TaskAttemptFailed"
        case .blockCreated: "asyncflow.BlockCreated"
        case .blockResolved: "asyncflow.BlockResolved"
        case .blockQueued: "asyncflow.BlockQueued"
        case .blockStarted: "asyncflow.BlockStarted"
        case .blockCompleted: "asyncflow.BlockCompleted"
        case .blockFailed: "asyncflow.BlockFailed"
        case .blockCanceled: "asyncflow.BlockCanceled"
        case .taskProgress: "asyncflow.TaskProgress"
        case .fileProgress: "asyncflow.FileProgress"
        case .serviceReady: "asyncflow.ServiceReady"
        case .serviceRestarted: "asyncflow.ServiceRestarted"
        case .serviceStopped: "asyncflow.ServiceStopped"
        case .resourceUpdate: "ResourceUpdate"
        case .eventsDropped: "asyncflow.EventsDropped"
        case .custom: "custom"
        }
    }

    /// The kind of event for a reader; nil for one that tells a reader nothing new.
    var kind: RunEvent.Kind? {
        switch self {
        case .sessionStarted: .sessionStarted
        case .sessionEnded: .sessionEnded
        case .scopeStarted: .scopeStarted
        case .scopeEnded: .scopeEnded
        case .taskCreated, .blockCreated: .taskCreated
        case .taskResolved, .blockResolved: .taskResolved
        case .taskQueued, .attemptQueued, .blockQueued: .taskQueued
        case .taskStarted, .attemptStarted, .blockStarted: .taskStarted
        case .attemptFailed: .taskAttemptFailed
        case .taskCompleted, .blockCompleted: .taskCompleted
        case .taskFailed, .taskFailedUnstarted, .blockFailed: .taskFailed
        case .taskCanceled, .taskCanceledUnstarted, .blockCanceled: .taskCancelled
        case .taskProgress: .taskProgress
        case .serviceReady: .serviceReady
        case .serviceRestarted: .serviceRestarted
        case .serviceStopped: .serviceStopped
        case .resourceUpdate: .resourceSample
        case .eventsDropped: .eventsDropped
        case .taskReused: .taskReused
        case .taskSubmitted, .fileProgress, .custom: nil
        }
    }
}
