import AsyncFlowBase

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A point in time on the monotonic clock, with the corresponding wall-clock time.
public struct EventTime: Sendable, Hashable, Comparable {
    /// The time since the first use in this process. Smaller than an instant, because many are taken for each task.
    package let nanoseconds: Int64

    package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// The instant, for durations: the difference of two is exact whatever happens to the wall clock.
    public var instant: ContinuousClock.Instant { Self.anchor.instant.advanced(by: .nanoseconds(nanoseconds)) }

    /// The seconds since 1970-01-01 00:00 UTC; derived from ``instant``, so it never runs backwards within a process.
    public var secondsSince1970: Double { Self.anchor.seconds + Double(nanoseconds) * 1e-9 }

    package static var now: EventTime {
        EventTime(nanoseconds: Int64((ContinuousClock.now - anchor.instant).attoseconds / 1_000_000_000))
    }

    /// Returns the time that lies a duration before this one.
    func earlier(by duration: Duration) -> EventTime {
        EventTime(nanoseconds: nanoseconds.addingSaturated(-duration.bounded.clampedNanoseconds))
    }

    public static func < (a: EventTime, b: EventTime) -> Bool { a.nanoseconds < b.nanoseconds }

    private static let anchor = (instant: ContinuousClock.now, seconds: Date().timeIntervalSince1970)
}
