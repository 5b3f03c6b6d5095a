import AsyncFlowBase

/// A clock that stands still until a test moves it.
///
/// It makes it possible to test retries with long pauses, timeouts and deadlines instantly, and always with the same
/// outcome: nothing happens by itself, and everything that is due happens when the test moves the clock.
///
/// ```swift
/// let clock = ManualClock()
/// let lamp = Task { try await clock.sleep(for: .seconds(60)) }
///
/// try await clock.waitForSleepers(1)  // the lamp sleeps now
/// clock.advance(by: .seconds(59))  // and stays asleep
/// clock.advance(by: .seconds(1))  // wakes it
/// try await lamp.value
/// ```
///
/// Moving the clock wakes every sleeper that is due, but doesn't wait for what happens then; a test waits for that as
/// for anything else: for a value, an event, or with ``waitForSleepers(_:)`` until something sleeps again. An engine
/// never sleeps for more than one timer at a time: it counts as one sleeper, or as none if it has nothing to wait for.
/// If it waits for several things, ``waitForSleeper(dueBy:)`` returns when it sleeps until the time in question, or an
/// earlier one.
///
/// It may be used from any thread.
public final class ManualClock: Clock, Sendable {
    /// A time of a manual clock, as the duration since it was made.
    public struct Instant: InstantProtocol, CustomStringConvertible {
        /// The time since the clock was made, or since zero for a clock with another start.
        public let offset: Duration

        public init(offset: Duration) { self.offset = offset }

        public func advanced(by duration: Duration) -> Instant { Instant(offset: offset + duration) }
        public func duration(to other: Instant) -> Duration { other.offset - offset }
        public static func < (a: Instant, b: Instant) -> Bool { a.offset < b.offset }
        public var description: String { offset.description }
    }

    private struct Sleeper {
        let number: UInt64
        let deadline: Instant
        let continuation: CheckedContinuation<Void, any Error>
    }

    /// A caller that waits for sleepers.
    private struct Watcher {
        let number: UInt64
        let expectation: Expectation
        let continuation: CheckedContinuation<Void, any Error>
    }

    private enum Expectation {
        case count(Int)
        case dueBy(Instant)
    }

    private struct State {
        var now: Instant
        var sleepers: [Sleeper] = []
        var watchers: [Watcher] = []
        var lastNumber: UInt64 = 0
        /// The numbers of waits that were cancelled before they began.
        var cancelled: Set<UInt64> = []

        mutating func makeNumber() -> UInt64 {
            lastNumber += 1
            return lastNumber
        }

        func meets(_ expectation: Expectation) -> Bool {
            switch expectation {
            case .count(let count): sleepers.count >= count
            case .dueBy(let instant): sleepers.contains { $0.deadline <= instant }
            }
        }

        mutating func takeSatisfiedWatchers() -> [CheckedContinuation<Void, any Error>] {
            let (satisfied, others) = watchers.reduce(into: ([Watcher](), [Watcher]())) { parts, watcher in
                if meets(watcher.expectation) { parts.0.append(watcher) } else { parts.1.append(watcher) }
            }
            watchers = others
            return satisfied.map(\.continuation)
        }
    }

    private let state: Lock<State>

    /// Creates a clock.
    ///
    /// - Parameter now: the time at which it stands at first; zero by default.
    public init(now: Instant = Instant(offset: .zero)) { state = Lock(State(now: now)) }

    /// The time at which it stands.
    public var now: Instant { state.withLock { $0.now } }

    /// Zero: the clock can be moved by any duration.
    public var minimumResolution: Duration { .zero }

    // MARK: - Sleeping

    /// Returns when the clock has been moved to this time or a later one; at once if it has already reached it.
    ///
    /// - Parameter tolerance: not used.
    /// - Throws: `CancellationError`, at once, if the calling Swift task is cancelled.
    public func sleep(until deadline: Instant, tolerance: Duration? = nil) async throws {
        try await wait { number, continuation in
            state.withLock { state in
                if state.cancelled.remove(number) != nil { return [(continuation, .failure(CancellationError()))] }
                if deadline <= state.now { return [(continuation, .success(()))] }
                state.sleepers.append(Sleeper(number: number, deadline: deadline, continuation: continuation))
                return state.takeSatisfiedWatchers().map { ($0, .success(())) }
            }
        }
    }

