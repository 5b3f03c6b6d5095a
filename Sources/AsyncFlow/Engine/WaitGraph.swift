/// The waits of tasks for each other, which determine the tasks that will wait forever; a pure data structure.
struct WaitGraph {
    /// A condition for a task to continue.
    enum Need {
        /// One of these continues. An empty list means never.
        case one(of: [UInt64])
        /// All of these end.
        case all(of: [UInt64])

        var tasks: [UInt64] {
            switch self {
            case .one(let tasks), .all(let tasks): tasks
            }
        }
    }

    /// The needs by task number; a task that isn't here continues by itself.
    private(set) var needs: [UInt64: Need] = [:]

    /// Adds a need. If a task waits in several ways, any of them may let it continue.
    mutating func add(_ task: UInt64, _ need: Need) {
        switch (needs[task], need) {
        case (.one(let known)?, .one(let more)): needs[task] = .one(of: known + more)
        case (nil, _): needs[task] = need
        // A mixture is treated as a task that continues, so that nothing wrong is reported.
        case (.all?, _), (_, .all): needs[task] = nil
        }
    }

    /// The tasks that never continue.
    var stuck: Set<UInt64> {
        var stuck = Set(needs.keys)
        var waitingFor: [UInt64: [UInt64]] = [:]
        for (task, need) in needs { for other in need.tasks { waitingFor[other, default: []].append(task) } }
        var toCheck = Array(needs.keys)
        while let task = toCheck.popLast() {
            guard stuck.contains(task), let need = needs[task], goesOn(need, stuck) else { continue }
            stuck.remove(task)
            toCheck += waitingFor[task] ?? []
        }
        return stuck
    }

    private func goesOn(_ need: Need, _ stuck: Set<UInt64>) -> Bool {
        switch need {
        case .one(let tasks): tasks.contains { !stuck.contains($0) }
        case .all(let tasks): !tasks.contains(where: stuck.contains)
        }
    }
}
