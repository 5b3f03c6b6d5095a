import AsyncFlowBase
import Synchronization

extension EngineCore {
    /// The one object of its type that this engine has: made when it is first asked for.
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
    /// The one object of its type that this engine has: made when it is first asked for.
    package func companion<Companion: AnyObject & Sendable>(_ type: Companion.Type, make: () -> Companion) -> Companion
    {
        core.companion(type, make: make)
    }
}

extension TaskContext {
    /// The one object of its type that the task's engine has. For backends: they are where the engine is.
    package func companion<Companion: AnyObject & Sendable>(_ type: Companion.Type, make: () -> Companion) -> Companion
    {
        engineCore.companion(type, make: make)
    }
}

extension TaskFuture {
    /// The one object of its type that the task's engine has.
    package func companion<Companion: AnyObject & Sendable>(_ type: Companion.Type, make: () -> Companion) -> Companion
    {
        node.definition.engine.companion(type, make: make)
    }
}
