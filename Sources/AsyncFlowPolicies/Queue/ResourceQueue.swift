/// The queue of tasks that wait for resources, as a pure state machine: events in, actions out.
///
/// **Order.** Tasks with a higher priority come first; among those with the same priority, the one that was submitted
/// first. Each event is followed by one pass over the waiting tasks in that order, which starts each one that fits into
/// the free resources. Later tasks may therefore overtake an earlier one that doesn't fit.
///
/// **No starvation.** A start *sets back* a waiting task that precedes it in the order when both need the same resource
/// and the start leaves less of it than the waiting task needs. Each waiting task is set back at most `maximumSetbacks`
/// times (by default the larger of 16 and twice the number of cores); from then on, no later task that would set it
/// back is started until it has started itself. The resources that earlier tasks hold become free one after the other
/// and stay free for it, so it starts at the latest when those tasks have all ended. Starts that share no scarce
/// resource with a waiting task never wait for it, and aren't counted.
///
/// Waiting tasks with the same request, priority and limit are of one *shape*. The first one of each shape represents
/// all of them: its setbacks are counted, and the count of the next one begins at zero when it becomes the first.
///
/// **Limits.** Tasks may share a limit on the number that run at once and on the number that start in a period; for the
/// latter, each event carries the time. As long as a limit allows no start, the tasks that share it are passed over:
/// they delay no other task, and starts don't set them back. While one of them that the limit allows waits for its
/// resources after having been set back too often, later tasks leave it the limit's last place, too.
///
/// **Look-ahead.** A pass ends after `lookAhead` shapes whose first task couldn't start, like Slurm's
/// `bf_max_job_test`. Tasks after those wait although they might fit. Without this, a hundred thousand tasks with
/// different requests would all have to be examined each time one ends.
///
/// **GPUs.** A share of a GPU is taken from the fullest one that has room for it; whole GPUs are empty ones.
///
/// Late events are expected: the end or the cancellation of a task that the queue doesn't know does nothing.
struct ResourceQueue<ID: Hashable & Sendable, LimitKey: Hashable & Sendable>: Sendable {
    package enum Action: Hashable, Sendable {
        /// The task has its resources until ``finish(_:at:)`` or ``requeue(_:_:defaultCores:at:)``.
        case start(ID, ResourceAllocation)
        /// The task can never start. It isn't in the queue.
        case refuse(ID, reason: String)
        /// The task was cancelled before it started. It is no longer in the queue.
        case drop(ID)
    }

    package struct Entry: Sendable {
        /// The task; nil for an unused place.
        package let id: ID?
        package var request: ResourceRequest
        package var coresPerRank: Int
        /// The task's position among tasks with the same priority.
        package var number: UInt64
        package var shape: Int
        /// The shares of GPUs that it holds while it runs.
        package var shares: [GPUPool.Share]?
        /// The reason why it didn't start when it was submitted, if it didn't.
        package var waitCause: WaitCause?
        package var isRunning: Bool { shares != nil }
    }

    package struct ShapeKey: Hashable, Sendable {
        package var claim: ResourceClaim
        package var lane: Int
        /// The inverse of the priority: the lower, the earlier.
        package var rank: Int
    }

    package struct Shape: Sendable {
        package let key: ShapeKey
        package var waiting = TaskList()
        package var running = 0
        /// The number of times the first waiting task was set back.
        package var setbacks = 0
        /// The place of its first task in the lane; nil if none waits.
        package var place: Place?
    }

    let capacity: ResourceCapacity
    let owner: String
    let lookAhead: Int
    let maximumSetbacks: Int
    let slotNames: [String]
    private let slotIndices: [String: Int]

    var free: FreeResources
    var roster = Roster<Entry>()
    var shapes = Roster<Shape>()
    var lanes = Roster<Lane<LimitKey>>()
    /// The first place of each lane whose limit allows a start.
    var open = SortedSet<Place>()
    /// The times at which the rates of lanes with waiting tasks allow the next start.
    var openings = SortedSet<LaneTime>()
    /// The times at which unused lanes can be discarded.
    var fadings = SortedSet<LaneTime>()
    /// The number of shapes with waiting tasks that need no core.
    var corelessCount = 0
    var now = Duration.zero
    /// During a pass, the shapes whose first task couldn't start.
    var passed: [Int] = []
    /// During a pass, the next place in each lane in which a task couldn't start, the last one first.
    var entered: [Place] = []

    private(set) var indices: [ID: Int] = [:]
    private var shapeIndices: [ShapeKey: Int] = [:]
    private var laneIndices: [LimitKey: Int] = [:]
    private var lastNumber = Self.numbersBetween
    /// The gap between the numbers of two tasks, for tasks that are inserted between them.
    private static var numbersBetween: UInt64 { 1 << 16 }
    private(set) var runningCount = 0

