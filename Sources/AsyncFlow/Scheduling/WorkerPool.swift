import Synchronization

/// The threads that run synchronous bodies, and the executor on which async bodies go on after a suspension.
///
/// Work comes in by two ways: from outside through one lock-free stack that a worker takes as a whole, and from the
/// workers themselves into their own queues, where others steal. A worker without work sleeps; whoever adds work wakes
/// one. There is no polling.
@usableFromInline
final class WorkerPool: TaskExecutor, @unchecked Sendable {
    private let injected = InjectionQueue()
    private let idle = Mutex<[Int]>([])
    private let idleCount = Atomic<Int>(0)
    private let isStopped = Atomic<Bool>(false)
    private let threads = Mutex<[WorkerThread]?>(nil)
    private let isStarted = Atomic<Bool>(false)
    private(set) var workers: [Worker] = []

    init(workerCount: Int) {
        workers = (0..<workerCount).map { Worker(index: $0, pool: self) }
    }

    // MARK: - Adding work

    /// Queues work whose in-flight references the pool takes over. Never blocks.
    func schedule(_ work: consuming WorkList) {
        if let worker = Worker.current, worker.pool === self {
            worker.schedule(work)
        } else {
            inject(work)
        }
    }

    private func inject(_ work: consuming WorkList) {
        if !isStarted.load(ordering: .acquiring) { start() }
        injected.push(work)
        wakeOneIfIdle()
    }

    @usableFromInline
    func enqueue(_ job: consuming ExecutorJob) {
        var work = WorkList()
        work.append(Unmanaged.passRetained(SwiftJob(UnownedJob(job), executor: self)))
        if let worker = Worker.current, worker.pool === self {
            worker.push(work)
            wakeOneIfIdle()
        } else {
            inject(work)
        }
    }

    // MARK: - Waiting for work

    /// The next item for a worker whose own queue is empty, or nil when the pool has stopped.
    func waitForWork(_ worker: Worker) -> Unmanaged<WorkItem>? {
        while true {
            if let item = findWork(for: worker) { return item }
            idle.withLock { $0.append(worker.index) }
            idleCount.add(1, ordering: .sequentiallyConsistent)
            atomicMemoryFence(ordering: .sequentiallyConsistent)
            // Whoever added work before it could see this worker idle woke nobody: look again.
            if let item = findWork(for: worker) {
                leaveIdle(worker)
                return item
            }
            if isStopped.load(ordering: .sequentiallyConsistent) { return nil }
            worker.sleep()
        }
    }

    private func findWork(for worker: Worker) -> Unmanaged<WorkItem>? {
        var work = injected.takeAll()
        if work.isEmpty {
            for offset in 1..<max(workers.count, 1) {
                let victim = workers[(worker.index + offset) % workers.count]
                work = victim.steal()
                if !work.isEmpty { break }
            }
        }
        guard let item = work.popFirst() else { return nil }
        if !work.isEmpty {
            worker.push(work)
            wakeOneIfIdle()
        }
        return item
    }

    /// Takes the worker off the idle list; if somebody is waking it already, swallows that signal.
    private func leaveIdle(_ worker: Worker) {
        let wasListed = idle.withLock { list in
            guard let place = list.firstIndex(of: worker.index) else { return false }
            list.remove(at: place)
            return true
        }
        if wasListed {
            idleCount.subtract(1, ordering: .sequentiallyConsistent)
        } else {
            worker.sleep()
        }
    }

    func wakeOneIfIdle() {
        atomicMemoryFence(ordering: .sequentiallyConsistent)  // pairs with the one in `waitForWork`
        guard idleCount.load(ordering: .sequentiallyConsistent) > 0 else { return }
        guard let index = idle.withLock({ $0.popLast() }) else { return }
        idleCount.subtract(1, ordering: .sequentiallyConsistent)
        workers[index].wakeUp()
    }

    // MARK: - Start and stop

    private func start() {
        threads.withLock { threads in
            guard threads == nil else { return }
            threads = workers.map { worker in WorkerThread { worker.runLoop() } }
            isStarted.store(true, ordering: .releasing)
        }
    }

    /// Ends the threads and waits until they are gone. No work may be left; called once nothing is in flight.
    func stop() {
        isStopped.store(true, ordering: .sequentiallyConsistent)
        for worker in workers { worker.wakeUp() }
        let ended = threads.withLock { $0.take() } ?? []
        for thread in ended { thread.join() }
    }
}

/// A step of an async body, queued like a task.
private final class SwiftJob: WorkItem, @unchecked Sendable {
    private let job: UnownedJob
    private unowned(unsafe) let executor: WorkerPool

    init(_ job: UnownedJob, executor: WorkerPool) {
        self.job = job
        self.executor = executor
        super.init()
    }

    override func run(on worker: Worker) {
        job.runSynchronously(on: executor.asUnownedTaskExecutor())
        Unmanaged.passUnretained(self).release()
    }
}