    /// The number of sleepers.
    public var sleeperCount: Int { state.withLock { $0.sleepers.count } }

    /// The time at which the next sleeper wakes; nil if there is none.
    public var nextDeadline: Instant? { state.withLock { $0.sleepers.map(\.deadline).min() } }

    // MARK: - Moving the clock

    /// Moves the clock on, and wakes every sleeper that is due by then, the earliest first.
    ///
    /// A sleeper that is woken sees the new time, and may sleep again; that sleep begins after the clock has been
    /// moved.
    ///
    /// - Parameter duration: 0 or more.
    public func advance(by duration: Duration) {
        precondition(duration >= .zero, "a clock can't be moved back, by \(duration)")
        move { $0.advanced(by: duration) }
    }

    /// Moves the clock to a time, and wakes every sleeper that is due by then, the earliest first.
    ///
    /// - Parameter instant: the time; nothing happens if it has already passed.
    public func advance(to instant: Instant) { move { max($0, instant) } }

    /// Moves the clock to the time at which the next sleeper wakes.
    ///
    /// - Returns: whether there was a sleeper.
    @discardableResult
    public func advanceToNextSleeper() -> Bool {
        guard let deadline = nextDeadline else { return false }
        advance(to: deadline)
        return true
    }

    private func move(_ step: (Instant) -> Instant) {
        let due = state.withLock { state in
            state.now = step(state.now)
            let due = state.sleepers.filter { $0.deadline <= state.now }
            state.sleepers.removeAll { $0.deadline <= state.now }
            return due.sorted { ($0.deadline, $0.number) < ($1.deadline, $1.number) }
        }
        for sleeper in due { sleeper.continuation.resume() }
    }

    // MARK: - Waiting for sleepers

    /// Returns when there are at least this many sleepers.
    ///
    /// - Throws: `CancellationError` if the calling Swift task is cancelled, by a test's time limit for example.
    public func waitForSleepers(_ count: Int) async throws { try await waitUntil(.count(count)) }

    /// Returns when there is a sleeper that wakes at this time or before.
    ///
    /// - Throws: `CancellationError` if the calling Swift task is cancelled, by a test's time limit for example.
    public func waitForSleeper(dueBy instant: Instant) async throws { try await waitUntil(.dueBy(instant)) }

    private func waitUntil(_ expectation: Expectation) async throws {
        try await wait { number, continuation in
            state.withLock { state in
                if state.cancelled.remove(number) != nil { return [(continuation, .failure(CancellationError()))] }
                if state.meets(expectation) { return [(continuation, .success(()))] }
                state.watchers.append(Watcher(number: number, expectation: expectation, continuation: continuation))
                return []
            }
        }
    }

    // MARK: - Waiting

    private typealias Resumption = (CheckedContinuation<Void, any Error>, Result<Void, any Error>)

    /// - Parameter enter: keeps the continuation, or returns it with the others that are to be resumed.
    private func wait(_ enter: (UInt64, CheckedContinuation<Void, any Error>) -> [Resumption]) async throws {
        let number = state.withLock { $0.makeNumber() }
        defer { state.withLock { _ = $0.cancelled.remove(number) } }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                for (continuation, result) in enter(number, continuation) { continuation.resume(with: result) }
            }
        } onCancel: {
            cancel(number)
        }
    }

    private func cancel(_ number: UInt64) {
        let continuation: CheckedContinuation<Void, any Error>? = state.withLock { state in
            if let index = state.sleepers.firstIndex(where: { $0.number == number }) {
                return state.sleepers.remove(at: index).continuation
            }
            if let index = state.watchers.firstIndex(where: { $0.number == number }) {
                return state.watchers.remove(at: index).continuation
            }
            state.cancelled.insert(number)
            return nil
        }
        continuation?.resume(throwing: CancellationError())
    }
}
