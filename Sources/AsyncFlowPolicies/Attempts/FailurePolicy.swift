/// The reaction of an engine to failed tasks.
///
/// A failure is a task that failed by itself: after its last attempt, and without a fallback that stood in for it. A
/// task that never ran because of such a failure doesn't count again, and neither does a cancelled one.
public struct FailurePolicy: Sendable, Hashable, CustomStringConvertible {
    /// The number of failures after which everything is cancelled; nil for never.
    package let limit: Int?

    /// Everything that doesn't depend on the failed task continues. The default.
    public static let goOn = FailurePolicy(limit: nil)

    /// The first failure cancels everything else.
    public static let failFast = FailurePolicy(limit: 1)

    /// Cancels everything else at the given number of failures.
    ///
    /// - Parameter count: 1 or more.
    public static func stopAfter(failures count: Int) -> FailurePolicy { FailurePolicy(limit: count) }

    public var description: String {
        switch limit {
        case nil: "go on"
        case 1?: "fail fast"
        case let limit?: "stop after \(limit) failures"
        }
    }

    /// The reason why the policy can't work, if there is one.
    package var problem: String? {
        guard let limit, limit < 1 else { return nil }
        return ".stopAfter(failures:) must be at least 1, got \(limit); use .goOn for no limit"
    }
}

/// A counter of failures that reports when there are too many, as a pure state machine.
package struct FailureCounter: Sendable {
    package enum Action: Equatable {
        /// Cancel everything that hasn't ended. Returned once.
        case stop
        case nothing
    }

    private let policy: FailurePolicy
    package private(set) var failures = 0

    package init(_ policy: FailurePolicy) { self.policy = policy }

    /// Whether nothing new may begin.
    var hasStopped: Bool { policy.limit.map { failures >= $0 } ?? false }

    /// Notes that a task failed by itself.
    package mutating func taskFailed() -> Action {
        let hadStopped = hasStopped
        failures += 1
        return hasStopped && !hadStopped ? .stop : .nothing
    }
}
