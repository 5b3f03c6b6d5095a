import AsyncFlowBase
import Synchronization

extension EngineCore {
    /// Returns the engine's only instance of this type, created on first use.
    func companion<Companion: AnyObject & Sendable>(_: Companion.Type, make: () -> Companion) -> Companion {
        companions.withLock { companions in
            let key = ObjectIdentifier(Companion.self)
            if let companion = companions[key] as? Companion { return companion }
            let companion = make()
            companions[key] = companion
            return companion
        }
    }
}

extension WorkflowEngine {
    /// Returns the engine's only instance of this type, created on first use.
    package func companion<Companion: AnyObject & Sendable>(_ type: Companion.Type, make: () -> Companion) -> Companion
    {
        core.companion(type, make: make)
    }
}

extension TaskContext {
    /// Returns the only instance of this type of the task's engine. For backends, which are in the engine's process.
    package func companion<Companion: AnyObject & Sendable>(_ type: Companion.Type, make: () -> Companion) -> Companion
    {
        engineCore.companion(type, make: make)
    }
}

extension TaskFuture {
    /// Returns the only instance of this type of the task's engine.
    package func companion<Companion: AnyObject & Sendable>(_ type: Companion.Type, make: () -> Companion) -> Companion
    {
        node.definition.engine.companion(type, make: make)
    }
}
