package import AsyncFlow
import AsyncFlowBase

/// The metrics of a run since the meter was attached. Its memory is bounded by 256 names of tasks.
package struct RunMeter: Sendable {
    package private(set) var submitted = 0
    package private(set) var started = 0
    package private(set) var completed = 0
    /// The tasks whose value an earlier run recorded.
    package private(set) var reused = 0
    package private(set) var failed = 0
    package private(set) var canceled = 0
    package private(set) var running = 0
    /// The durations of tasks that have started and ended, by name, each from the start of the last attempt.
    package private(set) var durations: [String: BucketedNumbers] = [:]
    /// The metrics about the answers of models.
    package private(set) var prompts = PromptMeter()
    /// The latest measurements of the computer.
    package var load = MachineLoad()

    /// The maximum number of names that are counted separately.
    package static let nameLimit = 256
    /// The name under which the tasks of all further names are counted.
    package static let otherNames = "(other)"

    package init() {}

    package mutating func apply(_ step: MeterStep) {
        switch step {
        case .submitted: submitted += 1
        case .started(let isFirst):
            if isFirst { started += 1 }
            running += 1
        case .paused: running -= 1
        case .reused: reused += 1
        case .answered(let answer): prompts.add(answer)
        case .ended(let outcome, let name, let seconds):
            switch outcome {
            case .completed: completed += 1
            case .failed: failed += 1
            case .canceled: canceled += 1
            }
            guard let seconds else { return }
            running -= 1
            let isKnown = durations[name] != nil || durations.count < Self.nameLimit
            durations[isKnown ? name : Self.otherNames, default: BucketedNumbers(.seconds)].add(seconds)
        }
    }
}

/// The utilisation of a computer.
package struct MachineLoad: Sendable, Hashable {
    /// The CPU utilisation in percent; nil if it isn't known.
    package var cpu: Double?
    package var memory: Double?
    /// The utilisation of each GPU in percent, by the GPU's number.
    package var gpus: [Int: Double] = [:]

    package init() {}

    package mutating func add(_ sample: TelemetrySample) {
        if let gpu = sample.gpuID {
            gpus[gpu] = sample.gpuPercent
        } else {
            cpu = sample.cpuPercent ?? cpu
            memory = sample.memoryPercent ?? memory
        }
    }
}

/// A meter that follows an engine.
package final class LiveMeter: EventConsumer {
    private struct State {
        var clock = TaskClock()
        var meter = RunMeter()
    }
    private let state = Lock(State())
    private let ended: @Sendable () -> Void

    /// - Parameter ended: called when the engine has ended; the engine waits for it.
    package init(ended: @escaping @Sendable () -> Void = {}) { self.ended = ended }

    package var meter: RunMeter { state.withLock { $0.meter } }

    package func add(_ sample: TelemetrySample) { state.withLock { $0.meter.load.add(sample) } }

    package func consume(_ events: [WorkflowEvent], droppedCount: Int) {
        state.withLock { state in
            for event in events {
                if let step = state.clock.apply(event) { state.meter.apply(step) }
            }
        }
    }

    package func finish() { ended() }
}
