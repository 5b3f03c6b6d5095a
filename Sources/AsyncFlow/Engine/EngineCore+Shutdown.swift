import AsyncFlowBase
import Synchronization

extension EngineCore {
    /// The engine is there; from now on it is seen in the event stream.
    func begin() {
        emit(.engineStarted)
        for part in addedParts { part.begin(EngineSeat(self)) }
    }

    /// Nobody can use the engine any more: ends what is left, without anybody waiting for it.
    func abandon() {
        guard !lifecycle.isClosed else { return }
        Task.detached { await self.shutdown(.immediate) }
    }

    /// Returns when no task is left.
    func waitUntilIdle() async { await lifecycle.waitUntilIdle { self.checkIdle() } }

    /// Ends the engine. Concurrent and later calls wait for the first one's end; an `immediate` one hurries it up.
    func shutdown(_ mode: WorkflowEngine.ShutdownMode) async {
        if mode.drains {
            lifecycle.drain()
            await waitUntilIdle()
        }
        let isFirst = lifecycle.close()
        if mode.deadline == nil { cancelRunning() }
        guard isFirst else {
            await lifecycle.waitUntilStopped()
            return
        }
        if let deadline = mode.deadline {
            cancelWaiting()
            let timer = timers.schedule(at: timers.now() + deadline.bounded) { self.cancelRunning() }
            await waitUntilIdle()
            timers.cancel(timer)
        } else {
            await waitUntilIdle()
        }
        for part in parts { await part.tasksEnded() }
        await endStallWatch()
        await timers.shutdown()
        await router.shutdown()
        await finishParts()
        pool.stop()
        emit(.engineEnded)
        await events.finish()
        lifecycle.markStopped()
    }

    /// A task has failed by itself, or because of a dependency: too many of the first kind end everything else.
    func noteFailure(of task: TaskNode) {
        guard configuration.failurePolicy != .goOn, task.failedByItself else { return }
        guard failures.withLock({ $0.taskFailed() }) == .stop else { return }
        halt(
            because:
                "\(task.definition.name) (\(task.id)) failed, and the engine's failure policy is: \(configuration.failurePolicy)"
        )
    }

    /// Why tasks are cancelled, once the engine stops.
    var stopCause: TaskCancelledError.Cause { lifecycle.haltReason.map { .failurePolicy($0) } ?? .engineShutDown }

    /// Cancels what runs. A synchronous body sees it in its ``TaskContext``.
    func cancelRunning() {
        lifecycle.interrupt()
        for task in pool.workers.compactMap(\.asyncTask) + running.all { task.cancel(stopCause) }
        for part in parts { part.interrupt() }
    }

    /// What hasn't ended, for people.
    var unfinished: UnfinishedTasks {
        let known = (pool.workers.compactMap(\.asyncTask) + running.all).filter { !$0.currentPhase.isTerminal }
        let byNumber = Dictionary(known.map { ($0.number, $0) }) { first, _ in first }
        return UnfinishedTasks(
            names: byNumber.sorted { $0.key < $1.key }.map { "\($1.definition.name) (\($1.id))" },
            count: max(liveTaskCount, byNumber.count))
    }

    /// Cancels what waits for its turn, for its next attempt, or for other engines' tasks: it won't run any more.
    private func cancelWaiting() {
        for task in running.all { task.cancelUnlessBegun(.engineShutDown) }
    }
}

/// The tasks that haven't ended, for a message.
struct UnfinishedTasks: Sendable {
    /// Of those that are known to run or to wait for something, the oldest first. Not of a synchronous function.
    var names: [String] = []
    var count = 0

    static func += (a: inout Self, b: Self) {
        a.names += b.names
        a.count += b.count
    }

    /// For example `align (task.000042) and 3 more`.
    var text: String {
        if names.isEmpty { return count == 1 ? "1 task" : "\(count) tasks" }
        let shown = names.prefix(3)
        let rest = count - shown.count
        return shown.joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
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

        /// Everything that was called before runs to its end first, with all that it calls; then services are stopped.
        ///
        /// What others call meanwhile, from outside of the engine's tasks, isn't waited for: it ends at once as
        /// cancelled.
        public static let drain = ShutdownMode(drains: true, deadline: .zero)
        /// Running tasks are cancelled, the others never start.
        public static let immediate = ShutdownMode(drains: false, deadline: nil)
        /// Running tasks may finish until the deadline, when they are cancelled; the others never start, and no further
        /// attempt of a task does.
        ///
        /// - Parameter deadline: by the engine's clock, from now on. One that is over, 0 or less, cancels at once;
        ///   there is no greatest one.
        public static func graceful(deadline: Duration) -> ShutdownMode {
            ShutdownMode(drains: false, deadline: deadline)
        }
    }

    /// Ends the engine: afterwards every future has ended, and no process, thread, descriptor or temporary file of the
    /// engine is left.
    ///
    /// May be called any number of times and concurrently: every call returns when the engine has ended. A task that is
    /// called after that ends at once as cancelled. Called from within a task of this same engine it can't wait for
    /// that task: it starts the shutdown and returns.
    public func shutdown(_ mode: ShutdownMode = .immediate) async {
        if let running = ExecutionContext.current?.task, running.engine === core {
            Task.detached { [core] in await core.shutdown(mode) }
            return
        }
        await core.shutdown(mode)
    }

    /// Returns when no task is left: every task that was called so far has ended, and everything that was called
    /// meanwhile.
    ///
    /// While others go on calling tasks it may never return. ``shutdown(_:)`` with ``ShutdownMode/drain`` does.
    public func waitUntilIdle() async { await core.waitUntilIdle() }
}
