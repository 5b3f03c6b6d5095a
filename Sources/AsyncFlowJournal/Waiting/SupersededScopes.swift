import AsyncFlow
import AsyncFlowBase

/// Records which iterations nobody needs any more, once what stands for them is on disk: without holding up anybody,
/// and at most once a second.
final class SupersededScopes: Sendable {
    private struct State {
        var scopes: [ScopeID] = []
        var worker: Task<Void, Never>?
        var isEnding = false
    }
    private let store: JournalStore
    private let state = Lock(State())

    init(_ store: JournalStore) { self.store = store }

    /// Called when the records that stand for the scope have been appended.
    func add(_ scope: ScopeID) {
        state.withLock { state in
            state.scopes.append(scope)
            if state.worker == nil, !state.isEnding { state.worker = Task.detached { await self.work() } }
        }
    }

    private func work() async {
        while true {
            let (scopes, isEnding) = state.withLock { state in
                defer { state.scopes = [] }
                if state.scopes.isEmpty { state.worker = nil }
                return (state.scopes, state.isEnding)
            }
            if scopes.isEmpty { return }
            do throws(JournalError) {
                try await store.flush()
                for scope in scopes { try store.append(.superseded(scope)) }
            } catch { return }
            // Interrupted at the end.
            if !isEnding { try? await Task.sleep(for: .seconds(1)) }
        }
    }

    /// Returns when all is recorded.
    func finish() async {
        let worker = state.withLock { state in
            state.isEnding = true
            return state.worker
        }
        worker?.cancel()
        await worker?.value
        await work()
    }
}
