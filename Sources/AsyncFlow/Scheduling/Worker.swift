import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// One thread of a worker pool, with the work that it took or made and that other workers may steal.
@usableFromInline
final class Worker: @unchecked Sendable {  // all shared state is in `local` and `wake`; the rest is its thread's own
    unowned(unsafe) let pool: WorkerPool
    let index: Int
    /// The task whose synchronous body (or the synchronous start of an async one) runs now on this thread.
    @exclusivity(unchecked) unowned(unsafe) var currentTask: TaskNode?
    /// The item to run next: a dependent of the task that just ended, while its input is still in the cache.
    @exclusivity(unchecked) private var next: Unmanaged<WorkItem>?
    /// How many items ran since one was taken from a queue: bounds how long a chain may keep the queues waiting.
    @exclusivity(unchecked) private var chained = 0
    private let local = Mutex(WorkList())
    private let wake = WakeUp()

    private static let longestChain = 128

    init(index: Int, pool: WorkerPool) {
        self.index = index
        self.pool = pool
    }

    // MARK: - The thread

    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        pthread_key_create(&key, nil)
        return key
    }()

    /// The worker whose thread calls, if any.
    static var current: Worker? {
        pthread_getspecific(key).map { Unmanaged<Worker>.fromOpaque($0).takeUnretainedValue() }
    }

    /// The thread's whole life: works until the pool stops.
    func runLoop() {
        pthread_setspecific(Self.key, Unmanaged.passUnretained(self).toOpaque())
        while let item = takeNext() ?? pool.waitForWork(self) {
            item._withUnsafeGuaranteedRef { $0.run(on: self) }
        }
        pthread_setspecific(Self.key, nil)
    }

    // MARK: - Its work

    /// Adds work made on this thread: the first item runs next, the others may be stolen.
    func schedule(_ work: consuming WorkList) {
        var work = work
        if next == nil, chained < Self.longestChain { next = work.popFirst() }
        guard !work.isEmpty else { return }
        push(work)
        pool.wakeOneIfIdle()
    }

    func push(_ work: consuming WorkList) {
        var work: WorkList? = work
        local.withLock { $0.append(contentsOf: work.take()!) }
    }

    func takeNext() -> Unmanaged<WorkItem>? {
        if let item = next {
            next = nil
            chained += 1
            return item
        }
        chained = 0
        return local.withLock { $0.popFirst() }
    }

    /// The older half of the waiting work, for another worker.
    func steal() -> WorkList { local.withLock { $0.splitOlderHalf() } }

    var hasWork: Bool { local.withLock { !$0.isEmpty } }

    func sleep() { wake.wait() }
    func wakeUp() { wake.signal() }
}
