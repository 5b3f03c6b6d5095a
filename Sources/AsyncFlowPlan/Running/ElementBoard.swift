import AsyncFlowBase

/// A step whose elements another one takes has failed, so that the rest of them doesn't come.
struct SourceFailedError: Error, CustomStringConvertible {
    let source: String
    var description: String { "not run, because '\(source)' failed" }
}

/// The results of the elements of a step as they end, for the steps that take them one by one.
final class ElementBoard: Sendable {
    /// A result with the number of steps that haven't taken it.
    private struct Result {
        let value: Value
        var takers: Int
    }

    private struct State {
        /// How many elements there are so far, and whether there will be no more.
        var count = 0
        var isClosed = false
        var results: [Int: Result] = [:]
        /// Why no more results come.
        var failure: SourceFailedError?
        var waiters: [UInt64: Waiter] = [:]
        var lastWaiter: UInt64 = 0
    }

    private struct Waiter {
        let isReady: @Sendable (borrowing View) -> Bool
        let continuation: CheckedContinuation<Void, any Error>
    }

    /// The part of the state that waiters look at.
    private struct View: ~Copyable {
        let count: Int
        let isClosed: Bool
        let results: [Int: Result]
        let hasFailed: Bool

        func hasResult(_ index: Int) -> Bool { results[index] != nil }

        init(_ state: State) {
            (count, isClosed, results) = (state.count, state.isClosed, state.results)
            hasFailed = state.failure != nil
        }
    }

    private let state = Lock(State())
    private let takers: Int

    /// - Parameter takers: the number of steps each of which takes every element once.
    init(takers: Int) { self.takers = takers }

    /// Another element is there.
    func announce() { change { $0.count += 1 } }

    /// All elements were announced.
    func close() { change { $0.isClosed = true } }

    /// An element has ended; with null if it was skipped, or its failure is tolerated.
    func end(_ index: Int, _ value: Value) { change { $0.results[index] = Result(value: value, takers: takers) } }

    /// The step has ended, and nothing else comes.
    func fail(_ error: SourceFailedError) {
        change { state in
            if state.failure == nil { state.failure = error }
            state.isClosed = true
        }
    }

    /// Waits for an element to be announced.
    ///
    /// - Returns: false if there is none.
    func hasElement(_ index: Int) async throws -> Bool {
        try await wait { $0.count > index || $0.isClosed }
        return try state.withLock { state in
            if state.count > index { return true }
            if let failure = state.failure { throw failure }
            return false
        }
    }

    /// Waits for the end of an element.
    func element(_ index: Int) async throws -> Value {
        try await wait { $0.hasResult(index) || $0.hasFailed }
        return try state.withLock { state in
            guard var result = state.results[index] else { throw state.failure ?? CancellationError() }
            result.takers -= 1
            state.results[index] = result.takers > 0 ? result : nil
            return result.value
        }
    }

    private func change(_ body: (inout State) -> Void) {
        let ready = state.withLock { state -> [CheckedContinuation<Void, any Error>] in
            body(&state)
            if state.waiters.isEmpty { return [] }
            let view = View(state)
            let ready = state.waiters.filter { $0.value.isReady(view) }
            for key in ready.keys { state.waiters[key] = nil }
            return ready.values.map(\.continuation)
        }
        for continuation in ready { continuation.resume() }
    }

    private func wait(until isReady: @escaping @Sendable (borrowing View) -> Bool) async throws {
        let number = state.withLock { state -> UInt64 in
            state.lastWaiter += 1
            return state.lastWaiter
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let isReadyNow = state.withLock { state -> Bool in
                    if isReady(View(state)) { return true }
                    state.waiters[number] = Waiter(isReady: isReady, continuation: continuation)
                    return false
                }
                if isReadyNow { return continuation.resume() }
                if Task.isCancelled { cancel(number) }
            }
        } onCancel: {
            cancel(number)
        }
    }

    private func cancel(_ number: UInt64) {
        let waiter = state.withLock { $0.waiters.removeValue(forKey: number) }
        waiter?.continuation.resume(throwing: CancellationError())
    }
}