    /// Creates a queue.
    ///
    /// - Parameters:
    ///   - capacity: the resources that there are.
    ///   - owner: the owner of the resources, for the reasons of refusals: `backend 'local'`.
    ///   - lookAhead: the number of shapes that can't start after which a pass ends; at least one.
    ///   - maximumSetbacks: the number of times that a task may be set back before its resources are held for it; by
    ///     default the larger of 16 and twice the number of cores.
    init(capacity: ResourceCapacity, owner: String, lookAhead: Int = 128, maximumSetbacks: Int? = nil) {
        self.capacity = capacity
        self.owner = owner
        self.lookAhead = max(1, lookAhead)
        self.maximumSetbacks = max(0, maximumSetbacks ?? max(16, 2 * capacity.cores))
        slotNames = capacity.slots.keys.sorted()
        slotIndices = Dictionary(uniqueKeysWithValues: slotNames.enumerated().map { ($1, $0) })
        free = FreeResources(capacity, slotNames: slotNames)
        _ = lanes.add(Lane(key: nil))
    }

    var waitingCount: Int { roster.count - runningCount }

    /// Whether no task runs or waits.
    var isEmpty: Bool { roster.count == 0 }

    /// Whether all resources are free.
    var isWhole: Bool { free == FreeResources(capacity, slotNames: slotNames) }

    /// The time at which ``advance(to:)`` has to be called, on the clock of the events' times; nil if it needn't be.
    var nextWakeUp: Duration? { openings.first?.time }

    // MARK: - Events

    /// Adds a task that is to start. It must not be in the queue already.
    ///
    /// - Parameters:
    ///   - request: the resources that it needs.
    ///   - defaultCores: the number of cores that it needs if the request gives none.
    ///   - priority: the higher, the earlier.
    ///   - limitKey: the key that the tasks with a common limit share; nil for a task without a limit.
    ///   - limit: the limit. The last one given for a key applies to all its tasks.
    ///   - time: the time since any fixed moment. A time before that of an earlier event counts as that.
    mutating func submit(
        _ id: ID, _ request: ResourceRequest, defaultCores: Int = 1, priority: Int = 0, limitKey: LimitKey? = nil,
        limit: TaskLimit = TaskLimit(), at time: Duration
    ) -> [Action] {
        precondition(indices[id] == nil, "a task was submitted twice")
        let mustLook = wakeLanes(at: time)
        var actions: [Action] = []
        if let reason = limit.problem ?? shortfall(for: request, defaultCores) {
            actions.append(.refuse(id, reason: reason))
            if mustLook { look(&actions) }
            return actions
        }
        let (lane, wasChanged) = laneIndex(for: limitKey, limit)
        let key = ShapeKey(claim: claim(of: request, defaultCores), lane: lane, rank: ~priority)
        lastNumber += Self.numbersBetween
        let entry = Entry(
            id: id, request: request, coresPerRank: request.cores ?? defaultCores, number: lastNumber,
            shape: shapeIndex(for: key))
        let index = roster.add(entry)
        indices[id] = index
        roster.append(index, to: &shapes[entry.shape].waiting)
        updatePlace(of: entry.shape)
        // Nothing else could start before, and a task of the same shape as one that can't start can't start either.
        let mayStart = shapes[entry.shape].waiting.first == index && lanes[lane].listed != nil && free.fits(key.claim)
        if mustLook || wasChanged || mayStart { look(&actions) }
        if !roster[index].isRunning { roster[index].waitCause = waitCause(in: lanes[lane]) }
        return actions
    }

    private func waitCause(in lane: Lane<LimitKey>) -> WaitCause {
        if lane.key == nil || lane.allows(1, at: now) { return .resources }
        return lane.opening(at: now) == nil ? .limit : .rate
    }

    /// Returns the reason why a task that waits or runs didn't start when it was submitted; nil if it did.
    func waitCause(of id: ID) -> WaitCause? { indices[id].flatMap { roster[$0].waitCause } }

    /// Ends a task, which gives back its resources. Does nothing if it isn't running.
    mutating func finish(_ id: ID, at time: Duration) -> [Action] {
        var mustLook = wakeLanes(at: time)
        if let index = indices[id], roster[index].isRunning {
            release(index)
            forget(index)
            mustLook = true
        }
        var actions: [Action] = []
        if mustLook { look(&actions) }
        return actions
    }

    /// Removes a task that is no longer to start. Does nothing if it is running: it holds its resources until it ends.
    mutating func cancel(_ id: ID, at time: Duration) -> [Action] {
        var mustLook = wakeLanes(at: time)
        var actions: [Action] = []
        if let index = indices[id], !roster[index].isRunning {
            leave(index)
            forget(index)
            actions.append(.drop(id))
            mustLook = true
        }
        if mustLook { look(&actions) }
        return actions
    }

