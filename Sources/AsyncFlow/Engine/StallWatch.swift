import AsyncFlowBase

/// A watch that checks now and then whether tasks of an engine wait for each other forever, and reports it once.
///
/// It runs only while bodies await tasks, on a separate Swift task.
final class StallWatch: Sendable {
    private unowned let engine: EngineCore
    /// The time for which tasks must have been waiting for each other before it is reported.
    private let patience: Duration
    private struct State {
        var task: Task<Void, Never>?
        var isEnded = false
    }
    private let state = Lock(State())

    /// The number of waits above which nothing is checked.
    private static let mostWaits = 20_000

    init(_ engine: EngineCore, patience: Duration) {
        self.engine = engine
        self.patience = min(max(patience, .milliseconds(20)), .aCentury)
    }

    func start() {
        state.withLock { state in
            guard !state.isEnded else { return }
            state.task = Task.detached { [self] in await watch() }
        }
    }

    /// Ends the watch; returns when it has ended.
    func end() async {
        let task = state.withLock { state in
            state.isEnded = true
            return state.task.take()
        }
        task?.cancel()
        await task?.value
    }

    private func watch() async {
        var since: [UInt64: ContinuousClock.Instant] = [:]
        var hasTold = false
        while true {
            do { try await Task.sleep(for: patience / 2) } catch { return }
            guard let waits = engine.waits.all(atMost: Self.mostWaits) else { continue }
            if waits.isEmpty { break }
            let picture = StallPicture(of: engine, waits)
            let stuck = picture.graph.stuck
            let now = ContinuousClock.now
            since = Dictionary(uniqueKeysWithValues: stuck.map { ($0, since[$0] ?? now) })
            if stuck.isEmpty { hasTold = false }
            let standing = Set(since.filter { now - $0.value >= patience }.keys)
            if !hasTold, picture.isWorthTelling(standing) {
                hasTold = true
                engine.emit(stalled: picture.text(about: standing, after: patience))
            }
        }
        engine.waits.whenUnwatched { [self] in start() }
    }
}

/// The waits of an engine's tasks for each other, at one moment as nearly as possible.
struct StallPicture {
    private(set) var graph = WaitGraph()
    private var labels: [UInt64: String] = [:]
    /// The sentence that is reported about a task if it never continues.
    private var sentences: [UInt64: String] = [:]

    init(of engine: EngineCore, _ waits: [(task: TaskNode, goal: BodyWait.Goal)]) {
        for wait in waits { note(wait.task, wait.goal, engine) }
        for blockage in engine.router.blockages() { note(blockage) }
        notePending(engine, waits)
    }

    private mutating func note(_ task: TaskNode, _ goal: BodyWait.Goal, _ engine: EngineCore) {
        let subject = label(of: task) + Self.holdings(of: task)
        switch goal {
        case .end(let other) where other.engine === engine:
            graph.add(task.number, .one(of: [other.number]))
            let isOwnBlock = task.membership?.block?.taskID == other.id
            let relation = isOwnBlock ? ", the block that it belongs to" : ""
            sentences[task.number] = "\(subject) waits for \(label(of: other))\(relation)"
        case .end(let other):
            // The state of another engine's tasks isn't known here.
            graph.add(task.number, .one(of: [other.number, .max]))
        case .members(let block):
            let members = block.members.filter { $0.engine === engine }
            graph.add(task.number, .all(of: members.map(\.number)))
            let names = members.prefix(3).map { label(of: $0) }.joined(separator: ", ")
            sentences[task.number] = "\(subject) waits for its \(members.count == 1 ? "member" : "members") \(names)"
        }
    }

    private mutating func note(_ blockage: ResourceScheduler.Blockage) {
        let holders = blockage.by.map(\.label).sorted()
        let names = ShortList.text(holders, count: holders.count)
        for task in blockage.waiting {
            labels[task.number] = task.label
            // A service ends when nothing uses it, and the tasks that wait for its end may be what uses it.
            for service in blockage.by where service.isService { graph.add(service.number, .one(of: [])) }
            // A resource that nobody holds is about to be allocated.
            guard !blockage.by.isEmpty else { continue }
            graph.add(task.number, .one(of: blockage.by.map(\.number)))
            sentences[task.number] =
                "\(task.label) waits for \(blockage.what), which \(names) \(holders.count == 1 ? "has" : "have")"
        }
    }

    /// Notes tasks that are awaited and wait for their dependencies: if nothing runs anywhere, those won't end.
    private mutating func notePending(_ engine: EngineCore, _ waits: [(task: TaskNode, goal: BodyWait.Goal)]) {
        let awaited = waits.flatMap { wait in
            switch wait.goal {
            case .end(let task): [task]
            case .members(let block): block.members
            }
        }
        let pending = awaited.filter { $0.engine === engine && $0.waitsForDependencies }
        guard !pending.isEmpty, engine.pool.idle.areAll else { return }
        let others = engine.running.all.filter { !$0.currentPhase.isTerminal && graph.needs[$0.number] == nil }
        guard others.allSatisfy(\.waitsForDependencies) else { return }
        for task in pending where graph.needs[task.number] == nil { graph.add(task.number, .one(of: [])) }
    }

    private mutating func label(of task: TaskNode) -> String {
        let label = "\(task.definition.name) (\(task.id))"
        labels[task.number] = label
        return label
    }

    private static func holdings(of task: TaskNode) -> String {
        guard let allocation = task.allocation else { return "" }
        let summary = allocation.summary
        return summary.isEmpty ? "" : " has \(summary) and"
    }

    /// Returns whether there is a sentence about one of these tasks.
    func isWorthTelling(_ tasks: Set<UInt64>) -> Bool { tasks.contains { sentences[$0] != nil } }

    func text(about tasks: Set<UInt64>, after patience: Duration) -> String {
        let told = tasks.sorted().compactMap { sentences[$0] }
        let rest = told.count > 6 ? "; and \(told.count - 6) more" : ""
        return "no progress for \(patience.shortText), and none is possible: " + told.prefix(6).joined(separator: "; ")
            + rest
            + ". Cancel one of them; the article WaitingWithoutEnd says how to avoid it"
    }
}

extension TaskNode {
    /// Whether none of its bodies runs, because dependencies haven't ended.
    fileprivate var waitsForDependencies: Bool { currentPhase == .waiting && !isResolved }
}
