import AsyncFlowBase

/// A feature that lives as long as an engine and is attached to it from outside of the core: files, services, a dry
/// run's report, the log, a journal.
package protocol EnginePart: AnyObject, Sendable {
    /// The outcomes of earlier runs, if the part has any.
    var memory: (any CallMemory)? { get }
    /// Called once, while the engine is being made and nobody has it yet.
    func start(in engine: EngineCore)
    /// Called once, when the engine has been made; only for parts of other modules.
    func begin(_ engine: EngineSeat)
    /// Called when everything that runs is being cancelled.
    func interrupt()
    /// Called once, when all tasks have ended, but timers and backends haven't.
    func tasksEnded() async
    /// Called once, when all tasks, timers and backends have ended, before the engine counts as ended.
    ///
    /// - Throws: the error that the program that runs the engine has to report.
    func finish() async throws
}

extension EnginePart {
    package var memory: (any CallMemory)? { nil }
    package func start(in engine: EngineCore) {}
    package func begin(_ engine: EngineSeat) {}
    package func interrupt() {}
    package func tasksEnded() async {}
    package func finish() async throws {}
}

/// A maker of a part for each engine that is configured with it.
package protocol EnginePartMaker: Sendable {
    /// Makes the part of an engine.
    ///
    /// - Returns: the part; nil if this engine doesn't need it.
    /// - Throws: an error if the engine can't be made because of it.
    func makePart(for configuration: WorkflowEngine.Configuration) throws -> (any EnginePart)?
}

/// The engine as its parts see it.
package struct EngineSeat: Sendable {
    private weak var core: EngineCore?

    init(_ core: EngineCore) { self.core = core }

    package var engineID: String { core?.id ?? "" }

    /// Cancels everything, so that nothing new begins.
    ///
    /// - Parameter reason: the reason, for the errors of the tasks.
    package func halt(because reason: String) { core?.halt(because: reason) }

    /// The time since the engine was made, by its clock.
    package var elapsed: Duration { core?.timers.now() ?? .zero }

    /// Calls an action at a time of the engine's clock, or at once if that is over; never after the engine's end. The
    /// action has to be short and must not block.
    ///
    /// - Returns: takes the timer back, if it hasn't gone off.
    package func schedule(at time: Duration, _ action: @escaping @Sendable () -> Void) -> @Sendable () -> Void {
        guard let timers = core?.timers else { return {} }
        let timer = timers.schedule(at: time, action)
        return { timers.cancel(timer) }
    }

    /// Looks whether nothing goes on in the engine but some tasks that wait for the outside: every other task waits for
    /// one of them, directly or not.
    ///
    /// - Parameters:
    ///   - waiting: the numbers of the tasks that wait.
    ///   - timers: the number of timers that belong to them.
    /// - Returns: a number that changes when tasks are called; nil if something goes on.
    package func quietMark(besides waiting: Set<UInt64>, timers: Int) -> UInt64? {
        guard let core, core.timers.count <= timers, core.pool.idle.areAll,
            let waits = core.waits.all(atMost: 20_000)
        else { return nil }
        let awaiting = Set(waits.map(\.task.number))
        let isQuiet = core.running.all.allSatisfy {
            waiting.contains($0.number) || awaiting.contains($0.number) || $0.currentPhase.isTerminal
        }
        return isQuiet ? core.createdTaskCount : nil
    }
}

/// The makers of parts that every engine of this process gets without being configured with them.
package enum EngineParts {
    private static let registered = Lock<[any EnginePartMaker]>([])

    /// Registers a maker for every engine that is made from now on.
    package static func register(_ maker: any EnginePartMaker) { registered.withLock { $0.append(maker) } }

    static func make(for configuration: WorkflowEngine.Configuration) throws -> [any EnginePart] {
        try (configuration.parts + registered.withLock { $0 }).compactMap { try $0.makePart(for: configuration) }
    }
}

extension WorkflowEngine {
    /// The outcomes of earlier runs, if a part of the engine has any.
    package var memory: (any CallMemory)? { core.memory }

    /// The engine as its parts see it.
    package var seat: EngineSeat { EngineSeat(core) }
}

extension EngineCore {
    /// Ends the parts: first the engine's own ones, then those of other modules in reverse order.
    func finishParts() async {
        for part in parts.dropLast(addedParts.count) + addedParts.reversed() {
            do { try await part.finish() } catch { partFailure.withLock { $0 = $0 ?? error } }
        }
    }

    /// Why a part has ended the run, if one has.
    var endByPart: (any ExitCodeError)? { partFailure.withLock { $0 } as? any ExitCodeError }

    /// Throws the error of a part that couldn't do its work, if there is one.
    func checkParts() throws {
        if let failure = partFailure.withLock({ $0 }) { throw failure }
    }

    /// Cancels everything, although the engine isn't shut down.
    func halt(because reason: String) {
        lifecycle.halt(because: reason)
        cancelRunning()
    }
}
