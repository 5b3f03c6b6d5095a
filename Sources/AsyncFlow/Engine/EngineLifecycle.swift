import AsyncFlowBase
import Synchronization

/// The progress of an engine's shutdown, and the callers that wait for it to become idle.
final class EngineLifecycle: Sendable {
    private enum Stage: UInt8, AtomicRepresentable {
        /// Tasks are admitted.
        case open
        /// Only tasks that are called by tasks are admitted.
        case draining
        /// New tasks are refused, running ones may finish; those that haven't begun are cancelled instead of started.
        case stopping
        /// Everything has ended.
        case stopped
    }
    private let stage = Atomic<Stage>(.open)
    private let watched = Atomic<Bool>(false)
    private let interrupting = Atomic<Bool>(false)
    private let halted = Lock<String?>(nil)
    private let idle = WaitingList()
    private let stopped = WaitingList()

    /// Whether any code may call tasks.
    var isOpen: Bool {
        stage.load(ordering: .sequentiallyConsistent) == .open && !interrupting.load(ordering: .relaxed)
    }
    var isClosed: Bool { stage.load(ordering: .sequentiallyConsistent).rawValue >= Stage.stopping.rawValue }
    /// Whether tasks are cancelled instead of started. Cheap, and a moment late, because it is read for every task.
    var isStopping: Bool {
        if stage.load(ordering: .relaxed) == .open { return interrupting.load(ordering: .relaxed) }
        return isClosed || interrupting.load(ordering: .relaxed)
    }
    /// Whether a caller waits for the end of the last task.
    var isWatched: Bool { watched.load(ordering: .sequentiallyConsistent) }

    /// Whether running bodies have to stop, too.
    var isInterrupting: Bool { interrupting.load(ordering: .sequentiallyConsistent) }
    func interrupt() { interrupting.store(true, ordering: .sequentiallyConsistent) }

    /// Lets only tasks call tasks from now on, unless the engine is already closed.
    func drain() {
        _ = stage.compareExchange(expected: .open, desired: .draining, ordering: .sequentiallyConsistent)
    }

    /// Closes the engine for new tasks.
    ///
    /// - Returns: whether this call is the one that closed it.
    func close() -> Bool {
        [.open, .draining].contains {
            stage.compareExchange(expected: $0, desired: .stopping, ordering: .sequentiallyConsistent).exchanged
        }
    }

    /// Makes everything stop, although the engine isn't shut down.
    ///
    /// - Parameter reason: the reason, for the errors of the tasks that are cancelled.
    func halt(because reason: String) {
        halted.withLock { $0 = $0 ?? reason }
        interrupt()
    }
    var haltReason: String? { halted.withLock { $0 } }

    func markStopped() {
        stage.store(.stopped, ordering: .sequentiallyConsistent)
        stopped.resumeAll()
    }

    /// Returns after ``markStopped()``.
    func waitUntilStopped() async {
        await stopped.wait { if stage.load(ordering: .sequentiallyConsistent) == .stopped { stopped.resumeAll() } }
    }

    /// Returns after ``becameIdle()``. `check` is called once the wait is set up, and calls that method if it is idle.
    func waitUntilIdle(check: () -> Void) async {
        watched.store(true, ordering: .sequentiallyConsistent)
        await idle.wait(check)
    }

    func becameIdle() { idle.resumeAll() }
}

/// The callers that wait for something to happen once.
private final class WaitingList: Sendable {
    private let continuations = Lock<[CheckedContinuation<Void, Never>]>([])

    func wait(_ check: () -> Void) async {
        await withCheckedContinuation { continuation in
            continuations.withLock { $0.append(continuation) }
            check()
        }
    }

    func resumeAll() {
        let waiting = continuations.withLock { list in
            defer { list = [] }
            return list
        }
        for continuation in waiting { continuation.resume() }
    }
}
