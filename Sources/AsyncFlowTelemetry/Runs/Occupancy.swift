/// The numbers of tasks that ran and waited at the same time over the whole run.
package struct Occupancy: Sendable, Equatable {
    /// The means over the time from the first start to the last end.
    package private(set) var meanRunning = 0.0
    package private(set) var meanCores = 0.0
    package private(set) var peakRunning = 0
    package private(set) var peakCores = 0.0
    /// The seconds during which at least one task was ready and waited for workers or resources.
    package private(set) var contendedSeconds = 0.0
    /// The means over that time.
    package private(set) var coresWhileContended = 0.0
    package private(set) var waitingWhileContended = 0.0
    /// The seconds from the first start to the last end.
    package private(set) var span = 0.0
    /// The seconds at the end in which at most a quarter as many tasks ran as on average.
    package private(set) var tailSeconds = 0.0

    private struct Change {
        let time: Double
        let running: Int32
        let waiting: Int32
        var granted: Float = 0
        var unheld: Float = 0
    }

    package init(of model: RunModel) {
        var changes: [Change] = []
        changes.reserveCapacity(3 * model.taskCount)
        var containers = Set<Int>()
        for place in 0..<model.taskCount { if let block = model.block(place) { containers.insert(block) } }
        for place in 0..<model.taskCount where !model.started[place].isNaN {
            if model.kind[place] == .block || containers.contains(place) { continue }
            let start = model.started[place]
            let end = max(start, model.end(place))
            let use = model.coreUse(place)
            let (granted, unheld) = (Float(use.granted), Float(use.unheld))
            let ready = model.ready(place)
            if ready < start {
                changes.append(Change(time: ready, running: 0, waiting: 1))
                changes.append(Change(time: start, running: 1, waiting: -1, granted: granted, unheld: unheld))
            } else {
                changes.append(Change(time: start, running: 1, waiting: 0, granted: granted, unheld: unheld))
            }
            changes.append(Change(time: end, running: -1, waiting: 0, granted: -granted, unheld: -unheld))
        }
        guard !changes.isEmpty else { return }
        changes.sort { $0.time < $1.time }
        sweep(changes, coreCapacity: model.session.cores)
    }

    private mutating func sweep(_ changes: [Change], coreCapacity: Double?) {
        var running = 0
        var waiting = 0
        var use = CoreUse()
        var sums = (running: 0.0, cores: 0.0, contendedCores: 0.0, contendedWaiting: 0.0)
        var first = Double.nan
        var last = changes[0].time
        for change in changes {
            let passed = change.time - last
            let cores = use.total(of: coreCapacity)
            sums.running += Double(running) * passed
            sums.cores += cores * passed
            if waiting > 0 {
                contendedSeconds += passed
                sums.contendedCores += cores * passed
                sums.contendedWaiting += Double(waiting) * passed
            }
            last = change.time
            if passed > 0 { notePeak(running, cores) }
            running += Int(change.running)
            waiting += Int(change.waiting)
            use += CoreUse(granted: Double(change.granted), unheld: Double(change.unheld))
            if change.running > 0, first.isNaN { first = change.time }
        }
        span = max(0, last - (first.isNaN ? last : first))
        if span > 0 {
            meanRunning = sums.running / span
            meanCores = sums.cores / span
        }
        if contendedSeconds > 0 {
            coresWhileContended = sums.contendedCores / contendedSeconds
            waitingWhileContended = sums.contendedWaiting / contendedSeconds
        }
        tailSeconds = tail(changes, end: last)
    }

    private mutating func notePeak(_ running: Int, _ cores: Double) {
        peakRunning = max(peakRunning, running)
        peakCores = max(peakCores, cores)
    }

    /// Returns the length of the end during which few tasks ran, searching backwards.
    private func tail(_ changes: [Change], end: Double) -> Double {
        var running = 0
        for change in changes.reversed() {
            running -= Int(change.running)
            if Double(running) > meanRunning / 4 { return end - change.time }
        }
        return 0
    }
}