    /// Makes a task give back its resources, if it is running, and wait again, with its priority, limit and position;
    /// it goes before those of its own shape.
    ///
    /// - Parameters:
    ///   - request: the resources that it needs now; nil for the same as before. If they can never be available, the
    ///     task is refused and removed from the queue.
    ///   - defaultCores: the number of cores that it needs if the request gives none.
    mutating func requeue(
        _ id: ID, _ request: ResourceRequest? = nil, defaultCores: Int = 1, at time: Duration
    ) -> [Action] {
        var mustLook = wakeLanes(at: time)
        var actions: [Action] = []
        if let index = indices[id] {
            mustLook = true
            if roster[index].isRunning { release(index) } else { leave(index) }
            if let request {
                if let reason = shortfall(for: request, defaultCores) {
                    forget(index)
                    actions.append(.refuse(id, reason: reason))
                    look(&actions)
                    return actions
                }
                changeRequest(of: index, to: request, defaultCores)
            }
            waitInFront(index)
        }
        if mustLook { look(&actions) }
        return actions
    }

    /// Notes that time has passed.
    mutating func advance(to time: Duration) -> [Action] {
        var actions: [Action] = []
        if wakeLanes(at: time) { look(&actions) }
        return actions
    }

    // MARK: - Needs of tasks

    private func shortfall(for request: ResourceRequest, _ defaultCores: Int) -> String? {
        capacity.shortfall(for: request, defaultCores: defaultCores, owner: owner)
    }

    private func claim(of request: ResourceRequest, _ defaultCores: Int) -> ResourceClaim {
        var claim = ResourceClaim(
            cores: (request.cores ?? defaultCores) * request.ranks, memory: request.memory.bytes,
            gpus: ResourceClaim.thousandths(of: request.gpus))
        if !request.slots.isEmpty {
            claim.slots = request.slots
                .compactMap { name, count in
                    count > 0 ? ResourceClaim.Slot(index: slotIndices[name]!, count: count) : nil
                }
                .sorted { $0.index < $1.index }
        }
        return claim
    }

    // MARK: - Steps

    private mutating func shapeIndex(for key: ShapeKey) -> Int {
        if let index = shapeIndices[key] { return index }
        let index = shapes.add(Shape(key: key))
        shapeIndices[key] = index
        return index
    }

    private mutating func laneIndex(for key: LimitKey?, _ limit: TaskLimit) -> (index: Int, wasChanged: Bool) {
        guard let key else { return (0, false) }
        let index: Int
        if let known = laneIndices[key] {
            if lanes[known].limit == limit { return (known, false) }
            index = known
        } else {
            index = lanes.add(Lane(key: key))
            laneIndices[key] = index
        }
        lanes[index].setLimit(limit)
        updateLane(index)
        return (index, true)
    }

    /// Discards a lane that nothing uses.
    mutating func forgetLane(_ index: Int) {
        laneIndices[lanes[index].key!] = nil
        lanes.remove(index, leaving: Lane(key: nil))
    }

    /// Removes a task from its list of waiting ones.
    mutating func leave(_ index: Int) {
        let shape = roster[index].shape
        if shapes[shape].waiting.first == index { shapes[shape].setbacks = 0 }
        roster.take(index, from: &shapes[shape].waiting)
        updatePlace(of: shape)
    }

    /// Gives back the resources of a running task.
    private mutating func release(_ index: Int) {
        let shape = roster[index].shape
        free.giveBack(shapes[shape].key.claim, roster[index].shares!)
        roster[index].shares = nil
        runningCount -= 1
        shapes[shape].running -= 1
        lanes[shapes[shape].key.lane].running -= 1
        updateLane(shapes[shape].key.lane)
    }

    mutating func markRunning(_ index: Int, _ shares: [GPUPool.Share]) {
        roster[index].shares = shares
        runningCount += 1
        shapes[roster[index].shape].running += 1
    }

    /// Discards a task that neither runs nor waits.
    private mutating func forget(_ index: Int) {
        indices[roster[index].id!] = nil
        forgetShapeIfUnused(roster[index].shape)
        roster.remove(
            index, leaving: Entry(id: nil, request: ResourceRequest(), coresPerRank: 0, number: 0, shape: 0))
    }

    private mutating func forgetShapeIfUnused(_ shape: Int) {
        guard shapes[shape].running == 0, shapes[shape].waiting.first == nil else { return }
        shapeIndices[shapes[shape].key] = nil
        shapes.remove(shape, leaving: Shape(key: ShapeKey(claim: ResourceClaim(), lane: 0, rank: 0)))
    }

    /// Changes the request of a task that neither runs nor waits.
    private mutating func changeRequest(of index: Int, to request: ResourceRequest, _ defaultCores: Int) {
        let before = roster[index].shape
        var key = shapes[before].key
        key.claim = claim(of: request, defaultCores)
        roster[index].request = request
        roster[index].coresPerRank = request.cores ?? defaultCores
        roster[index].shape = shapeIndex(for: key)
        if roster[index].shape != before { forgetShapeIfUnused(before) }
    }

    private mutating func waitInFront(_ index: Int) {
        let shape = roster[index].shape
        if let first = shapes[shape].waiting.first {
            roster[index].number = min(roster[index].number, roster[first].number - 1)
        }
        roster.prepend(index, to: &shapes[shape].waiting)
        updatePlace(of: shape)
    }
}
