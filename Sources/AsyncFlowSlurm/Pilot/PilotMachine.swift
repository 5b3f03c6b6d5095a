import AsyncFlow

/// The pure state machine of pilots: it decides how many there are, which task starts when and on which of their nodes,
/// and when a pilot ends.
///
/// A *pilot* is an allocation whose nodes run tasks one after the other. A waiting task starts on the first pilot with
/// room for it and enough time left. Tasks are ordered by priority and then by submission; a later task that fits may
/// overtake one that doesn't, but not forever: see ``Settings/setbackLimit``.
struct PilotMachine {
    typealias Key = UInt64

    struct Settings: Sendable, Hashable {
        var nodes = 1
        var coresPerNode = 1
        /// The memory of a node in bytes; nil if memory isn't counted.
        var memoryPerNode: Int64?
        var gpusPerNode = 0
        var minimumPilots = 0
        var maximumPilots = 1
        /// The time that a pilot requests; nil for the cluster's default.
        var walltime: Duration?
        /// The time before its end in which a pilot starts nothing more.
        var endMargin: Duration = .seconds(30)
        /// The time without a task after which a pilot ends.
        var idleTimeout: Duration = .seconds(60)
        /// The number of failed requests for pilots in a row after which all tasks fail.
        var failureLimit = 3
        var firstBackoff: Duration = .seconds(1)
        /// The number of times that a task may be overtaken before room is kept for it.
        var setbackLimit = 64
        /// Whether the only pilot is an existing allocation, which no other one follows.
        var isFixed = false
    }

    /// The resources of one rank of a task, and the number of ranks.
    struct Need: Sendable, Hashable {
        /// The cores of a rank.
        var cores = 1
        /// The memory of a rank, in bytes.
        var memory: Int64 = 0
        /// The GPUs of a rank, in thousandths.
        var gpus = 0
        var ranks = 1
    }

    /// The kind of a task; tasks of the same kind are interchangeable.
    struct Kind: Sendable, Hashable {
        var need = Need()
        var priority = 0
        /// The name by which durations are known.
        var name = ""
        /// The time limit of the task, if it has one.
        var timeout: Duration?
    }

    /// A part of a task on a node.
    struct Share: Sendable, Hashable {
        var node: Int
        var ranks: Int
        var gpus: [GPUPool.Share] = []
    }

    enum Refusal: Sendable, Hashable {
        /// No pilot will ever have room for the task.
        case tooLarge
        /// The task wouldn't end before the only pilot does.
        case tooLate
        /// No pilots can be had.
        case unavailable(String)
        case closed
        case cancelled
    }

    enum Action: Sendable, Equatable {
        /// Requests an allocation; the answer is ``granted(_:nodes:end:now:)`` or ``failed(_:_:isFinal:now:)``.
        case allocate(pilot: Int)
        /// Releases an allocation; the answer is ``ended(_:now:)``.
        case release(pilot: Int)
        case start(Key, pilot: Int, [Share])
        case end(Key, Refusal)
    }

    enum NodeStage: Hashable { case starting, ready, lost }

    struct Node {
        let name: String
        var stage = NodeStage.starting
        var cores: Int
        var memory: Int64
        var gpus: GPUPool
    }

    enum Stage: Hashable { case asked, running, draining, leaving }

    struct Pilot {
        var stage = Stage.asked
        var nodes: [Node] = []
        /// The end of the pilot's time.
        var end: Duration?
        var taskCount = 0
        var idleSince = Duration.zero
    }

    struct Task {
        let kind: Kind
        /// The pilot that the task runs on, once it has started.
        var pilot: Int?
        var shares: [Share] = []
    }

    /// The waiting tasks of a kind.
    struct Line {
        var keys: [Key] = []
        var head = 0
        var setbacks = 0
    }

    let settings: Settings
    var pilots: [Int: Pilot] = [:]
    var tasks: [Key: Task] = [:]
    var lines: [Kind: Line] = [:]
    /// The cores that all waiting tasks request together.
    var waitingCores = 0
    var waitingCount = 0
    private var lastPilot = 0
    private var failures = 0
    private var nextAskTime = Duration.zero
    private var observed: [String: Duration] = [:]
    /// The refusal of tasks after the end of the only allocation.
    private var fixedEnd: Refusal?
    private(set) var isClosing = false

    init(_ settings: Settings) { self.settings = settings }

    var isOver: Bool { isClosing && pilots.isEmpty && tasks.isEmpty }

    // MARK: - Tasks

    mutating func submit(_ key: Key, _ kind: Kind, now: Duration) -> [Action] {
        if isClosing { return [.end(key, .closed)] }
        if let fixedEnd { return [.end(key, fixedEnd)] }
        guard canHold(kind.need) else { return [.end(key, .tooLarge)] }
        tasks[key] = Task(kind: kind)
        lines[kind, default: Line()].keys.append(key)
        waitingCores += kind.need.cores * kind.need.ranks
        waitingCount += 1
        return look(now)
    }

