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
}

extension EngineCore {
    /// Ends the parts: first the engine's own ones, then those of other modules in reverse order.
    func finishParts() async {
        for part in parts.dropLast(addedParts.count) + addedParts.reversed() {
            do { try await part.finish() } catch { partFailure.withLock { $0 = $0 ?? error } }
        }
    }

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
