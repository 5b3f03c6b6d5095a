import AsyncFlowBase

/// A Swift task in which a worker runs async bodies one after the other.
///
/// Making a Swift task costs more than everything else about a task of the graph. While a body is suspended, the runner
/// stays with it, and the worker makes itself another one. A runner that was cancelled runs no other body, and who
/// wants to cancel one says which body of the runner is meant: cancellation of one never reaches the next.
final class AsyncRunner: Sendable {
    private struct State {
        var task: Task<Void, Never>?
        /// Counts the bodies that have suspended and ended.
        var turn = 0
        var isCancelled = false
    }
    private let state = Lock(State())

    /// Runs an async body on the calling worker's thread, and what else the worker has to do, until a body suspends or
    /// there is nothing more to do.
    static func run(_ node: TaskNode, _ body: @escaping TaskWork.AsyncBody, on worker: Worker) {
        let runner = AsyncRunner()
        if #available(macOS 26, *) {
            runner.setTask(Task.immediate(executorPreference: worker.pool { $0 }) { await runner.loop(node, body) })
        } else {
            // Queued on this worker, which starts it next.
            runner.setTask(Task(executorPreference: worker.pool { $0 }) { await runner.loop(node, body) })
        }
    }

    /// The runner's whole life.
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

    /// After the end of a body that had suspended: who still wants to cancel it comes too late.
    ///
    /// - Returns: nil if it was cancelled, and the Swift task with it.
    private func nextTurn() -> Int? {
        state.withLock { state in
            guard !state.isCancelled else { return nil }
            state.turn += 1
            return state.turn
        }
    }

    /// Cancels the Swift task, if the body of that turn hasn't ended.
    func cancel(turn: Int) {
        let task = state.withLock { state -> Task<Void, Never>? in
            guard state.turn == turn else { return nil }
            state.isCancelled = true
            return state.task
        }
        task?.cancel()
    }
}
