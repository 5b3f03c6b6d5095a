import AsyncFlowBase
import AsyncFlowTelemetry
import NIOCore

/// The hub that sends changes to browsers. A browser asks for what is newer than its version; a slow one asks less
/// often.
final class UpdateHub: Sendable {
    enum Update: Sendable {
        case changed([ByteBuffer], version: Int)
        /// The run has ended: nothing more will change.
        case end
        /// The dashboard is closed while the run continues.
        case closed
    }

    private struct State {
        var parts = SharedParts()
        /// Whether the last state is published.
        var isOver = false
        var isEnding = false
        var isClosed = false
        var clientCount = 0
        var lastWaiter = 0
        var waiting: [Int: CheckedContinuation<Void, Never>] = [:]
        /// The continuation that waits for a browser, or for the end.
        var idle: CheckedContinuation<Void, Never>?
        /// The continuations that wait until no browser is left.
        var leaving: [CheckedContinuation<Void, Never>] = []
    }
    private let state = Lock(State())

    var clientCount: Int { state.withLock { $0.clientCount } }
    var document: [ByteBuffer] { state.withLock { $0.parts.document } }
    var isOver: Bool { state.withLock { $0.isOver } }

    // MARK: - Who makes the updates

    func publish(_ parts: [(PageData.Part, [UInt8])], isLast: Bool = false) {
        let woken = state.withLock { state in
            guard !state.isOver else { return [CheckedContinuation<Void, Never>]() }
            let isChanged = state.parts.replace(parts, isLive: !isLast)
            if isLast { state.isOver = true }
            return isChanged || isLast ? Self.takeWaiting(&state) : []
        }
        for continuation in woken { continuation.resume() }
    }

    /// Ends all streams at once.
    func close() {
        let woken = state.withLock { state in
            state.isClosed = true
            var woken = Self.takeWaiting(&state) + state.leaving
            state.leaving = []
            if let idle = state.idle.take() { woken.append(idle) }
            return woken
        }
        for continuation in woken { continuation.resume() }
    }

    /// Waits for a browser that wants updates, or for ``end()``.
    func waitForClient() async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.clientCount > 0 || state.isEnding || state.isClosed { return true }
                state.idle = continuation
                return false
            }
            if isThere { continuation.resume() }
        }
    }

    /// Ends all current and future waits of ``waitForClient()``, because only the last update is still needed.
    func end() {
        let idle = state.withLock { state in
            state.isEnding = true
            return state.idle.take()
        }
        idle?.resume()
    }

    /// Waits until all browsers have the last state, or until the time is over.
    func waitUntilNoClient(atMost patience: Duration) async {
        let limit = Task.detached { [self] in
            try? await Task.sleep(for: patience)
            let leaving = state.withLock { state in
                defer { state.leaving = [] }
                return state.leaving
            }
            for continuation in leaving { continuation.resume() }
        }
        await waitUntilNoClient()
        limit.cancel()
    }

    private func waitUntilNoClient() async {
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                if state.clientCount == 0 || state.isClosed { return true }
                state.leaving.append(continuation)
                return false
            }
            if isOver { continuation.resume() }
        }
    }

    // MARK: - Browsers

    func enter() {
        let idle = state.withLock { state in
            state.clientCount += 1
            return state.idle.take()
        }
        idle?.resume()
    }

    func leave() {
        let leaving = state.withLock { state in
            state.clientCount -= 1
            guard state.clientCount == 0 else { return [CheckedContinuation<Void, Never>]() }
            defer { state.leaving = [] }
            return state.leaving
        }
        for continuation in leaving { continuation.resume() }
    }

    /// Returns what has changed after a version, waiting until something has.
    ///
    /// - Throws: `CancellationError` if the browser has disconnected.
    func next(after version: Int) async throws -> Update {
        while true {
            try Task.checkCancellation()
            let update = state.withLock { state -> Update? in
                if state.isClosed { return state.isOver && state.parts.version == version ? .end : .closed }
                if state.parts.hasNews(since: version) {
                    return .changed(state.parts.event(since: version), version: state.parts.version)
                }
                return state.isOver ? .end : nil
            }
            if let update { return update }
            await waitForChange(after: version)
        }
    }

    private func waitForChange(after version: Int) async {
        let number = state.withLock { state in
            state.lastWaiter += 1
            return state.lastWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let mustWait = state.withLock { state in
                    if Task.isCancelled || state.isOver || state.isClosed || state.parts.hasNews(since: version) {
                        return false
                    }
                    state.waiting[number] = continuation
                    return true
                }
                if !mustWait { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiting.removeValue(forKey: number) }?.resume()
        }
    }

    private static func takeWaiting(_ state: inout State) -> [CheckedContinuation<Void, Never>] {
        defer { state.waiting = [:] }
        return Array(state.waiting.values)
    }
}
