import AsyncFlowBase
import Synchronization

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The state that all tasks of one engine share: identity, threads, backends, events, and the progress of its shutdown.
@usableFromInline
package final class EngineCore: Sendable {
    let ordinal: UInt32
    let id: String
    let configuration: WorkflowEngine.Configuration
    let startTime = EventTime.now
    let router: BackendRouter
    /// The timers, and the source of all times.
    let timers: Timers
    let failures: Lock<FailureCounter>
    let events: EventHub
    let instrument = InstrumentSlot()
    /// The objects of which other modules keep one per engine.
    let companions = Lock<[ObjectIdentifier: any Sendable]>([:])
    let running = RunningTasks()
    let waits = BodyWaits()
    let executions = ExecutionNotes()
    /// The watch for stalls; nil if none is wanted.
    private let stallWatch = Lock<StallWatch?>(nil)
    /// The features attached to the engine.
    let parts: [any EnginePart]
    /// The features that other modules attached.
    let addedParts: [any EnginePart]
    private let partsByType: [ObjectIdentifier: any EnginePart]
    let runDirectory: String
    @usableFromInline let pool: WorkerPool
    private let created = PaddedCounter()
    private let ended = PaddedCounter()
    private let workflows = PaddedCounter()
    private let limits = PaddedCounter()
    let lifecycle = EngineLifecycle()
    /// The outcomes of earlier runs, if a part has any.
    let memory: (any CallMemory)?
    /// The error of a part that couldn't do its work.
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
        // An absolute path is also right for a command with another working directory.
        runDirectory = URL(filePath: configuration.workDirectory).appending(path: id).path
        events = EventHub()
        for part in parts { part.start(in: self) }
        if let patience = configuration.stallWarning, patience > .zero { watchForStalls(patience) }
    }

    /// Returns the part of this type, if the engine has one.
    func part<Part: EnginePart>(_: Part.Type) -> Part? { partsByType[ObjectIdentifier(Part.self)] as? Part }

    /// Returns the part of a type that every engine has.
    func ownPart<Part: EnginePart>(_ type: Part.Type) -> Part {
        guard let part = part(type) else { preconditionFailure("an engine was made without its \(type)") }
        return part
    }

    private func watchForStalls(_ patience: Duration) {
        let watch = StallWatch(self, patience: patience)
        stallWatch.withLock { $0 = watch }
        waits.whenUnwatched { watch.start() }
    }

    /// Returns when the watch for stalls has ended.
    func endStallWatch() async { await stallWatch.withLock { $0 }?.end() }

    /// Returns an id, `flow.<UTC time>.<process id>.<ordinal>.<random>`, which sorts by start and is valid as a
    /// directory's name. The random part is needed because two processes in two containers may have the same number in
    /// the same second.
    private static func makeID(_ ordinal: UInt32) -> String {
        let time = Date().formatted(
            .iso8601.timeZoneSeparator(.omitted).dateSeparator(.omitted).timeSeparator(.omitted))
        let random = String(UInt64.random(in: .min ... .max), radix: 36)
        return "flow.\(time).\(ProcessInfo.processInfo.processIdentifier).\(ordinal).\(random)"
    }

    /// Creates the run directory at the first call, readable for this user only.
    ///
    /// - Returns: its path.
    /// - Throws: ``FileError``, also if another user has made a directory with this name.
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

    /// Whether any block or scope was ever entered; if not, new tasks needn't look for theirs.
    var hasMemberships: Bool { memberships.load(ordering: .acquiring) }
    func noteMembership() {
        if !memberships.load(ordering: .relaxed) { memberships.store(true, ordering: .releasing) }
    }

    // MARK: - Counting

    func makeWorkflowID() -> String { "workflow.\(workflows.increment())" }

    func makeLimitID() -> UInt64 { limits.increment() }

    func makeTaskNumber() -> UInt64 { created.increment() }

    /// The number of tasks made so far.
    var createdTaskCount: UInt64 { created.value }

    func taskEnded() {
        ended.increment()
        if lifecycle.isWatched { checkIdle() }
    }

    /// Notes the end of a task that a drain had refused; it was counted as ended when it was refused.
    func refusedTaskEnded() { checkIdle() }

    /// The number of tasks that were made and haven't ended.
    var liveTaskCount: Int {
        let ended = ended.value  // first: a task is counted as made before it is counted as ended
        return Int(created.value - ended)
    }

    func checkIdle() {
        if liveTaskCount == 0 { lifecycle.becameIdle() }
    }

    // MARK: - Admission

    var isShuttingDown: Bool { lifecycle.isStopping }
    /// Whether running bodies have to stop, too.
    var isInterrupting: Bool { lifecycle.isInterrupting }

    /// Interrupts the running body of a cancelled task.
    func interrupt(_ task: TaskNode) {
        for worker in pool.workers where worker.interrupt(task) { return }
        running.interrupt(task)
    }

    /// Returns whether ``refusal(of:)`` has to be called. It is cheap, because it is called for every task.
    func mayRefuse(_ task: TaskNode) -> Bool {
        task.definition.refusal != nil || !lifecycle.isOpen || task.membership?.block?.isCancelled == true
    }

    /// Returns the error of a task that is being submitted and can't run.
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
        // The drain doesn't wait for it, however many more are called in the meantime.
        ended.increment()
        return TaskCancelledError(task, cause: .draining)
    }

    // MARK: - Events

    var isObserved: Bool { events.isFullyObserved }
}
