/// The reason that one task of a critical path couldn't start before another had ended.
package enum PathCause: String, Sendable, CaseIterable {
    /// The task is the first one of the path.
    case start
    /// The task needed the other one's result.
    case dependencies
    /// The other task held the worker, or something else that the task needed to run.
    case workers, resources, limit, rate
    /// The program created the task only after the other one had ended.
    case program

    init(_ wait: RunWait) {
        switch wait {
        case .dependencies: self = .dependencies
        case .workers, .retry: self = .workers
        case .resources: self = .resources
        case .limit: self = .limit
        case .rate: self = .rate
        }
    }
}

/// The chain of tasks that determined the length of the run. It is followed back to the start from the task that ended
/// last, each time to the task whose end let the current one start.
package struct CriticalPath: Sendable {
    package struct Step: Sendable, Equatable {
        package let place: Int
        package let start: Double
        package let end: Double
        /// The seconds between the end of the previous step (or the session's start) and this start.
        package let waited: Double
        /// The reason that the task waited for the previous step to end.
        package let cause: PathCause
    }

    /// The steps, from the first to the last.
    package private(set) var steps: [Step] = []

    /// The seconds for which tasks of the path ran.
    package var busy: Double { steps.reduce(0) { $0 + $1.end - $1.start } }

    package init(of model: RunModel) {
        let finder = CriticalPathFinder(model)
        guard var place = finder.last else { return }
        while true {
            let (holder, cause) = finder.holder(of: place)
            let start = model.started[place]
            steps.append(
                Step(
                    place: place, start: start, end: model.end(place),
                    waited: max(0, start - (holder.map { model.end($0) } ?? 0)), cause: cause))
            guard let holder else { break }
            place = holder
        }
        steps.reverse()
    }
}

/// A finder of the task that another one waited for. Ends of tasks are sorted once; each step goes to a task that comes
/// earlier in that order, so the search always terminates.
private struct CriticalPathFinder {
    /// The number of earlier ends that are searched for a task of the same worker or workflow.
    private static let window = 1000

    private let model: RunModel
    /// The tasks that ran, by their ends. Blocks with tasks are left out, because those tasks stand for them.
    private let byEnd: [UInt32]
    private var rank: [UInt32]
    /// The task that ended last in each block.
    private let lastInBlock: [Int: Int]

    init(_ model: RunModel) {
        self.model = model
        var lastInBlock: [Int: Int] = [:]
        for place in 0..<model.taskCount where !model.started[place].isNaN {
            guard let block = model.block(place) else { continue }
            if let known = lastInBlock[block], model.end(known) >= model.end(place) { continue }
            lastInBlock[block] = place
        }
        self.lastInBlock = lastInBlock
        byEnd = (0..<UInt32(model.taskCount))
            .filter { !model.started[Int($0)].isNaN && lastInBlock[Int($0)] == nil }
            .sorted { left, right in
                let ends = (model.end(Int(left)), model.end(Int(right)))
                return ends.0 == ends.1 ? left < right : ends.0 < ends.1
            }
        rank = [UInt32](repeating: .max, count: model.taskCount)
        for (index, place) in byEnd.enumerated() { rank[Int(place)] = UInt32(index) }
    }

    /// The task that ended last. A service that is ended with the run doesn't count, because the run didn't wait for
    /// it.
    var last: Int? {
        byEnd.last { model.kind[Int($0)] != .service }.map { Int($0) } ?? byEnd.last.map { Int($0) }
    }

    func holder(of place: Int) -> (Int?, PathCause) {
        let start = model.started[place]
        let ready = model.ready(place)
        let created = model.created[place]
        if !ready.isNaN, start > ready, let other = heldPlace(place, from: ready, to: start) {
            return (other, PathCause(model.waitedFor[place]))
        }
        if let dependency = lastDependency(place), !(model.end(dependency) < created) {
            return (dependency, .dependencies)
        }
        if let other = latestEnd(before: created.isNaN ? start : created, like: place, isBefore: place) {
            return (other, .program)
        }
        if let dependency = lastDependency(place) { return (dependency, .dependencies) }
        return (nil, .start)
    }

    /// Returns the task that ended while this one was ready and waited; on the same worker, if the workers are known.
    private func heldPlace(_ place: Int, from ready: Double, to start: Double) -> Int? {
        let lane = model.worker(place)
        let backend = model.backendIndex[place]
        var index = firstIndex(after: start)
        var other: Int?
        var looked = 0
        while index > 0, looked < Self.window {
            index -= 1
            looked += 1
            let candidate = Int(byEnd[index])
            guard model.end(candidate) > ready else { break }
            guard candidate != place, index < rank[place], model.backendIndex[candidate] == backend else { continue }
            if model.waitedFor[place] == .workers, let lane {
                if model.worker(candidate) == lane { return candidate }
            } else if other == nil {
                other = candidate
            }
        }
        return other
    }

    private func lastDependency(_ place: Int) -> Int? {
        var last: Int?
        for dependency in model.dependencies(place) {
            let candidate = lastTask(standingFor: dependency)
            guard rank[candidate] < rank[place] else { continue }
            if let known = last, rank[known] >= rank[candidate] { continue }
            last = candidate
        }
        return last
    }

    /// Returns the task that ended last in a block and the blocks within it, or the task itself.
    private func lastTask(standingFor place: Int) -> Int {
        var place = place
        var depth = 0
        while let inner = lastInBlock[place], depth < 1000 {
            place = inner
            depth += 1
        }
        return place
    }

    private func latestEnd(before time: Double, like place: Int, isBefore: Int) -> Int? {
        let start = min(firstIndex(after: time), Int(rank[isBefore]))
        guard start > 0 else { return nil }
        let workflow = model.workflowIndex[place]
        let block = model.blockPlace[place]
        for index in stride(from: start - 1, through: max(0, start - Self.window), by: -1) {
            let candidate = Int(byEnd[index])
            if model.workflowIndex[candidate] == workflow, model.blockPlace[candidate] == block { return candidate }
        }
        return Int(byEnd[start - 1])
    }

    /// Returns the number of ends that aren't after a time.
    private func firstIndex(after time: Double) -> Int {
        var low = 0
        var high = byEnd.count
        while low < high {
            let middle = (low + high) / 2
            if model.end(Int(byEnd[middle])) <= time { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
