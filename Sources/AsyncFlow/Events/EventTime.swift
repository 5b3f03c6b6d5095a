import AsyncFlowBase

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A point in time on the clock that doesn't jump, with the wall-clock time that belongs to it.
public struct EventTime: Sendable, Hashable, Comparable {
    /// Since the first time that was taken in this process. Smaller than an instant: many are taken for each task.
    package let nanoseconds: Int64

    package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// For durations: the difference of two is exact whatever happens to the wall clock.
    public var instant: ContinuousClock.Instant { Self.anchor.instant.advanced(by: .nanoseconds(nanoseconds)) }

    /// Seconds since 1970-01-01 00:00 UTC; derived from ``instant``, so it never runs backwards within a process.
    public var secondsSince1970: Double { Self.anchor.seconds + Double(nanoseconds) * 1e-9 }

    package static var now: EventTime {
        EventTime(nanoseconds: Int64((ContinuousClock.now - anchor.instant).attoseconds / 1_000_000_000))
    }

    /// The time that lies a duration before this one.
    func earlier(by duration: Duration) -> EventTime {
        EventTime(nanoseconds: nanoseconds.addingSaturated(-duration.bounded.clampedNanoseconds))
    }

    public static func < (a: EventTime, b: EventTime) -> Bool { a.nanoseconds < b.nanoseconds }

    private static let anchor = (instant: ContinuousClock.now, seconds: Date().timeIntervalSince1970)
}
