/// The clock that an engine uses for all its times: durations since the engine was made.
package struct EngineClock: Sendable {
    private let elapsed: @Sendable () -> Duration
    private let sleepOnce: @Sendable (Duration) async throws -> Void

    /// The longest single sleep: clocks compute with the nanoseconds since the machine was started.
    private static let longestSleep = Duration.seconds(30 * 86_400)

    /// Creates a clock that starts at zero now.
    package init(_ clock: any Clock<Duration>) { self.init(opening: clock) }

    private init<C: Clock<Duration>>(opening clock: C) {
        let start = clock.now
        elapsed = { start.duration(to: clock.now) }
        sleepOnce = { try await clock.sleep(until: start.advanced(by: $0), tolerance: nil) }
    }

    /// The time since the engine was made.
    package func now() -> Duration { elapsed() }

    /// Returns at the given time, not before.
    ///
    /// - Throws: `CancellationError` if the calling Swift task is cancelled first, or an error that the clock throws.
    package func sleep(until time: Duration) async throws {
        while case let now = elapsed(), now < time {
            try Task.checkCancellation()
            try await sleepOnce(min(time, now + Self.longestSleep))
        }
    }
}
