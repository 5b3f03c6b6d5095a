import AsyncFlowBase
import Dispatch
import Synchronization

/// The threads that run synchronous bodies, and the executor on which async bodies continue after a suspension.
///
/// Work arrives in two ways: from outside through one lock-free stack, which a thread takes as a whole, and from the
/// threads themselves in their own queues, from which others steal. A thread without work sleeps; code that adds work
/// wakes one. There is no polling.
@usableFromInline
final class WorkerPool: TaskExecutor, @unchecked Sendable {
    private let injected = InjectionQueue()
    let idle: IdleWorkers
    private let isStopped = Atomic<Bool>(false)
    private enum Threads {
        case none
        case running([SystemThread])
        /// The pool has stopped, for good.
        case stopped
    }
    private let threads = Lock(Threads.none)
    private let isStarted = Atomic<Bool>(false)
    private let makeThread: ThreadMaker
    let workers: [Worker]

    typealias ThreadMaker = @Sendable (_ body: @escaping @Sendable () -> Void) throws(SystemError) -> SystemThread

    /// - Parameter makeThread: starts a thread; tests can make it fail.
    init(
        workerCount: Int,
        makeThread: @escaping ThreadMaker = { (body) throws(SystemError) -> SystemThread in try SystemThread(body) }
    ) {
        self.makeThread = makeThread
        workers = (0..<workerCount).map { Worker(index: $0) }
        idle = IdleWorkers(workers)
        for worker in workers { worker.join(self) }
    }

    // MARK: - Adding work

    /// Queues tasks that became ready because others ended. Takes over their in-flight references. Never blocks.
    func schedule(_ work: consuming WorkList) {
        var work: WorkList? = work
        Worker.withCurrent { worker in
            if let worker, worker.pool.refers(to: self) {
                worker.schedule(work.take()!)
            } else {
                let pool = retained()
                inject(work.take()!)
                idle.wakeOne()
                pool.release()
            }
        }
    }

    /// Queues a task that was ready when it was called.
    ///
    /// Such calls often come in bursts: a napping thread is left to find the whole burst (see ``IdleWorkers``).
    func submit(_ node: TaskNode) {
        add(Unmanaged.passUnretained(node))
        idle.wakeOneUnlessOneNaps()
    }

    @usableFromInline
    func enqueue(_ job: consuming ExecutorJob) {
        let pool = retained()
        add(Unmanaged.passRetained(SwiftJob(UnownedJob(job), executor: self)))
        idle.wakeOne()
        pool.release()
    }

    /// Returns the pool, retained: the work that a thread from outside adds may end the engine, and release its pool,
    /// before that thread has woken one of the pool.
    private func retained() -> Unmanaged<WorkerPool> { Unmanaged.passRetained(self) }

    private func add(_ item: Unmanaged<WorkItem>) {
        Worker.withCurrent { worker in
            var work = WorkList()
            work.append(item)
            if let worker, worker.pool.refers(to: self) {
                worker.push(work)
            } else {
                inject(work)
            }
        }
    }

    private func inject(_ work: consuming WorkList) {
        injected.push(work)
        if !isStarted.load(ordering: .acquiring) { start() }
    }

    /// Returns all work from outside that no thread has taken yet.
    func takeInjected() -> WorkList { injected.takeAll() }

    // MARK: - Waiting for work

    /// Returns the next item for a thread whose own queue is empty; nil when the pool has stopped.
    func waitForWork(_ worker: Worker) -> Unmanaged<WorkItem>? {
        if let item = findWork(for: worker) { return item }
        idle.nap(worker)
        while true {
            if let item = findWork(for: worker) { return item }
            idle.enter(worker)
            // Code that added work before it could see this thread idle woke none, so look again.
            if let item = findWork(for: worker) {
                idle.leave(worker)
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
            idle.wakeOneUnlessOneNaps()
        }
        return item
    }

    // MARK: - Start and stop

    /// Starts as many of the threads as possible. If none can be started, the waiting work ends with an error, and the
    /// next work tries again.
    private func start() {
        let failure = threads.withLock { threads -> WorkerThreadError? in
            switch threads {
            case .none: break
            case .running: return nil
            case .stopped: return WorkerThreadError(count: workers.count, code: ECANCELED)
            }
            var started: [SystemThread] = []
            for worker in workers {
                do throws(SystemError) { started.append(try makeThread { worker.runLoop() }) } catch {
                    if started.isEmpty { return WorkerThreadError(count: workers.count, code: error.code) }
                    break
                }
            }
            threads = .running(started)
            isStarted.store(true, ordering: .releasing)
            return nil
        }
        if let failure { endInjected(because: failure) }
    }

    private func endInjected(because failure: WorkerThreadError) {
        var work = injected.takeAll()
        while let item = work.popFirst() { item.takeUnretainedValue().end(because: failure) }
    }

    /// Ends the threads and waits until they are gone. Called when nothing is in flight; steps of Swift tasks that come
    /// after that run on Swift's own threads.
    func stop() {
        isStopped.store(true, ordering: .sequentiallyConsistent)
        for worker in workers { worker.wakeUp() }
        let last = threads.withLock { threads in
            defer { threads = .stopped }
            return threads
        }
        if case .running(let ended) = last { for thread in ended { thread.join() } }
        isStarted.store(false, ordering: .sequentiallyConsistent)
        endInjected(because: WorkerThreadError(count: workers.count, code: ECANCELED))
    }
}

/// A step of an async body, queued like a task.
private final class SwiftJob: WorkItem, @unchecked Sendable {
    private let job: UnownedJob
    private unowned(unsafe) let executor: WorkerPool

    init(_ job: UnownedJob, executor: WorkerPool) {
        self.job = job
        self.executor = executor
        super.init(isPlainTask: false)
    }

    /// Runs the step on Swift's own threads, because a step of an async body can't be skipped.
    override func end(because error: WorkerThreadError) {
        DispatchQueue.global().async { [self] in
            job.runSynchronously(on: executor.asUnownedTaskExecutor())
            Unmanaged.passUnretained(self).release()
        }
    }

    override func run(on worker: Worker) {
        job.runSynchronously(on: executor.asUnownedTaskExecutor())
        Unmanaged.passUnretained(self).release()
    }
}

/// The error of a pool none of whose threads could be started.
struct WorkerThreadError: Error {
    let count: Int
    let code: CInt

    var reason: RefusalReason {
        RefusalReason(
            .backendUnavailable,
            "none of the engine's \(count) threads could be started (\(SystemError(code: code))); raise the limit of "
                + "threads and processes (ulimit -u, or that of the container), or lower the number of threads "
                + "(Configuration.workers)")
    }
}
