import AsyncFlowBase

/// One thread of the engine's pool, with the work that it took or made and that other threads may steal.
@usableFromInline
final class Worker: @unchecked Sendable {  // all shared state is in `local` and `wake`; the rest is its thread's own
    /// The pool. Set once, before the thread starts.
    @exclusivity(unchecked) private(set) var pool: Uncounted<WorkerPool>!
    let index: Int
    /// The task whose synchronous body (or the synchronous start of an async one) is running on this thread.
    @exclusivity(unchecked) unowned(unsafe) var currentTask: TaskNode?
    /// The item to run next: a dependent of the task that just ended, while its input is still in the cache.
    @exclusivity(unchecked) private var next: Unmanaged<WorkItem>?
    /// The number of items that ran since one was taken from a queue; it bounds how long a chain may delay the queues.
    @exclusivity(unchecked) private var chained = 0
    let asyncBody = Lock<CurrentAsyncBody?>(nil)
    private let local = Lock(WorkList())
    private let wake = WakeUp()

    /// The number of items that ran since the last check for work from outside: a thread that always has work must not
    /// delay that.
    @exclusivity(unchecked) private var takenSinceLookingOutside = 0

    private static let longestChain = 128
    private static let longestTimeWithoutLookingOutside = 64

    init(index: Int) { self.index = index }

    func join(_ pool: WorkerPool) { self.pool = Uncounted(pool) }

    // MARK: - The thread

    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        pthread_key_create(&key, nil)
        return key
    }()

    /// The object of the calling thread, if it belongs to a pool.
    static var current: Worker? {
        pthread_getspecific(key).map { Unmanaged<Worker>.fromOpaque($0).takeUnretainedValue() }
    }

    /// The same without reference counting, for work that is done for every task.
    static func withCurrent<Result>(_ body: (Worker?) -> Result) -> Result {
        guard let worker = pthread_getspecific(key) else { return body(nil) }
        return Unmanaged<Worker>.fromOpaque(worker)._withUnsafeGuaranteedRef { body($0) }
    }

    /// Runs the thread, which works until the pool stops.
    func runLoop() {
        pthread_setspecific(Self.key, Unmanaged.passUnretained(self).toOpaque())
        while let item = takeNext() ?? pool({ $0.waitForWork(self) }) {
            item._withUnsafeGuaranteedRef { $0.run(on: self) }
            handOverSuspendedBody()
        }
        pthread_setspecific(Self.key, nil)
    }

    // MARK: - Work

    /// Adds items that the end of a task on this thread made ready: the first one runs next, the others may be stolen.
    func schedule(_ work: consuming WorkList) {
        var work = work
        if next == nil, chained < Self.longestChain { next = work.popFirst() }
        guard !work.isEmpty else { return }
        push(work)
        pool { $0.idle.wakeOneUnlessOneNaps() }
    }

    func push(_ work: consuming WorkList) {
        var work: WorkList? = work
        local.withLock { $0.append(contentsOf: work.take()!) }
        atomicMemoryFence(ordering: .sequentiallyConsistent)  // before it is looked who may be woken
    }

    /// Makes an item that was taken the next one again.
    func putBack(_ item: Unmanaged<WorkItem>) {
        if let other = next {
            var work = WorkList()
            work.append(other)
            push(work)
        }
        next = item
    }

    /// Returns the task that the end of another one on this thread made ready, if it is to run next.
    func takeDependent() -> Unmanaged<WorkItem>? {
        guard let item = next, item._withUnsafeGuaranteedRef({ $0.isPlainTask }) else { return nil }
        next = nil
        chained += 1
        return item
    }

    func takeNext() -> Unmanaged<WorkItem>? {
        if let item = takeDependent() { return item }
        if let item = next {
            next = nil
            return item
        }
        chained = 0
        takenSinceLookingOutside += 1
        if takenSinceLookingOutside >= Self.longestTimeWithoutLookingOutside {
            takenSinceLookingOutside = 0
            pool {
                let work = $0.takeInjected()
                if !work.isEmpty { push(work) }
            }
        }
        return local.withLock { $0.popFirst() }
    }

    /// Returns the older half of the waiting work, for another thread.
    func steal() -> WorkList { local.withLock { $0.splitOlderHalf() } }

    // MARK: - Sleeping

    func sleep() { wake.wait() }
    /// Waits for a short time.
    ///
    /// - Returns: whether it was woken before the time was up.
    func nap(microseconds: Int) -> Bool { wake.wait(microseconds: microseconds) }
    func wakeUp() { wake.signal() }
}
