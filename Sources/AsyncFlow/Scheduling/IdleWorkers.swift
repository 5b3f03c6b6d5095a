import AsyncFlowBase
import Synchronization

/// The workers that have nothing to do, and how they are woken.
///
/// A worker that runs dry naps once, for a moment, before it sleeps. While one naps, new work doesn't wake anybody: the
/// napping worker finds all of it when it looks again. Waking a thread for every call of a burst, or for what little
/// another worker has to give away, would cost more than short tasks themselves. Whoever awaits a result wakes at once.
struct IdleWorkers: ~Copyable {
    private static let napMicroseconds = 50

    private let workers: [Worker]
    /// Those that sleep, or are about to; whoever takes one off the list owes it a signal.
    private let sleeping = Lock<[Int]>([])
    private let sleepingCount = Atomic<Int>(0)
    private let napping = Lock<Worker?>(nil)
    private let isNapping = Atomic<Bool>(false)

    init(_ workers: [Worker]) { self.workers = workers }

    /// Whether all workers sleep: nothing is done, and nothing waits to be.
    var areAll: Bool { sleepingCount.load(ordering: .sequentiallyConsistent) == workers.count }

    // MARK: - For workers

    /// Waits for a moment, if no other worker does, or until it is woken.
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

    /// Puts a worker on the list of those that sleep. It must look for work once more before it does.
    func enter(_ worker: Worker) {
        sleeping.withLock { $0.append(worker.index) }
        sleepingCount.add(1, ordering: .sequentiallyConsistent)
        atomicMemoryFence(ordering: .sequentiallyConsistent)
    }

    /// Takes the worker off the list; if somebody is waking it already, takes that signal.
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

    // MARK: - For those who add work

    /// Wakes a worker that sleeps, unless one naps, which will find the work by itself. After the work was added, by a
    /// sequentially consistent operation or followed by such a fence.
    func wakeOneUnlessOneNaps() {
        if !isNapping.load(ordering: .sequentiallyConsistent) { wakeOne() }
    }

    /// Wakes a worker that naps or else one that sleeps, if there is any. After the work was added.
    func wakeOne() {
        atomicMemoryFence(ordering: .sequentiallyConsistent)  // pairs with the one in `enter`
        if wakeNapping() { return }
        guard sleepingCount.load(ordering: .relaxed) > 0 else { return }
        guard let index = sleeping.withLock({ $0.popLast() }) else { return }
        sleepingCount.subtract(1, ordering: .sequentiallyConsistent)
        workers[index].wakeUp()
    }

    /// Ends the nap of the worker that naps, if one does.
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
