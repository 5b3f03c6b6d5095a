import AsyncFlowBase
import Synchronization

extension EngineCore {
    /// Announces the engine, which is complete, in the event stream and to its parts.
    func begin() {
        emit(.engineStarted)
        for part in addedParts { part.begin(EngineSeat(self)) }
        if let memory { router.endLeftovers(memory) }
    }

    /// Ends an engine that nobody can use anymore, without waiting for it.
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

    /// Notes a failed task. If too many have failed by themselves, cancels everything else.
    func noteFailure(of task: TaskNode) {
        guard configuration.failurePolicy != .goOn, task.failedByItself else { return }
        guard failures.withLock({ $0.taskFailed() }) == .stop else { return }
        halt(
            because:
                "\(task.definition.name) (\(task.id)) failed, and the engine's failure policy is: \(configuration.failurePolicy)"
        )
    }

    /// The cause with which tasks are cancelled once the engine stops.
    var stopCause: TaskCancelledError.Cause { lifecycle.haltReason.map { .failurePolicy($0) } ?? .engineShutDown }

    /// Cancels everything that runs. A synchronous body sees it in its ``TaskContext``.
    func cancelRunning() {
        lifecycle.interrupt()
        for task in pool.workers.compactMap(\.asyncTask) + running.all { task.cancel(stopCause) }
        for part in parts { part.interrupt() }
    }

    /// The tasks that haven't ended, for messages.
    var unfinished: UnfinishedTasks {
        let known = (pool.workers.compactMap(\.asyncTask) + running.all).filter { !$0.currentPhase.isTerminal }
        let byNumber = Dictionary(known.map { ($0.number, $0) }) { first, _ in first }
        return UnfinishedTasks(
            names: byNumber.sorted { $0.key < $1.key }.map { "\($1.definition.name) (\($1.id))" },
            count: max(liveTaskCount, byNumber.count))
    }

    /// Cancels every task that waits for its turn, for its next attempt, or for another engine's tasks.
    private func cancelWaiting() {
        for task in running.all { task.cancelUnlessBegun(.engineShutDown) }
    }
}

/// The tasks that haven't ended, for a message.
struct UnfinishedTasks: Sendable {
    /// The names of the tasks that are known to run or to wait for something, the oldest first. Synchronous functions
    /// aren't included.
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
    /// Whether its failure isn't only that of another task: a dependency, or one that a block awaited.
    fileprivate var failedByItself: Bool {
        if content.error is DependencyFailureError { return false }
        let cause = (content.error as? TaskFailedError)?.cause as? any WorkflowError
        return cause?.taskID == nil || cause?.taskID == id
    }
}

extension WorkflowEngine {
    /// The part of the unfinished work that a shutdown lets finish.
    public struct ShutdownMode: Sendable, Hashable {
        let drains: Bool
        let deadline: Duration?

        /// First, every task that was already called runs to its end, with everything that those tasks call; then
        /// services are stopped.
        ///
        /// Tasks that are called in the meantime from outside of the engine's tasks aren't awaited: they end at once as
        /// cancelled.
        public static let drain = ShutdownMode(drains: true, deadline: .zero)
        /// Running tasks are cancelled; the others never start.
        public static let immediate = ShutdownMode(drains: false, deadline: nil)
        /// Running tasks may finish until the deadline, when they are cancelled; the others never start, and neither
        /// does any further attempt of a task.
        ///
        /// - Parameter deadline: the time limit by the engine's clock, from now on. A limit of 0 or less cancels at
        ///   once; there is no maximum.
        public static func graceful(deadline: Duration) -> ShutdownMode {
            ShutdownMode(drains: false, deadline: deadline)
        }
    }

    /// Ends the engine: afterwards every future has ended, and no process, thread, descriptor or temporary file of the
    /// engine is left.
    ///
    /// It may be called any number of times and concurrently: every call returns when the engine has ended. A task that
    /// is called after that ends at once as cancelled. When this is called from within a task of the same engine, it
    /// can't wait for that task: it starts the shutdown and returns.
    public func shutdown(_ mode: ShutdownMode = .immediate) async {
        if let running = ExecutionContext.current?.task, running.engine === core {
            Task.detached { [core] in await core.shutdown(mode) }
            return
        }
        await core.shutdown(mode)
    }

    /// Returns when no task is left: every task that was called before has ended, and every one that was called in the
    /// meantime.
    ///
    /// As long as others keep calling tasks it may never return. ``shutdown(_:)`` with ``ShutdownMode/drain`` does.
    public func waitUntilIdle() async { await core.waitUntilIdle() }
}
