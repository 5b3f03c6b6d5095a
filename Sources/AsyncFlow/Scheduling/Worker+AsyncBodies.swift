import AsyncFlowBase
import Synchronization

/// The async body that runs on a worker's thread and hasn't suspended.
struct CurrentAsyncBody {
    var node: TaskNode
    var runner: AsyncRunner
    /// Which of the runner's bodies it is, for its cancellation.
    var turn: Int
    /// Cancelled meanwhile, so that the runner must not run another body.
    var isInterrupted = false

    func cancel() { runner.cancel(turn: turn) }
}

extension Worker {
    func beginAsync(_ node: TaskNode, in runner: AsyncRunner, turn: Int) {
        currentTask = node
        asyncBody.withLock { $0 = CurrentAsyncBody(node: node, runner: runner, turn: turn) }
    }

    enum AsyncEnd {
        case neverSuspended, wasInterrupted
        /// It ended on another worker than it began on, or on the same one after that had done something else.
        case hasSuspended
    }

    /// After the end of the body of a runner.
    func endAsync(in runner: AsyncRunner) -> AsyncEnd {
        let ended = asyncBody.withLock { current -> CurrentAsyncBody? in
            guard let body = current, body.runner === runner else { return nil }
            current = nil
            return body
        }
        guard let ended else { return .hasSuspended }
        currentTask = nil
        return ended.isInterrupted ? .wasInterrupted : .neverSuspended
    }

    /// After every item: if that left a suspended body behind, hands it to the engine's running tasks.
    func handOverSuspendedBody() {
        guard currentTask != nil, let body = asyncBody.withLock({ $0.take() }) else { return }
        currentTask = nil
        body.node.engine.running.insert(body.node) { body.cancel() }
    }

    /// Cancels the Swift task of a body that runs on this worker now.
    ///
    /// - Returns: whether it does.
    func interrupt(_ node: TaskNode) -> Bool {
        let body = asyncBody.withLock { current -> CurrentAsyncBody? in
            guard current?.node === node else { return nil }
            current?.isInterrupted = true
            return current
        }
        body?.cancel()
        return body != nil
    }

    /// The task whose async body runs on this worker now and hasn't suspended.
    var asyncTask: TaskNode? { asyncBody.withLock { $0?.node } }

    /// An async body that is to run next, and its task.
    typealias AsyncNext = (TaskNode, TaskWork.AsyncBody)

    /// Runs what there is to do until an async body comes.
    ///
    /// - Returns: that body; nil if there is nothing more to do, or something that can't be done within a Swift task.
    func runUntilAsync() -> AsyncNext? {
        while let item = takeNext() {
            guard item._withUnsafeGuaranteedRef({ $0.isPlainTask }) else {
                putBack(item)
                return nil
            }
            if let body = startTask(item) { return body }
        }
        return nil
    }

    /// Runs the dependent of the task that has just ended on this worker, if there is one and its body is synchronous.
    ///
    /// - Returns: the body, if it is an async one.
    func runDependent() -> AsyncNext? { takeDependent().flatMap(startTask) }

    private func startTask(_ item: Unmanaged<WorkItem>) -> AsyncNext? {
        let node = unsafeDowncast(item.takeRetainedValue(), to: TaskNode.self)
        switch node.start() {
        case .synchronous(let body): node.runSynchronously(body, on: self)
        case .asynchronous(let body): return (node, body)
        case .handedOver(let handOver): handOver(node)
        case nil: break
        }
        return nil
    }
}
