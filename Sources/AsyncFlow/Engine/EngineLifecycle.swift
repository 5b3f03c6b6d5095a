import AsyncFlowBase
import Synchronization

/// How far an engine's shutdown is, and who waits for it to become idle.
final class EngineLifecycle: Sendable {
    private enum Stage: UInt8, AtomicRepresentable {
        /// Tasks are admitted.
        case open
        /// Only tasks that are called by tasks are admitted.
        case draining
        /// New tasks are refused, running ones may finish; what hasn't begun is cancelled instead of started.
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

    /// Whether any task may be called by anybody.
    var isOpen: Bool {
        stage.load(ordering: .sequentiallyConsistent) == .open && !interrupting.load(ordering: .relaxed)
    }
    var isClosed: Bool { stage.load(ordering: .sequentiallyConsistent).rawValue >= Stage.stopping.rawValue }
    /// Whether tasks are cancelled instead of started; cheap and a moment late, for the path of every task.
    var isStopping: Bool {
        if stage.load(ordering: .relaxed) == .open { return interrupting.load(ordering: .relaxed) }
        return isClosed || interrupting.load(ordering: .relaxed)
    }
    /// Whether somebody wants to know when the last task has ended.
    var isWatched: Bool { watched.load(ordering: .sequentiallyConsistent) }

    /// Whether running bodies, too, have to stop.
    var isInterrupting: Bool { interrupting.load(ordering: .sequentiallyConsistent) }
    func interrupt() { interrupting.store(true, ordering: .sequentiallyConsistent) }

    /// From now on only tasks may call tasks, unless it is closed already.
    func drain() {
        _ = stage.compareExchange(expected: .open, desired: .draining, ordering: .sequentiallyConsistent)
    }

    /// - Returns: whether this call is the one that closed it.
    func close() -> Bool {
        [.open, .draining].contains {
            stage.compareExchange(expected: $0, desired: .stopping, ordering: .sequentiallyConsistent).exchanged
        }
    }

    /// Everything has to stop, but the engine isn't shut down.
    ///
    /// - Parameter reason: for the errors of the tasks that are cancelled.
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

    /// Returns after ``becameIdle()``. `check` is called once the wait is set up, and calls that if it is true already.
    func waitUntilIdle(check: () -> Void) async {
        watched.store(true, ordering: .sequentiallyConsistent)
        await idle.wait(check)
    }

    func becameIdle() { idle.resumeAll() }
}

/// Those who wait for one thing to happen.
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
