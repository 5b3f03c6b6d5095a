import AsyncFlowBase

/// A time in microseconds since 1970, by the wall clock.
package typealias JournalTime = Int64

extension JournalTime {
    /// The current time.
    package static var now: JournalTime {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return JournalTime(time.tv_sec) &* 1_000_000 &+ JournalTime(time.tv_nsec) / 1000
    }
}
