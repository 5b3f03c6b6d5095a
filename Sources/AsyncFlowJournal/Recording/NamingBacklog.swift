import AsyncFlow
import AsyncFlowBase

/// The pending computations of content digests of recorded calls' files, carried out on a separate thread. Only the end
/// of the run waits for them.
final class NamingBacklog: Sendable {
    private struct State {
        var jobs: [@Sendable () -> Void] = []
        var isWorking = false
        var waiting: [WakeUp] = []
    }
    private let store: JournalStore
    private let naming: FileNaming
    private let state = Lock(State())

    init(_ store: JournalStore, _ naming: FileNaming) {
        self.store = store
        self.naming = naming
    }

    /// Records a call's key by content, and the digests of the files that it has made.
    ///
    /// - Parameter made: The facts of each file as they were recorded.
    func name(_ call: OpenCall, made: [[FileFacts]]) {
        guard call.identity.byContent != nil || !made.isEmpty else { return }
        add { [store, naming] in
            if let key = call.identity.byContent?() {
                try? store.append(
                    .named(
                        NamedRecord(
                            call: call.id, execution: 0, output: "", content: ObjectID(bytes: []), size: 0,
                            contentKey: key)))
            }
            for facts in made {
                guard let top = facts.first, FileTree.facts(of: top.path) == facts,
                    let content = naming.content(at: top.path)
                else { continue }
                try? store.append(
                    .named(
                        NamedRecord(
                            call: call.id, execution: 0, output: top.path, content: ObjectID(bytes: content),
                            size: top.size, modified: top.modified)))
            }
        }
    }

    private func add(_ job: @escaping @Sendable () -> Void) {
        let starts = state.withLock { state in
            state.jobs.append(job)
            defer { state.isWorking = true }
            return !state.isWorking
        }
        guard starts else { return }
        // Without a thread the digests are missing, which at most costs a repetition.
        if (try? SystemThread.startDetached { [self] in work() }) == nil { drop() }
    }

    private func work() {
        while true {
            let (job, waiting) = state.withLock { state -> ((@Sendable () -> Void)?, [WakeUp]) in
                if let job = state.jobs.popLast() { return (job, []) }
                state.isWorking = false
                defer { state.waiting = [] }
                return (nil, state.waiting)
            }
            guard let job else { return waiting.forEach { $0.signal() } }
            job()
        }
    }

    private func drop() {
        let waiting = state.withLock { state in
            state.jobs = []
            state.isWorking = false
            defer { state.waiting = [] }
            return state.waiting
        }
        for waiter in waiting { waiter.signal() }
    }

    /// Waits until all digests are recorded. Blocks the thread.
    func finish() {
        let wakeUp = state.withLock { state -> WakeUp? in
            guard state.isWorking else { return nil }
            let wakeUp = WakeUp()
            state.waiting.append(wakeUp)
            return wakeUp
        }
        wakeUp?.wait()
    }
}
