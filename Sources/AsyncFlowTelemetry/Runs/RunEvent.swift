/// One fact about a run, as a ``RunModel`` takes it in: from a line of a recording or from a running engine.
///
/// Texts and ids belong to the model that is to apply the event: make them with ``RunModel/intern(_:)`` and
/// ``RunModel/key(ofTask:)``. What isn't known is left as it is.
package struct RunEvent: Sendable {
    package enum Kind: UInt8, Sendable {
        case sessionStarted, sessionEnded
        case taskCreated, taskResolved, taskQueued, taskStarted, taskAttemptFailed
        case taskCompleted, taskFailed, taskCancelled
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
    /// `taskCreated`: what the task depends on.
    package var dependencies: [RunTaskKey] = []
    /// Counted from 1.
    package var attempt = 1
    /// `taskStarted`: which of the backend's workers runs it.
    package var worker: Int?
    /// `taskStarted`: what it was given.
    package var cores: Double?
    /// `taskStarted`: what it waited for after its dependencies were there.
    package var waitedFor: RunWait?
    /// Ends of tasks: from start to end in seconds, where the recording says so.
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

/// Why a task didn't run yet.
package enum RunWait: UInt8, Sendable, CaseIterable {
    case dependencies, workers, resources, limit, rate, retry

    // Spelled out: a case's name by reflection takes longer than reading a line.
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

/// What a node or a GPU did at one moment.
package struct RunSample: Sendable, Equatable {
    package enum Measure: Int, CaseIterable, Sendable {
        case cpu, memory, gpu, diskRead, diskWrite, netSent, netReceived, coresUsed, tasksRunning
    }

    package var node = ""
    package var gpu: Int?
    /// By ``Measure``; NaN is not known.
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
