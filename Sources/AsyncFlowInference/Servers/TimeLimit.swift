import AsyncFlowBase
import NIOConcurrencyHelpers

/// A time limit that is the same for many operations.
///
/// One Swift task sleeps for all of them, because a task that sleeps for each would keep its timer until the time is
/// over, however early it is cancelled.
final class TimeLimit: Sendable {
    struct Exceeded: Error { let limit: Duration }

    private struct Work {
        let end: ContinuousClock.Instant
        let cancel: @Sendable () -> Void
    }
    private struct State {
        var lastNumber: UInt64 = 0
        /// The running operations, except those whose time is over.
        var running: [UInt64: Work] = [:]
        var isWatched = false
    }
    private let limit: Duration
    private let state = NIOLockedValueBox(State())  // a lock that the thread sanitizer sees

    /// - Parameter limit: the limit; more than a century counts as a century.
    init(_ limit: Duration) { self.limit = limit.bounded }

    /// Runs `body`, and cancels it when the time is over.
    ///
    /// - Throws: ``Exceeded``; the errors of `body`.
    func apply<Result: Sendable>(to body: @escaping @Sendable () async throws -> Result) async throws -> Result {
        let work = Task { try await body() }
        let number = begin { work.cancel() }
        let result = await withTaskCancellationHandler {
            await work.result
        } onCancel: {
            work.cancel()
        }
        guard finish(number) else { throw Exceeded(limit: limit) }
        return try result.get()
    }

    private func begin(_ cancel: @escaping @Sendable () -> Void) -> UInt64 {
        let end = ContinuousClock.now + limit
        let (number, mustWatch) = state.withLockedValue { state in
            state.lastNumber += 1
            state.running[state.lastNumber] = Work(end: end, cancel: cancel)
            defer { state.isWatched = true }
            return (state.lastNumber, !state.isWatched)
        }
        if mustWatch { Task.detached { [self] in await watch(until: end) } }
        return number
    }

    /// - Returns: whether it finished in time.
    private func finish(_ number: UInt64) -> Bool {
        state.withLockedValue { $0.running.removeValue(forKey: number) != nil }
    }

    private func watch(until first: ContinuousClock.Instant) async {
        var next: ContinuousClock.Instant? = first
        while let time = next {
            try? await Task.sleep(until: time, clock: .continuous)
            let late = state.withLockedValue { state in
                let now = ContinuousClock.now
                let late = state.running.filter { $0.value.end <= now }
                for number in late.keys { state.running[number] = nil }
                next = state.running.values.map(\.end).min()
                state.isWatched = next != nil
                return late.values.map(\.cancel)
            }
            for cancel in late { cancel() }
        }
    }
}
