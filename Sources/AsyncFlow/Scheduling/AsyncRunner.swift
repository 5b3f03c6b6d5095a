import Synchronization

/// A Swift task in which a worker runs async bodies one after the other, for as long as none of them suspends.
///
/// Making a Swift task costs more than everything else about a task of the graph, and most bodies don't suspend. When
/// one does, the runner stays with it, and the worker makes itself another one. A runner whose body
/// suspended or was cancelled runs no other: cancellation of one body never reaches the next.
final class AsyncRunner: Sendable {
    private struct State {
        var task: Task<Void, Never>?
        var isCancelled = false
    }
    private let state = Mutex(State())

    /// Runs an async body on the calling worker's thread, and what else the worker has to do, until a body suspends or
    /// there is nothing more to do.
    static func run(_ node: TaskNode, _ body: @escaping TaskWork.AsyncBody, on worker: Worker) {
        let runner = AsyncRunner()
        if #available(macOS 26, *) {
            runner.setTask(Task.immediate(executorPreference: worker.pool) { await runner.loop(node, body) })
        } else {
            // Queued on this worker, which starts it next.
            runner.setTask(Task(executorPreference: worker.pool) { await runner.loop(node, body) })
        }
    }

    /// The runner's whole life.
    private nonisolated(nonsending) func loop(_ first: TaskNode, _ firstBody: @escaping TaskWork.AsyncBody) async {
        var node = first
        var body = firstBody
        while true {
            Worker.current!.beginAsync(node, in: self)
            await ExecutionContext.$bound.withValue(.task(node, inside: node.membership)) { [node, body] in
                await body(node)
            }
            // Another worker, or the same one after having done something else: the body suspended.
            guard let worker = Worker.current, worker.endAsync(in: self) else { return }
            guard let next = worker.runUntilAsync() else { return }
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

    func cancel() {
        let task = state.withLock { state in
            state.isCancelled = true
            return state.task
        }
        task?.cancel()
    }
}
