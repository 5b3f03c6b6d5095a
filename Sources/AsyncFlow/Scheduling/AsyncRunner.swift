import AsyncFlowBase

/// A Swift task in which one of the engine's threads runs async bodies one after the other.
///
/// Making a Swift task costs more than everything else about a task of the graph. While a body is suspended, the runner
/// stays with it, and the thread makes another one. A cancelled runner runs no further body. Cancellation names the
/// body by its turn, so it never reaches the next one.
final class AsyncRunner: Sendable {
    private struct State {
        var task: Task<Void, Never>?
        /// The number of the current body, which changes when a body that had suspended ends.
        var turn = 0
        var isCancelled = false
    }
    private let state = Lock(State())

    /// Runs an async body on the calling thread, and then the thread's other work, until a body suspends or there is
    /// nothing left to do.
    static func run(_ node: TaskNode, _ body: @escaping TaskWork.AsyncBody, on worker: Worker) {
        let runner = AsyncRunner()
        if #available(macOS 26, *) {
            runner.setTask(Task.immediate(executorPreference: worker.pool { $0 }) { await runner.loop(node, body) })
        } else {
            // Queued on this thread, which starts it next.
            runner.setTask(Task(executorPreference: worker.pool { $0 }) { await runner.loop(node, body) })
        }
    }

    /// Runs bodies until the runner's end.
    private nonisolated(nonsending) func loop(_ first: TaskNode, _ firstBody: @escaping TaskWork.AsyncBody) async {
        var node = first
        var body = firstBody
        var turn = 0
        while true {
            Worker.current!.beginAsync(node, in: self, turn: turn)
            await ExecutionContext.$bound.withValue(.task(node, inside: node.membership)) { [node, body] in
                await node.runInstrumented(body)
            }
            guard let worker = Worker.current else { return node.engine.running.remove(node) }
            var next: Worker.AsyncNext?
            switch worker.endAsync(in: self) {
            case .wasInterrupted: return
            case .neverSuspended: break
            case .hasSuspended:
                guard let nextTurn = nextTurn() else { return node.engine.running.remove(node) }
                turn = nextTurn
                next = worker.runDependent()  // doesn't wait for our bookkeeping
                node.engine.running.remove(node)
            }
            guard let next = next ?? worker.runUntilAsync() else { return }
            (node, body) = next
        }
    }

    private func setTask(_ task: Task<Void, Never>) {
        let isCancelled = state.withLock { state in
            state.task = task
            return state.isCancelled
        }
        if isCancelled { task.cancel() }
    }

    /// Begins the turn of the next body after one that had suspended, so that a late cancellation of that one has no
    /// effect.
    ///
    /// - Returns: the turn; nil if the body was cancelled, and the Swift task with it.
    private func nextTurn() -> Int? {
        state.withLock { state in
            guard !state.isCancelled else { return nil }
            state.turn += 1
            return state.turn
        }
    }

    /// Cancels the Swift task, unless the body with this turn has ended.
    func cancel(turn: Int) {
        let task = state.withLock { state -> Task<Void, Never>? in
            guard state.turn == turn else { return nil }
            state.isCancelled = true
            return state.task
        }
        task?.cancel()
    }
}
