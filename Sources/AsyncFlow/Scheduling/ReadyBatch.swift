/// The tasks that the end of one or several tasks made ready, and those that it ended in turn.
struct ReadyBatch: ~Copyable {
    private let engine: Uncounted<EngineCore>
    private var ready = WorkList()
    /// Tasks that ended without having run, with observers still to be notified. A list instead of recursion, so
    /// that a million dependents of a failed task don't overflow the stack.
    var ended: [TaskNode] = []
    private var nextEnded = 0

    /// - Parameter engine: the engine of the task that ends.
    init(of engine: Uncounted<EngineCore>) { self.engine = engine }

    /// Adds a task whose dependencies are resolved, and takes over its in-flight reference.
    mutating func append(_ node: TaskNode) {
        if node.definition.isManaged {
            node.goOn()
        } else if node.definition.uncountedEngine == engine {
            ready.append(Unmanaged.passUnretained(node))
        } else {  // a future of one engine was an argument to a task of another one
            var other = WorkList()
            other.append(Unmanaged.passUnretained(node))
            node.engine.pool.schedule(other)
        }
    }

    /// Ends the tasks that end in turn, until there are no more, and then queues those that became ready.
    consuming func settle() {
        while nextEnded < ended.count {
            let node = ended[nextEnded]
            nextEnded += 1
            node.tellObservers(&self)
        }
        guard !ready.isEmpty else { return }
        var ready: WorkList? = ready
        engine { $0.pool.schedule(ready.take()!) }
    }
}
