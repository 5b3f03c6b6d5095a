/// The one clock that an engine takes all its time from: durations since the engine was made.
struct EngineClock: Sendable {
    private let elapsed: @Sendable () -> Duration
    private let sleepOnce: @Sendable (Duration) async throws -> Void

    /// No single sleep is longer: clocks compute with the nanoseconds of the time since the machine was started.
    private static let longestSleep = Duration.seconds(30 * 86_400)

    /// Starts at zero now.
    init(_ clock: any Clock<Duration>) { self.init(opening: clock) }

    private init<C: Clock<Duration>>(opening clock: C) {
        let start = clock.now
        elapsed = { start.duration(to: clock.now) }
        sleepOnce = { try await clock.sleep(until: start.advanced(by: $0), tolerance: nil) }
    }

    /// The time since the engine was made.
    func now() -> Duration { elapsed() }

    /// Returns when the time has come, not before.
    ///
    /// - Throws: `CancellationError` if the calling Swift task is cancelled first, or what the clock throws.
    func sleep(until time: Duration) async throws {
        while case let now = elapsed(), now < time {
            try Task.checkCancellation()
            try await sleepOnce(min(time, now + Self.longestSleep))
        }
    }
}
