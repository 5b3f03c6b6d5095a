package import Logging
import Synchronization

/// Reads every event from when it is attached on, on a thread of its own.
package protocol EventConsumer: AnyObject, Sendable {
    /// The next events, in their order; never called concurrently.
    ///
    /// - Parameter droppedCount: how many were left out before these, because this consumer was too slow.
    func consume(_ events: [WorkflowEvent], droppedCount: Int)
    /// All events before the call of ``EventAttachment/flush()`` have been consumed.
    func flush()
    /// Nothing more comes: the engine has ended, or the consumer was detached. The engine's shutdown waits for the
    /// return.
    func finish()
}

extension EventConsumer {
    package func flush() {}
}

/// What happens when a consumer doesn't keep up.
package struct EventOverflow: Sendable, Hashable {
    /// How many events may wait for it.
    let limit: Int
    /// How long tasks wait for it, as long as it does nothing at all. As long as it takes events they wait until there
    /// is room, so that nothing is lost.
    let patience: Duration

    /// Leaves out what there is no room for: the run never waits.
    package static func drop(limit: Int = 1 << 20) -> EventOverflow { EventOverflow(limit: limit, patience: .zero) }
    /// Has tasks wait for a consumer that is slow, but works; one that takes nothing for so long loses events, and
    /// isn't waited for again until it has gone on.
    package static func wait(limit: Int = 1 << 18, patience: Duration = .seconds(1)) -> EventOverflow {
        EventOverflow(limit: limit, patience: patience)
    }
}

/// A consumer's place among the readers of an engine's events.
package struct EventAttachment: Sendable {
    let hub: EventHub
    let pump: EventPump
    let number: Int

    /// Returns when the consumer has been given, and has flushed, all that happened before the call; or at its end.
    package func flush() async { await pump.flush(number) }
    /// Ends the consumer, after what happened before the call; returns when it has finished.
    package func detach() async {
        await pump.detach(number)
        hub.removeIfIdle(pump)
    }
    /// How many events were left out so far.
    package var droppedCount: Int { pump.droppedCount(of: number) }
}

extension WorkflowEngine {
    /// Has a consumer read what happens from now on.
    package func attach(_ consumer: any EventConsumer, overflow: EventOverflow) -> EventAttachment {
        core.events.attach(consumer, overflow)
    }

    /// Makes the instrument that of the engine.
    ///
    /// - Returns: whether there was no other.
    package func setInstrument(_ instrument: any TaskInstrument) -> Bool { core.instrument.set(instrument) }

    package func removeInstrument() { core.instrument.remove() }

    /// The logger of the engine.
    package var logger: Logger { core.configuration.logger }
    /// When the engine was made.
    package var startTime: EventTime { core.startTime }
    /// The cores that all its backends have together, as far as they say.
    package var coreCount: Int { core.router.coreCount }
}
