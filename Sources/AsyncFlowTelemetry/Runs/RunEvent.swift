/// One fact about a run, to be applied to a ``RunModel``: from a line of a recording or from a running engine.
///
/// Texts and ids belong to the model that the event is applied to: create them with ``RunModel/intern(_:)`` and
/// ``RunModel/key(ofTask:)``. Unknown properties keep their defaults.
package struct RunEvent: Sendable {
    package enum Kind: UInt8, Sendable {
        case sessionStarted, sessionEnded
        case taskCreated, taskResolved, taskQueued, taskStarted, taskAttemptFailed
        case taskCompleted, taskFailed, taskCancelled, taskReused
        case taskProgress, serviceReady, serviceRestarted, serviceStopped
        case scopeStarted, scopeEnded
        case resourceSample, eventsDropped, custom
    }

    package var kind: Kind
    /// Seconds since 1970.
    package var time: Double
    package var task: RunTaskKey?
    package var name = RunText.none
    package var taskKind = RunTaskKind.unknown
    package var backend = RunText.none
    package var workflow = RunText.none
    /// The block that made the task.
    package var block: RunTaskKey?
    /// `taskCreated`: the dependencies of the task.
    package var dependencies: [RunTaskKey] = []
    /// The number of the attempt, counted from 1.
    package var attempt = 1
    /// `taskStarted`: the backend's worker that runs the task.
    package var worker: Int?
    /// `taskStarted`: the cores that were granted to the task.
    package var cores: Double?
    /// `taskStarted`: the cause of the wait after the dependencies were resolved.
    package var waitedFor: RunWait?
    /// Ends of tasks: the seconds from start to end, if the recording has them.
    package var duration: Double?
    package var cpuSeconds: Double?
    package var peakMemoryBytes: Double?
    package var failure: RunFailureText?
    /// Starts and ends of tasks that run commands or have files.
    package var execution: RunExecution?
    package var retryDelay: Double?
    package var droppedCount = 0
    package var progress: Double?
    package var sample: RunSample?
    package var session: RunSessionFacts?

    package init(kind: Kind, time: Double, task: RunTaskKey? = nil) {
        self.kind = kind
        self.time = time
        self.task = task
    }
}

package enum RunTaskKind: UInt8, Sendable, CaseIterable {
    case unknown, function, portable, executable, prompt, block, service

    package var text: String {
        switch self {
        case .unknown: "task"
        case .function: "function"
        case .portable: "portable"
        case .executable: "executable"
        case .prompt: "prompt"
        case .block: "block"
        case .service: "service"
        }
    }
}

package enum RunState: UInt8, Sendable, CaseIterable {
    case waiting, queued, running, done, failed, cancelled

    package var isFinal: Bool { rawValue >= Self.done.rawValue }
    package var text: String {
        switch self {
        case .waiting: "waiting"
        case .queued: "queued"
        case .running: "running"
        case .done: "done"
        case .failed: "failed"
        case .cancelled: "cancelled"
        }
    }
}

/// The reason that a task didn't run yet.
package enum RunWait: UInt8, Sendable, CaseIterable {
    case dependencies, workers, resources, limit, rate, retry

    // Written out, because finding a case's name by reflection takes longer than reading a line.
    package var text: String {
        switch self {
        case .dependencies: "dependencies"
        case .workers: "workers"
        case .resources: "resources"
        case .limit: "limit"
        case .rate: "rate"
        case .retry: "retry"
        }
    }
}

package struct RunFailureText: Sendable, Equatable {
    package var type: String
    package var message: String
    package var stderrTail: String

    package init(type: String = "", message: String = "", stderrTail: String = "") {
        self.type = type
        self.message = message
        self.stderrTail = stderrTail
    }
}

/// The measurements of a node or a GPU at one moment.
package struct RunSample: Sendable, Equatable {
    package enum Measure: Int, CaseIterable, Sendable {
        case cpu, memory, gpu, diskRead, diskWrite, netSent, netReceived, coresUsed, tasksRunning
    }

    package var node = ""
    package var gpu: Int?
    /// The values by ``Measure``; NaN if unknown.
    package var values = [Double](repeating: .nan, count: Measure.allCases.count)

    package init(node: String = "", gpu: Int? = nil) {
        self.node = node
        self.gpu = gpu
    }

    package subscript(measure: Measure) -> Double {
        get { values[measure.rawValue] }
        set { values[measure.rawValue] = newValue }
    }
}

package struct RunSessionFacts: Sendable, Equatable {
    package var id = ""
    package var host = ""
    package var version = ""
    package var arguments: [String] = []
    package var cores: Double?
    package var memoryBytes: Double?
    package var processID: Int?

    package init() {}
}
