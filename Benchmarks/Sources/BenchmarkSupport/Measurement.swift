import CProcessUsage

/// What one run of a case cost, in total.
package struct Measurement: Sendable {
    /// Time on the clock.
    package var wall: Duration
    /// User and system time of this process, over all its threads, and of the child processes it waited for.
    package var cpu: Duration

    /// Runs `body` once and measures it, from making the first task to releasing the last.
    ///
    /// Memory that earlier cases freed goes back to the system first, so that each case pays alike for its own.
    @concurrent
    package static func of<Result: Sendable>(
        _ body: @Sendable () async throws -> Result
    ) async rethrows -> (result: Result, measurement: Measurement) {
        process_usage_release_freed_memory()
        let clock = ContinuousClock()
        let cpuBefore = cpuTime()
        let start = clock.now
        let result = try await body()
        let wall = start.duration(to: clock.now)
        return (result, Measurement(wall: wall, cpu: cpuTime() - cpuBefore))
    }

    /// The CPU time this process and its ended children have used so far.
    package static func cpuTime() -> Duration {
        .nanoseconds(process_usage_cpu_nanoseconds() + process_usage_children_cpu_nanoseconds())
    }
}

extension Duration {
    /// This duration in microseconds.
    package var microseconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) * 1e6 + Double(attoseconds) / 1e12
    }
}
