import Synchronization

extension EngineCore {
    /// The engine is there; from now on it is seen in the event stream.
    func begin() { emit(.engineStarted) }

    /// Nobody can use the engine any more: ends what is left, without anybody waiting for it.
    func abandon() {
        guard !lifecycle.isClosed else { return }
        Task.detached { await self.shutdown(.immediate) }
    }

    /// Returns when no task is left.
    func waitUntilIdle() async { await lifecycle.waitUntilIdle { self.checkIdle() } }

    /// Ends the engine. Concurrent and later calls wait for the first one's end; an `immediate` one hurries it up.
    func shutdown(_ mode: WorkflowEngine.ShutdownMode) async {
        if mode.drains { await waitUntilIdle() }
        let isFirst = lifecycle.close()
        if mode.deadline == nil { cancelRunning() }
        guard isFirst else {
            await lifecycle.waitUntilStopped()
            return
        }
        if let deadline = mode.deadline {
            cancelWaiting()
            let timer = Task.detached {
                try await Task.sleep(for: deadline)
                self.cancelRunning()
            }
            await waitUntilIdle()
            timer.cancel()
        } else {
            await waitUntilIdle()
        }
        // Those who used them have ended, so this is when services aren't needed any more.
        await services.stopAllAndWait()
        await timers.shutdown()
        await router.shutdown()
        await files.finish()
        pool.stop()
        emit(.engineEnded)
        await events.finish()
        lifecycle.markStopped()
    }

    /// A task has failed by itself, or because of a dependency: too many of the first kind end everything else.
    func noteFailure(of task: TaskNode) {
        guard configuration.failurePolicy != .goOn, task.failedByItself else { return }
        guard failures.withLock({ $0.taskFailed() }) == .stop else { return }
        lifecycle.halt(
            because:
                "\(task.definition.name) (\(task.id)) failed, and the engine's failure policy is: \(configuration.failurePolicy)"
        )
        cancelRunning()
    }

    /// Why tasks are cancelled, once the engine stops.
    var stopCause: TaskCancelledError.Cause { lifecycle.haltReason.map { .failurePolicy($0) } ?? .engineShutDown }

    /// Cancels what runs. A synchronous body sees it in its ``TaskContext``.
    private func cancelRunning() {
        lifecycle.interrupt()
        for task in pool.workers.compactMap(\.asyncTask) + running.all { task.cancel(stopCause) }
        services.stopAll()
    }

    /// Cancels what waits for its turn, for its next attempt, or for other engines' tasks: it won't run any more.
    private func cancelWaiting() {
        for task in running.all { task.cancelUnlessBegun(.engineShutDown) }
    }
}

extension TaskNode {
    /// Whether its failure isn't only that of another task: of a dependency, or one that a block awaited.
    fileprivate var failedByItself: Bool {
        if content.error is DependencyFailureError { return false }
        let cause = (content.error as? TaskFailedError)?.cause as? any WorkflowError
        return cause?.taskID == nil || cause?.taskID == id
    }
}

extension WorkflowEngine {
    /// How much of the unfinished work a shutdown lets finish.
    public struct ShutdownMode: Sendable, Hashable {
        let drains: Bool
        let deadline: Duration?

        /// Everything that was submitted runs to its end first; then services are stopped.
        public static let drain = ShutdownMode(drains: true, deadline: .zero)
        /// Running tasks are cancelled, the others never start.
        public static let immediate = ShutdownMode(drains: false, deadline: nil)
        /// Running tasks may finish until the deadline, when they are cancelled; the others never start, and no further
        /// attempt of a task does.
        public static func graceful(deadline: Duration) -> ShutdownMode {
            ShutdownMode(drains: false, deadline: deadline)
        }
    }

    /// Ends the engine: afterwards every future has ended, and no process, thread, descriptor or temporary file of the
    /// engine is left.
    ///
    /// May be called any number of times and concurrently: every call returns when the engine has ended. A task that is
    /// called after that ends at once as cancelled. Called from within a task of this same engine it can't wait for that
    /// task: it starts the shutdown and returns.
    public func shutdown(_ mode: ShutdownMode = .immediate) async {
        if let running = ExecutionContext.current?.task, running.engine === core {
            Task.detached { [core] in await core.shutdown(mode) }
            return
        }
        await core.shutdown(mode)
    }

    /// Returns when every task that was called so far, and every task that those called, has ended.
    public func waitUntilIdle() async { await core.waitUntilIdle() }
}
