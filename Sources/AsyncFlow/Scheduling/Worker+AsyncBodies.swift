import AsyncFlowBase
import Synchronization

/// The async body that is running on one of the engine's threads and hasn't suspended.
struct CurrentAsyncBody {
    var node: TaskNode
    var runner: AsyncRunner
    /// The number of the body within its runner, for its cancellation.
    var turn: Int
    /// Whether it was cancelled in the meantime, so that the runner must not run another body.
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
        /// The body ended on another thread than it began on, or on the same one after that had done something else.
        case hasSuspended
    }

    /// Notes the end of a body of a runner.
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

    /// Hands a body that the last item left suspended to the engine's running tasks. Called after every item.
    func handOverSuspendedBody() {
        guard currentTask != nil, let body = asyncBody.withLock({ $0.take() }) else { return }
        currentTask = nil
        body.node.engine.running.insert(body.node) { body.cancel() }
    }

    /// Cancels the Swift task of a body that is running on this thread.
    ///
    /// - Returns: whether the body is running here.
    func interrupt(_ node: TaskNode) -> Bool {
        let body = asyncBody.withLock { current -> CurrentAsyncBody? in
            guard current?.node === node else { return nil }
            current?.isInterrupted = true
            return current
        }
        body?.cancel()
        return body != nil
    }

    /// The task whose async body is running on this thread and hasn't suspended.
    var asyncTask: TaskNode? { asyncBody.withLock { $0?.node } }

    /// The async body that is to run next, with its task.
    typealias AsyncNext = (TaskNode, TaskWork.AsyncBody)

    /// Runs items until an async body comes.
    ///
    /// - Returns: that body; nil if there is nothing left, or only an item that can't be run within a Swift task.
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

    /// Runs the dependent of the task that has just ended on this thread, if there is one and its body is synchronous.
    ///
    /// - Returns: the body, if it is async.
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
