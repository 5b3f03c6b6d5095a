import AsyncFlowBase
import Synchronization

/// The threads that have nothing to do, and their wake-up.
///
/// A thread that runs out of work naps once, for a moment, before it sleeps. While one naps, new work wakes none: the
/// napping thread finds all of it when it looks again. Waking a thread for every call of a burst, or for the little
/// that another thread has to give away, would cost more than short tasks themselves. A caller that awaits a result
/// wakes a thread at once.
struct IdleWorkers: ~Copyable {
    private static let napMicroseconds = 50

    private let workers: [Worker]
    /// The threads that sleep or are about to. Removing one from the list obliges the remover to signal it.
    private let sleeping = Lock<[Int]>([])
    private let sleepingCount = Atomic<Int>(0)
    private let napping = Lock<Worker?>(nil)
    private let isNapping = Atomic<Bool>(false)

    init(_ workers: [Worker]) { self.workers = workers }

    /// Whether all threads sleep: nothing runs, and nothing waits to run.
    var areAll: Bool { sleepingCount.load(ordering: .sequentiallyConsistent) == workers.count }

    // MARK: - For threads of the pool

    /// Waits for a moment, if no other thread does, or until it is woken.
    func nap(_ worker: Worker) {
        let mayNap = napping.withLock { napping in
            guard napping == nil else { return false }
            napping = worker
            isNapping.store(true, ordering: .sequentiallyConsistent)
            return true
        }
        guard mayNap else { return }
        let wasWoken = worker.nap(microseconds: Self.napMicroseconds)
        let isWoken = napping.withLock { napping in
            guard napping === worker else { return true }  // taken off by a waker; another worker may nap now
            napping = nil
            isNapping.store(false, ordering: .sequentiallyConsistent)
            return false
        }
        if isWoken, !wasWoken { worker.sleep() }  // takes the signal that is on its way
    }

    /// Adds a thread to the list of sleeping ones. It must look for work once more before it sleeps.
    func enter(_ worker: Worker) {
        sleeping.withLock { $0.append(worker.index) }
        sleepingCount.add(1, ordering: .sequentiallyConsistent)
        atomicMemoryFence(ordering: .sequentiallyConsistent)
    }

    /// Removes the thread from the list; if it is already being woken, consumes that signal.
    func leave(_ worker: Worker) {
        let wasListed = sleeping.withLock { list in
            guard let place = list.firstIndex(of: worker.index) else { return false }
            list.remove(at: place)
            return true
        }
        if wasListed {
            sleepingCount.subtract(1, ordering: .sequentiallyConsistent)
        } else {
            worker.sleep()
        }
    }

    // MARK: - For code that adds work

    /// Wakes a sleeping thread, unless one naps, which will find the work by itself. To be called after the work has
    /// been added, by a sequentially consistent operation or followed by such a fence.
    func wakeOneUnlessOneNaps() {
        if !isNapping.load(ordering: .sequentiallyConsistent) { wakeOne() }
    }

    /// Wakes a napping thread or else a sleeping one, if there is any. To be called after the work has been added.
    func wakeOne() {
        atomicMemoryFence(ordering: .sequentiallyConsistent)  // pairs with the one in `enter`
        if wakeNapping() { return }
        guard sleepingCount.load(ordering: .relaxed) > 0 else { return }
        guard let index = sleeping.withLock({ $0.popLast() }) else { return }
        sleepingCount.subtract(1, ordering: .sequentiallyConsistent)
        workers[index].wakeUp()
    }

    /// Ends the nap of the napping thread, if there is one.
    @discardableResult
    func wakeNapping() -> Bool {
        guard isNapping.load(ordering: .relaxed) else { return false }
        let worker = napping.withLock { napping in
            defer { napping = nil }
            isNapping.store(false, ordering: .sequentiallyConsistent)
            return napping
        }
        worker?.wakeUp()
        return worker != nil
    }
}