    /// Cancels a task that hasn't started.
    mutating func cancel(_ key: Key, now: Duration) -> [Action] {
        guard let task = tasks[key], task.pilot == nil else { return [] }
        leaveLine(key, task.kind)
        tasks[key] = nil
        return [.end(key, .cancelled)] + look(now)
    }

    /// Notes the end of a task that had started.
    ///
    /// - Parameter elapsed: the time that the task took; nil if it failed or was stopped.
    mutating func finished(_ key: Key, elapsed: Duration?, now: Duration) -> [Action] {
        guard let task = tasks[key], let pilot = task.pilot else { return [] }
        tasks[key] = nil
        if let elapsed {
            // A longer time counts at once; a shorter one only gradually.
            let name = task.kind.name
            observed[name] = observed[name].map { elapsed > $0 ? elapsed : $0 * 0.8 + elapsed * 0.2 } ?? elapsed
        }
        if pilots[pilot] != nil {
            giveBack(task.shares, task.kind.need, to: pilot)
            pilots[pilot]?.taskCount -= 1
            pilots[pilot]?.idleSince = now
        }
        return look(now)
    }

    // MARK: - Pilots

    /// - Parameter end: the end of the pilot's time, if there is one.
    mutating func granted(_ pilot: Int, nodes: [String], end: Duration?, now: Duration) -> [Action] {
        guard pilots[pilot]?.stage == .asked else { return [] }
        pilots[pilot]?.stage = .running
        pilots[pilot]?.end = end
        pilots[pilot]?.idleSince = now
        pilots[pilot]?.nodes = nodes.map {
            Node(
                name: $0, cores: settings.coresPerNode, memory: settings.memoryPerNode ?? .max,
                gpus: GPUPool(count: settings.gpusPerNode))
        }
        return look(now)
    }

    /// Handles a requested allocation that wasn't granted.
    ///
    /// - Parameter isFinal: whether another request makes no sense.
    mutating func failed(_ pilot: Int, _ reason: String, isFinal: Bool, now: Duration) -> [Action] {
        guard let state = pilots.removeValue(forKey: pilot) else { return [] }
        if isClosing || state.stage == .leaving { return [] }
        return giveUpOrWait(reason, isFinal: isFinal, now: now)
    }

    mutating func nodeReady(_ pilot: Int, _ node: Int, now: Duration) -> [Action] {
        guard pilots[pilot]?.nodes.indices.contains(node) == true else { return [] }
        failures = 0
        pilots[pilot]?.nodes[node].stage = .ready
        pilots[pilot]?.idleSince = now
        return look(now)
    }

    /// Keeps tasks off a node until it is ready again.
    mutating func nodeSuspended(_ pilot: Int, _ node: Int) {
        guard pilots[pilot]?.nodes.indices.contains(node) == true else { return }
        if pilots[pilot]?.nodes[node].stage == .ready { pilots[pilot]?.nodes[node].stage = .starting }
    }

    /// Handles a node that is lost for good.
    mutating func nodeLost(_ pilot: Int, _ node: Int, _ reason: String, now: Duration) -> [Action] {
        guard var state = pilots[pilot], state.nodes.indices.contains(node) else { return [] }
        state.nodes[node].stage = .lost
        let isUseless = state.stage == .running && state.nodes.allSatisfy { $0.stage == .lost }
        if isUseless { state.stage = .leaving }
        pilots[pilot] = state
        guard isUseless else { return look(now) }
        return [.release(pilot: pilot)] + giveUpOrWait(reason, isFinal: false, now: now)
    }

    /// Handles the end of an allocation. Tasks that still ran there end by themselves, with
    /// ``finished(_:elapsed:now:)``.
    mutating func ended(_ pilot: Int, now: Duration) -> [Action] {
        guard pilots.removeValue(forKey: pilot) != nil else { return [] }
        if settings.isFixed, !isClosing {
            fixedEnd = fixedEnd ?? .tooLate
            return endAll(.tooLate)
        }
        return look(now)
    }

    /// Ends all waiting tasks and releases all pilots.
    mutating func close() -> [Action] {
        guard !isClosing else { return [] }
        isClosing = true
        var actions = endAll(.closed)
        for (pilot, state) in pilots.sorted(by: { $0.key < $1.key }) where state.stage != .leaving {
            pilots[pilot]?.stage = .leaving
            actions.append(.release(pilot: pilot))
        }
        return actions
    }

    mutating func timePassed(_ now: Duration) -> [Action] { look(now) }

