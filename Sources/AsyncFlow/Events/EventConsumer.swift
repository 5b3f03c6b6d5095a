package import Logging
import Synchronization

/// A reader of every event from when it is attached, on a dedicated thread.
package protocol EventConsumer: AnyObject, Sendable {
    /// Receives the next events, in order; never called concurrently.
    ///
    /// - Parameter droppedCount: the number of events that were dropped before these, because the consumer was too
    ///   slow.
    func consume(_ events: [WorkflowEvent], droppedCount: Int)
    /// Called when all events before a call of ``EventAttachment/flush()`` have been consumed.
    func flush()
    /// Called when no more events will come: the engine has ended, or the consumer was detached. The engine's shutdown
    /// waits for it to return.
    func finish()
}

extension EventConsumer {
    package func flush() {}
}

/// The policy for a consumer that doesn't keep up.
package struct EventOverflow: Sendable, Hashable {
    /// The number of events that may wait for the consumer.
    let limit: Int
    /// The time that tasks wait for a consumer that makes no progress at all. As long as it takes events, they wait
    /// until there is room, so that nothing is lost.
    let patience: Duration

    /// Drops the events for which there is no room: the run never waits.
    package static func drop(limit: Int = 1 << 20) -> EventOverflow { EventOverflow(limit: limit, patience: .zero) }
    /// Makes tasks wait for a consumer that is slow but makes progress. One that takes nothing for the given time loses
    /// events, and isn't waited for again until it has made progress.
    package static func wait(limit: Int = 1 << 18, patience: Duration = .seconds(1)) -> EventOverflow {
        EventOverflow(limit: limit, patience: patience)
    }
}

/// A consumer's place among the readers of an engine's events.
package struct EventAttachment: Sendable {
    let hub: EventHub
    let pump: EventPump
    let number: Int

    /// Returns when the consumer has received and flushed everything that happened before the call, or at its end.
    package func flush() async { await pump.flush(number) }
    /// Ends the consumer after everything that happened before the call; returns when it has finished.
    package func detach() async {
        await pump.detach(number)
        hub.removeIfIdle(pump)
    }
    /// The number of events dropped so far.
    package var droppedCount: Int { pump.droppedCount(of: number) }
}

extension WorkflowEngine {
    /// Attaches a consumer, which receives everything that happens from now on.
    package func attach(_ consumer: any EventConsumer, overflow: EventOverflow) -> EventAttachment {
        core.events.attach(consumer, overflow)
    }

    /// Installs the engine's instrument.
    ///
    /// - Returns: whether it is installed: false if there is another one.
    package func setInstrument(_ instrument: any TaskInstrument) -> Bool { core.instrument.set(instrument) }

    package func removeInstrument() { core.instrument.remove() }

    /// The logger of the engine.
    package var logger: Logger { core.configuration.logger }
    /// The time at which the engine was made.
    package var startTime: EventTime { core.startTime }
    /// The number of cores of all backends that have a capacity.
    package var coreCount: Int { core.router.coreCount }
}
