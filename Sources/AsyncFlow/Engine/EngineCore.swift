import AsyncFlowBase
import Synchronization

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What all tasks of one engine share: identity, workers, backends, events, and how far its shutdown is.
@usableFromInline
package final class EngineCore: Sendable {
    let ordinal: UInt32
    let id: String
    let configuration: WorkflowEngine.Configuration
    let startTime = EventTime.now
    let router: BackendRouter
    /// All time comes from here.
    let timers: Timers
    let failures: Lock<FailureCounter>
    let events: EventHub
    let instrument = InstrumentSlot()
    /// What other modules keep one of per engine.
    let companions = Lock<[ObjectIdentifier: any Sendable]>([:])
    let running = RunningTasks()
    let waits = BodyWaits()
    let executions = ExecutionNotes()
    /// Looks at them; nil if nobody wants that.
    private let stallWatch = Lock<StallWatch?>(nil)
    /// What features hang on the engine.
    let parts: [any EnginePart]
    /// Those of other modules.
    let addedParts: [any EnginePart]
    private let partsByType: [ObjectIdentifier: any EnginePart]
    let runDirectory: String
    @usableFromInline let pool: WorkerPool
    private let created = PaddedCounter()
    private let ended = PaddedCounter()
    private let workflows = PaddedCounter()
    private let limits = PaddedCounter()
    let lifecycle = EngineLifecycle()
    /// The outcomes of earlier runs, if a part knows some.
    let memory: (any CallMemory)?
    /// Why a part couldn't do its work, if so.
    let partFailure = Lock<(any Error)?>(nil)

    private let memberships = Atomic<Bool>(false)
    private let ownsRunDirectory = Atomic<Bool>(false)
    private let runDirectoryLock = Lock(())
    private static let ordinals = Atomic<UInt32>(0)

    init(_ configuration: WorkflowEngine.Configuration, backends: [any Backend], parts: [any EnginePart]) throws {
        ordinal = Self.ordinals.add(1, ordering: .relaxed).newValue
        id = Self.makeID(ordinal)
        self.configuration = configuration
        if let problem = configuration.failurePolicy.problem { throw EngineError(.invalidConfiguration, problem) }
        timers = Timers(clock: EngineClock(configuration.clock))
        router = try BackendRouter(backends, timers)
        failures = Lock(FailureCounter(configuration.failurePolicy))
        addedParts = try EngineParts.make(for: configuration)
        memory = configuration.dryRun ? nil : addedParts.lazy.compactMap(\.memory).first
        let parts = parts + addedParts
        self.parts = parts
        partsByType = Dictionary(parts.map { (ObjectIdentifier(type(of: $0)), $0) }) { first, _ in first }
        pool = WorkerPool(workerCount: configuration.workers)
        // Absolute: a path in it is also right for a command with a working directory of its own.
        runDirectory = URL(filePath: configuration.workDirectory).appending(path: id).path
        events = EventHub()
        for part in parts { part.start(in: self) }
        if let patience = configuration.stallWarning, patience > .zero { watchForStalls(patience) }
    }

    /// The part of this type, if the engine has one.
    func part<Part: EnginePart>(_: Part.Type) -> Part? { partsByType[ObjectIdentifier(Part.self)] as? Part }

    /// The part of a type that every engine is made with.
    func ownPart<Part: EnginePart>(_ type: Part.Type) -> Part {
        guard let part = part(type) else { preconditionFailure("an engine was made without its \(type)") }
        return part
    }

    private func watchForStalls(_ patience: Duration) {
        let watch = StallWatch(self, patience: patience)
        stallWatch.withLock { $0 = watch }
        waits.whenUnwatched { watch.start() }
    }

    /// Returns when nobody looks for stalls any more.
    func endStallWatch() async { await stallWatch.withLock { $0 }?.end() }

    /// `flow.<UTC time>.<process id>.<ordinal>.<random>`: sorts by start, and is good as a folder's name. Two processes
    /// in two containers have the same number in the same second, hence the random part.
    private static func makeID(_ ordinal: UInt32) -> String {
        let time = Date().formatted(
            .iso8601.timeZoneSeparator(.omitted).dateSeparator(.omitted).timeSeparator(.omitted))
        let random = String(UInt64.random(in: .min ... .max), radix: 36)
        return "flow.\(time).\(ProcessInfo.processInfo.processIdentifier).\(ordinal).\(random)"
    }

    /// Makes the run directory at the first call, readable for this user alone.
    ///
    /// - Returns: its path.
    /// - Throws: ``FileError``, also if another user has made a directory of this name.
    func makeRunDirectory() throws(FileError) -> String {
        if ownsRunDirectory.load(ordering: .acquiring) { return runDirectory }
        return try runDirectoryLock.withLock { _ throws(FileError) in
            if !ownsRunDirectory.load(ordering: .acquiring) {
                try FileSystem.makeOwnDirectory(runDirectory)
                ownsRunDirectory.store(true, ordering: .releasing)
            }
            return runDirectory
        }
    }

    // MARK: - Memberships

    /// Whether any block or scope was ever entered: if not, new tasks needn't look for theirs.
    var hasMemberships: Bool { memberships.load(ordering: .acquiring) }
    func noteMembership() {
        if !memberships.load(ordering: .relaxed) { memberships.store(true, ordering: .releasing) }
    }

    // MARK: - Counting

    func makeWorkflowID() -> String { "workflow.\(workflows.increment())" }

    func makeLimitID() -> UInt64 { limits.increment() }

    func makeTaskNumber() -> UInt64 { created.increment() }

    func taskEnded() {
        ended.increment()
        if lifecycle.isWatched { checkIdle() }
    }

    /// A task has ended that a drain had refused; as such it was counted at once.
    func refusedTaskEnded() { checkIdle() }

    /// How many tasks were made and haven't ended.
    var liveTaskCount: Int {
        let ended = ended.value  // first: a task is counted as made before it is counted as ended
        return Int(created.value - ended)
    }

    func checkIdle() {
        if liveTaskCount == 0 { lifecycle.becameIdle() }
    }

    // MARK: - Admission

    var isShuttingDown: Bool { lifecycle.isStopping }
    /// Whether running bodies, too, have to stop.
    var isInterrupting: Bool { lifecycle.isInterrupting }

    /// Tells the running body of a cancelled task.
    func interrupt(_ task: TaskNode) {
        for worker in pool.workers where worker.interrupt(task) { return }
        running.interrupt(task)
    }

    /// Whether ``refusal(of:)`` has to be asked. For the path of every task.
    func mayRefuse(_ task: TaskNode) -> Bool {
        task.definition.refusal != nil || !lifecycle.isOpen || task.membership?.block?.isCancelled == true
    }

    /// Why a task that is being submitted can't run, if so.
    func refusal(of task: TaskNode) -> (any Error)? {
        if let reason = task.definition.refusal { return TaskRefusedError(reason, of: task) }
        if !lifecycle.isOpen, let error = refusalAfterOpening(of: task) { return error }
        if let block = task.membership?.block, block.isCancelled {
            return TaskCancelledError(task, cause: .block(block.taskID))
        }
        return nil
    }

    private func refusalAfterOpening(of task: TaskNode) -> TaskCancelledError? {
        if lifecycle.isStopping || lifecycle.isClosed { return TaskCancelledError(task, cause: stopCause) }
        if let caller = ExecutionContext.current?.task, caller.engine === self { return nil }
        // Nobody waits for it, however many more are called meanwhile.
        ended.increment()
        return TaskCancelledError(task, cause: .draining)
    }

    // MARK: - Events

    var isObserved: Bool { events.isFullyObserved }
}
