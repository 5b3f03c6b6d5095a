import AsyncFlow

/// A tally of tasks by name and state, kept event by event. Its memory is one entry per name and per running task.
struct ProgressTally: Sendable {
    private struct Name: Sendable {
        var row: ProgressStatistics.Row
        let isBlock: Bool
        /// The number of tasks that the user announced, if any.
        let announced: Int?
        var created = 0
        var lastCreation: Duration = .zero
        var meter = RateMeter()
    }
    private struct Running: Sendable {
        let name: Int
        let cores: CoreUse
        var fraction = 0.0
    }
    private let announced: [String: Int]
    private let coresTotal: Int
    private var names: [Name] = []
    private var indices: [String: Int] = [:]
    /// The index of each definition, which saves a look-up by name. Refreshed with each creation, because a new
    /// definition may have the address of an old one.
    private var indicesOfDefinitions: [ObjectIdentifier: Int] = [:]
    private var running = TaskTable<Running>()
    private var runningBlocks = 0
    private var coreUse = CoreUse()
    private var lastFailure: ProgressStatistics.Failure?
    private var dropped = 0
    /// The lowest number of a task whose creation was observed.
    private var firstCreated = UInt64.max
    /// The tasks with lower numbers that have been observed and haven't ended.
    private var early: Set<UInt64> = []

    /// - Parameters:
    ///   - announced: the expected number of tasks by name, where it is known.
    ///   - coresTotal: the number of cores for tasks.
    init(announced: [String: Int] = [:], coresTotal: Int) {
        self.announced = announced
        self.coresTotal = coresTotal
        for (name, _) in announced.sorted(by: { $0.key < $1.key }) { _ = add(name, isBlock: false, isService: false) }
    }

    private mutating func add(_ name: String, isBlock: Bool, isService: Bool) -> Int {
        let count = announced[name]
        var row = ProgressStatistics.Row(name: name)
        row.isService = isService
        row.total = count ?? 0
        names.append(Name(row: row, isBlock: isBlock, announced: count))
        indices[name] = names.count - 1
        return names.count - 1
    }

    mutating func drop(_ count: Int) { dropped += count }

    mutating func apply(_ event: WorkflowEvent, at now: Duration) {
        guard let number = event.taskNumber, let definition = event.definitionID else { return }
        switch event.type {
        case .taskCreated:
            let name = index(of: definition, event, isNew: true)
            firstCreated = min(firstCreated, number)
            create(name, at: now)
        case .taskStarted: start(number, index(of: definition, event), event, at: now)
        case .taskQueued, .taskAttemptFailed: stop(number)
        case .taskProgress:
            if let fraction = event.progress?.fraction { progress(of: number, fraction) }
        case .taskReused: names[index(of: definition, event)].row.reused += 1
        case .taskCompleted:
            end(number, index(of: definition, event), at: now) { $0.completed += 1 }
        case .taskFailed:
            let name = index(of: definition, event)
            end(number, name, at: now) { $0.failed += 1 }
            noteFailure(names[name].row.name, event.error)
        case .taskCancelled:
            end(number, index(of: definition, event), at: now) { $0.cancelled += 1 }
        default: break
        }
    }

    private mutating func index(of definition: ObjectIdentifier, _ event: WorkflowEvent, isNew: Bool = false) -> Int {
        if !isNew, let known = indicesOfDefinitions[definition] { return known }
        guard let task = event.task else { preconditionFailure("an event with a definition is one of a task") }
        if let known = indicesOfDefinitions[definition], names[known].row.name == task.name { return known }
        let index =
            indices[task.name] ?? add(task.name, isBlock: task.kind == .block, isService: task.kind == .service)
        // A program that makes a definition for each call would fill the table.
        if indicesOfDefinitions.count > 10_000 { indicesOfDefinitions = [:] }
        indicesOfDefinitions[definition] = index
        return index
    }

    private mutating func create(_ name: Int, at now: Duration) {
        names[name].created += 1
        names[name].row.total = max(names[name].created, names[name].announced ?? 0)
        names[name].lastCreation = now
    }

    private mutating func start(_ number: UInt64, _ name: Int, _ event: WorkflowEvent, at now: Duration) {
        guard running[number] == nil else { return }
        if number < firstCreated, early.insert(number).inserted { create(name, at: now) }
        let cores = CoreUse(of: event.task?.kind ?? .function, granted: event.grantedCores)
        running[number] = Running(name: name, cores: cores)
        names[name].row.running += 1
        coreUse += cores
        if names[name].isBlock { runningBlocks += 1 }
    }

    private mutating func stop(_ number: UInt64) {
        guard let task = running.removeValue(forKey: number) else { return }
        names[task.name].row.running -= 1
        names[task.name].row.partlyDone -= task.fraction
        if names[task.name].row.running == 0 { names[task.name].row.partlyDone = 0 }
        coreUse -= task.cores
        if names[task.name].isBlock { runningBlocks -= 1 }
    }

    private mutating func progress(of number: UInt64, _ fraction: Double) {
        guard let task = running[number] else { return }
        names[task.name].row.partlyDone += fraction - task.fraction
        _ = running.modify(number) { $0.fraction = fraction }
    }

    private mutating func end(
        _ number: UInt64, _ name: Int, at now: Duration, _ count: (inout ProgressStatistics.Row) -> Void
    ) {
        stop(number)
        if number < firstCreated, early.remove(number) == nil { create(name, at: now) }
        count(&names[name].row)
        names[name].row.lastEnd = now
    }

    /// Notes a failure, unless it only follows from the failure of a dependency and another is already noted.
    private mutating func noteFailure(_ name: String, _ error: (any Error)?) {
        guard let error else { return }
        if error is DependencyFailureError, lastFailure != nil { return }
        lastFailure = ProgressStatistics.Failure(name: name, error: error)
    }

    /// Returns the statistics to show.
    mutating func statistics(at now: Duration) -> ProgressStatistics {
        var statistics = ProgressStatistics()
        statistics.rows.reserveCapacity(names.count)
        for index in names.indices {
            let ended = names[index].row.ended
            names[index].meter.note(ended, at: now)
            var row = names[index].row
            row.rate = names[index].meter.rate(of: ended, at: now)
            row.timeLeft = timeLeft(of: names[index], row, at: now)
            statistics.rows.append(row)
        }
        statistics.elapsed = now
        statistics.coresBusy = Int(coreUse.total(of: Double(coresTotal)))
        statistics.coresTotal = coresTotal
        statistics.lastFailure = lastFailure
        statistics.dropped = dropped
        return statistics
    }

    /// Returns the time left, or nil if more tasks may come. None are expected if their number was announced, or if
    /// none has been created for a while and no running block could call any.
    private func timeLeft(of name: Name, _ row: ProgressStatistics.Row, at now: Duration) -> Duration? {
        guard !row.isService, !row.isOver, let rate = row.rate else { return nil }
        let isTotalKnown = name.announced.map { $0 >= name.created } ?? false
        if !isTotalKnown {
            guard runningBlocks == 0, now - name.lastCreation >= max(.seconds(5), now / 10) else { return nil }
        }
        return .seconds((Double(row.total - row.ended) - row.partlyDone) / rate)
    }
}
