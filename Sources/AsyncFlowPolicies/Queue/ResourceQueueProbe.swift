/// The queue for resources, as the benchmarks use it, which are a separate package.
///
/// It isn't meant for programs, and may change at any time.
@_spi(Benchmarks)
public struct ResourceQueueProbe: ~Copyable {
    private var queue: ResourceQueue<Int, Int>

    public init(capacity: ResourceCapacity) { queue = ResourceQueue(capacity: capacity, owner: "the benchmark") }

    public var waitingCount: Int { queue.waitingCount }

    /// Submits a task, and appends the tasks that start as a result.
    ///
    /// - Parameter definition: of the tasks with the same number, four may run at once; nil for no limit.
    public mutating func submit(
        _ id: Int, _ request: ResourceRequest, definition: Int?, startingInto started: inout [Int]
    ) {
        let limit = TaskLimit(concurrent: definition == nil ? nil : 4)
        note(queue.submit(id, request, limitKey: definition, limit: limit, at: .zero), &started)
    }

    /// Ends a task, and appends the tasks that start as a result.
    public mutating func finish(_ id: Int, startingInto started: inout [Int]) {
        note(queue.finish(id, at: .zero), &started)
    }

    private func note(_ actions: [ResourceQueue<Int, Int>.Action], _ started: inout [Int]) {
        for case .start(let id, _) in actions { started.append(id) }
    }
}
