package import AsyncFlow

/// The state of a run: counts, durations and waiting times by the names of tasks, updated event by event.
///
/// It keeps an entry for each name and for each task that hasn't ended, and nothing about tasks that have.
package struct RunStatistics: Sendable {
    /// The number of tasks in each state.
    package struct Counts: Sendable, Hashable {
        package var waiting = 0, queued = 0, running = 0, done = 0, failed = 0, cancelled = 0
        /// The tasks with a value of an earlier run; each of them is counted in its state, too.
        package var reused = 0
        package var created: Int { waiting + queued + running + done + failed + cancelled }

        fileprivate subscript(state: State) -> Int {
            get {
                switch state {
                case .waiting: waiting
                case .queued: queued
                case .running: running
                }
            }
            set {
                switch state {
                case .waiting: waiting = newValue
                case .queued: queued = newValue
                case .running: running = newValue
                }
            }
        }
    }

    /// The waiting times by cause, in seconds over all tasks.
    package struct Waits: Sendable, Hashable, Codable {
        package var dependencies = 0.0, workers = 0.0, resources = 0.0, limit = 0.0, rate = 0.0, retry = 0.0
    }

    /// All tasks of one name.
    package struct Name: Sendable {
        package let name: String
        package let kind: TaskKind
        package var counts = Counts()
        package var waits = Waits()
        /// The durations of tasks that ran, from the start of the last attempt to the end.
        package var durations = DurationHistogram()
        package var cpuSeconds = 0.0
        package var peakMemoryBytes: Int64 = 0
        package var failedAttempts = 0
    }

    fileprivate enum State: Sendable { case waiting, queued, running }

    private struct Live {
        let name: Int
        var state = State.waiting
        var since: Int64
        /// Whether an attempt has failed since the task was last queued.
        var isRetrying = false
        var started: Int64?
        var cores = CoreUse()
    }

    package private(set) var names: [Name] = []
    package private(set) var total = Counts()
    package private(set) var waits = Waits()
    package private(set) var durations = DurationHistogram()
    package private(set) var cpuSeconds = 0.0
    package private(set) var peakMemoryBytes: Int64 = 0
    private var coreUse = CoreUse()
    /// The number of cores of the engine's backends; nil if it isn't known.
    package var coreCapacity: Int?
    package private(set) var peakCores = 0
    package private(set) var peakRunning = 0
    /// The core nanoseconds that tasks have used up to the last change.
    private var coreNanoseconds = 0.0
    private var lastChange: Int64?
    package private(set) var firstTime: EventTime?
    package private(set) var lastTime: EventTime?
    /// The number of events that were left out.
    package private(set) var droppedCount = 0

    private var live = TaskTable<Live>()
    private var indices: [NameKey: Int] = [:]
    /// The names by definition, which is kept so that no other one can have its address.
    private var definitions: [ObjectIdentifier: (definition: any AnyObject & Sendable, name: Int)] = [:]
    /// The definition that was looked up last; tasks of one name often come together.
    private var lastDefinition: (id: ObjectIdentifier, name: Int)?
    private static let mostDefinitions = 4_096

    private struct NameKey: Hashable {
        let name: String
        let kind: TaskKind
    }

    package init() {}

    /// The cores that running tasks use: see ``CoreUse``.
    package var coresInUse: Int { Int(coreUse.total(of: coreCapacity.map { Double($0) })) }

    /// The average number of cores that tasks used, from the first event to the last.
    package var meanCores: Double {
        guard let firstTime, let lastTime, lastTime > firstTime else { return 0 }
        let elapsed = Double(lastTime.nanoseconds - firstTime.nanoseconds)
        let open = Double(coresInUse) * Double(lastTime.nanoseconds - (lastChange ?? lastTime.nanoseconds))
        return (coreNanoseconds + open) / elapsed
    }

    // MARK: - Events

    package mutating func addDropped(_ count: Int) { droppedCount += count }

    package mutating func apply(_ event: WorkflowEvent) {
        if firstTime == nil { firstTime = event.time }
        lastTime = event.time
        guard let number = event.taskNumber else { return }
        let now = event.time.nanoseconds
        switch event.type {
        case .taskCreated:
            enter(number, event, .waiting, at: now)
        case .taskResolved:
            guard var task = live[number] else { return }
            addWait(now - task.since, task.name, \.dependencies)
            task.since = now
            live[number] = task
        case .taskQueued:
            var task = live[number] ?? enter(number, event, .waiting, at: now)
            if task.isRetrying { addWait(now - task.since, task.name, \.retry) }
            task.isRetrying = false
            move(&task, to: .queued, at: now)
            live[number] = task
        case .taskStarted:
            var task = live[number] ?? enter(number, event, .queued, at: now)
            addWait(now - task.since, task.name, Self.wait(event.waitCause))
            move(&task, to: .running, at: now)
            task.started = now
            task.cores = CoreUse(of: names[task.name].kind, granted: event.grantedCores)
            changeCores(at: now) { $0 += task.cores }
            live[number] = task
            peakRunning = max(peakRunning, total.running)
        case .taskAttemptFailed:
            guard var task = live[number] else { return }
            names[task.name].failedAttempts += 1
            addUsage(event.usage, task.name)
            if task.state == .running { changeCores(at: now) { $0 -= task.cores } }
            move(&task, to: .waiting, at: now)
            task.isRetrying = true
            task.started = nil
            live[number] = task
        case .taskReused:
            total.reused += 1
            names[name(of: event)].counts.reused += 1
        case .taskCompleted, .taskFailed, .taskCancelled: end(number, event, at: now)
        default: break
        }
    }

    private mutating func end(_ number: UInt64, _ event: WorkflowEvent, at now: Int64) {
        let known = live.removeValue(forKey: number)
        let task = known ?? enter(number, event, .waiting, at: now)
        if known == nil { live[number] = nil }
        total[task.state] -= 1
        names[task.name].counts[task.state] -= 1
        if task.state == .running { changeCores(at: now) { $0 -= task.cores } }
        switch event.type {
        case .taskCompleted:
            total.done += 1
            names[task.name].counts.done += 1
        case .taskFailed:
            total.failed += 1
            names[task.name].counts.failed += 1
        default:
            total.cancelled += 1
            names[task.name].counts.cancelled += 1
        }
        addUsage(event.usage, task.name)
        guard let started = task.started else { return }
        names[task.name].durations.add(nanoseconds: now - started)
        durations.add(nanoseconds: now - started)
    }

    // MARK: - Steps

    /// Adds a task. It may be unknown because it was created before it was observed, or because its creation was
    /// left out.
    @discardableResult
    private mutating func enter(_ number: UInt64, _ event: WorkflowEvent, _ state: State, at now: Int64) -> Live {
        let task = Live(name: name(of: event), state: state, since: now)
        total[state] += 1
        names[task.name].counts[state] += 1
        live[number] = task
        return task
    }

    private mutating func move(_ task: inout Live, to state: State, at now: Int64) {
        total[task.state] -= 1
        names[task.name].counts[task.state] -= 1
        task.state = state
        task.since = now
        total[state] += 1
        names[task.name].counts[state] += 1
    }

    private mutating func name(of event: WorkflowEvent) -> Int {
        guard let id = event.definitionID else { preconditionFailure("of no task") }
        if let lastDefinition, lastDefinition.id == id { return lastDefinition.name }
        let index = definitions[id]?.name ?? newName(of: event)
        lastDefinition = (id, index)
        return index
    }

    private mutating func newName(of event: WorkflowEvent) -> Int {
        guard let definition = event.definition, let task = event.task else { preconditionFailure("of no task") }
        let key = NameKey(name: task.name, kind: task.kind)
        let index =
            indices[key]
            ?? {
                names.append(Name(name: task.name, kind: task.kind))
                indices[key] = names.count - 1
                return names.count - 1
            }()
        if definitions.count >= Self.mostDefinitions {
            definitions.removeAll(keepingCapacity: true)
            lastDefinition = nil
        }
        definitions[ObjectIdentifier(definition)] = (definition, index)
        return index
    }

    private mutating func addWait(_ nanoseconds: Int64, _ name: Int, _ cause: WritableKeyPath<Waits, Double>) {
        let seconds = Double(max(0, nanoseconds)) * 1e-9
        names[name].waits[keyPath: cause] += seconds
        waits[keyPath: cause] += seconds
    }

    private static func wait(_ cause: WaitCause?) -> WritableKeyPath<Waits, Double> {
        switch cause {
        case .resources?: \.resources
        case .limit?: \.limit
        case .rate?: \.rate
        default: \.workers
        }
    }

    private mutating func changeCores(at now: Int64, _ change: (inout CoreUse) -> Void) {
        if let lastChange { coreNanoseconds += Double(coresInUse) * Double(now - lastChange) }
        lastChange = now
        change(&coreUse)
        peakCores = max(peakCores, coresInUse)
    }

    private mutating func addUsage(_ usage: ResourceUsage?, _ name: Int) {
        guard let usage else { return }
        let seconds = (usage.userTime + usage.systemTime).seconds
        names[name].cpuSeconds += seconds
        cpuSeconds += seconds
        guard let peak = usage.peakMemory?.bytes else { return }
        names[name].peakMemoryBytes = max(names[name].peakMemoryBytes, peak)
        peakMemoryBytes = max(peakMemoryBytes, peak)
    }
}
