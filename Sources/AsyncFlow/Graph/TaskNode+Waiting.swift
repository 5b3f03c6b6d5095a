import AsyncFlowBase

/// An observer that calls a closure when one task ends.
final class CompletionCallback: TaskObserver, @unchecked Sendable {
    private let body: @Sendable () -> Void
    private let edge = UnsafeMutablePointer<DependencyEdge>.allocate(capacity: 1)

    init(_ body: @escaping @Sendable () -> Void) {
        self.body = body
        super.init(isPlainTask: false)
    }

    deinit { edge.deallocate() }

    /// Observes a node. The callback keeps itself alive until the node has ended.
    func observe(_ node: TaskNode) {
        _ = Unmanaged.passRetained(self)
        edge.initialize(to: DependencyEdge(from: self, to: node))
        if node.observe(edge) {
            node.engine.pool.idle.wakeNapping()
        } else {
            call()
        }
    }

    private func call() {
        body()
        Unmanaged.passUnretained(self).release()
    }

    override func dependencyEnded(_ dependency: TaskNode, ready: inout ReadyBatch) { call() }
}

extension TaskNode {
    /// Returns when the task has ended; throws `CancellationError` as soon as the awaiting Swift task is cancelled.
    @usableFromInline
    func waitForEnd() async throws {
        if hasEnded { return }
        let waiter = Waiter(.end(of: self), by: ExecutionContext.bound?.task)
        waiter.enter()
        defer { waiter.leave() }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                waiter.wait(continuation)
                CompletionCallback { waiter.resume() }.observe(self)
            }
        } onCancel: {
            waiter.cancel()
        }
    }

    /// Returns when the task has ended.
    func waitForEndUncancellably() async {
        if hasEnded { return }
        let wait = BodyWait(.end(of: self), by: ExecutionContext.bound?.task)
        wait.enter()
        defer { wait.leave() }
        await withCheckedContinuation { continuation in
            CompletionCallback { continuation.resume() }.observe(self)
        }
    }
}

/// A wait that resumes a continuation once: at the end of a task or at the cancellation of the awaiting Swift task,
/// whichever comes first.
private final class Waiter: BodyWait, @unchecked Sendable {  // as its superclass
    private enum State {
        case created, cancelled, resumed
        case waiting(CheckedContinuation<Void, any Error>)
    }
    private let state = Lock(State.created)

    func wait(_ continuation: CheckedContinuation<Void, any Error>) {
        let isCancelled = state.withLock { state in
            if case .cancelled = state { return true }
            state = .waiting(continuation)
            return false
        }
        if isCancelled { continuation.resume(throwing: CancellationError()) }
    }

    func resume() { takeContinuation(.resumed)?.resume() }
    func cancel() { takeContinuation(.cancelled)?.resume(throwing: CancellationError()) }

    private func takeContinuation(_ next: State) -> CheckedContinuation<Void, any Error>? {
        state.withLock { state in
            switch state {
            case .waiting(let continuation):
                state = next
                return continuation
            case .created:
                state = next
                return nil
            case .cancelled, .resumed: return nil
            }
        }
    }
}