    private mutating func giveUpOrWait(_ reason: String, isFinal: Bool, now: Duration) -> [Action] {
        failures += 1
        nextAskTime = now + settings.firstBackoff * (1 << min(failures - 1, 6))
        let hasOthers = pilots.values.contains { $0.stage == .running && $0.nodes.contains { $0.stage == .ready } }
        guard isFinal || failures >= settings.failureLimit || settings.isFixed, !hasOthers else { return look(now) }
        failures = 0
        if settings.isFixed { fixedEnd = .unavailable(reason) }
        return endAll(.unavailable(reason))
    }

    mutating func endAll(_ refusal: Refusal) -> [Action] {
        let waiting = tasks.filter { $0.value.pilot == nil }.keys.sorted()
        for key in waiting { tasks[key] = nil }
        lines = [:]
        (waitingCores, waitingCount) = (0, 0)
        return waiting.map { .end($0, refusal) }
    }

    // MARK: - How long tasks take

    /// Returns the time to reserve for a task: its time limit, or else the time that others of its name took.
    func expected(_ kind: Kind) -> Duration {
        let time = kind.timeout ?? observed[kind.name] ?? .zero
        // A new pilot must be long enough for every task.
        guard !settings.isFixed, let walltime = settings.walltime else { return time }
        return min(time, max(.zero, walltime - settings.endMargin * 2))
    }

    func hasTime(_ pilot: Pilot, for kind: Kind, now: Duration) -> Bool {
        guard let end = pilot.end else { return true }
        return now + expected(kind) + settings.endMargin <= end
    }

    // MARK: - When something is due

    /// - Returns: a time after `now`; nil if time alone changes nothing.
    func nextTime(after now: Duration) -> Duration? {
        if isClosing { return nil }
        var times: [Duration] = []
        for pilot in pilots.values where pilot.stage == .running {
            if let end = pilot.end { times.append(end - settings.endMargin) }
            if pilot.taskCount == 0, !settings.isFixed { times.append(pilot.idleSince + settings.idleTimeout) }
        }
        if waitingCount > 0 || settings.minimumPilots > 0 { times.append(nextAskTime) }
        return times.filter { $0 > now }.min()
    }

    // MARK: - Growing and shrinking

    private var wantsPilot: Bool {
        let live = pilots.values.filter { $0.stage == .asked || $0.stage == .running }
        if settings.isFixed { return lastPilot == 0 && waitingCount > 0 }
        if live.count >= max(settings.maximumPilots, settings.minimumPilots) { return false }
        if lastPilot > 0 || waitingCount > 0, live.count < settings.minimumPilots { return true }
        guard waitingCount > 0 else { return false }
        let size = settings.nodes * settings.coresPerNode
        let soon = live.reduce(0) { sum, pilot in
            sum
                + (pilot.stage == .asked
                    ? size : pilot.nodes.count { $0.stage == .starting } * settings.coresPerNode)
        }
        // The first pilot comes for any task, a further one if the waiting tasks would fill it.
        return live.isEmpty || waitingCores - soon >= size
    }

    mutating func resize(_ now: Duration) -> [Action] {
        var actions: [Action] = []
        for (pilot, earlier) in pilots.sorted(by: { $0.key < $1.key }) {
            var state = earlier
            if state.stage == .running, let end = state.end, now >= end - settings.endMargin {
                state.stage = .draining
                pilots[pilot] = state
            }
            guard state.taskCount == 0, !settings.isFixed else { continue }
            let isIdle =
                state.stage == .running && waitingCount == 0 && now - state.idleSince >= settings.idleTimeout
                && pilots.values.count { $0.stage == .running } > settings.minimumPilots
            // The pilot has too little time left for any waiting task, and keeps a new one from being requested.
            let isSpent =
                state.stage == .running && isUnserved(now)
                && pilots.values.count { $0.stage == .running } >= settings.maximumPilots
                && !lines.keys.contains { hasTime(state, for: $0, now: now) }
            guard isIdle || isSpent || state.stage == .draining else { continue }
            pilots[pilot]?.stage = .leaving
            actions.append(.release(pilot: pilot))
        }
        while now >= nextAskTime, wantsPilot || isStuck(now) {
            lastPilot += 1
            pilots[lastPilot] = Pilot()
            actions.append(.allocate(pilot: lastPilot))
        }
        return actions
    }

    /// Returns whether another pilot is needed and allowed for the time of the waiting tasks.
    private func isStuck(_ now: Duration) -> Bool {
        isUnserved(now)
            && pilots.values.count { $0.stage == .running } < max(settings.maximumPilots, settings.minimumPilots)
    }

    /// Returns whether a task waits for which no running or requested pilot has enough time.
    private func isUnserved(_ now: Duration) -> Bool {
        guard waitingCount > 0, !settings.isFixed, !pilots.values.contains(where: { $0.stage == .asked }) else {
            return false
        }
        let running = pilots.values.filter { $0.stage == .running }
        return lines.keys.contains { kind in !running.contains { hasTime($0, for: kind, now: now) } }
    }
}
