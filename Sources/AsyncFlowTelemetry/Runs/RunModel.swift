/// Everything known about a run, built event by event; the run may have finished, been killed, or still be going on.
///
/// A copy of this value is a snapshot. Tasks are stored in columns (one array per property, indexed by a task's place,
/// which is the order of first appearance), so that a million of them take about 150 MB. Times are in seconds since the
/// session's start; NaN means unknown.
package struct RunModel: Sendable {
    package var texts = TextTable()
    package internal(set) var session = RunSessionFacts()
    /// The start of the session in seconds since 1970; NaN until an event has told it.
    package internal(set) var origin = Double.nan
    /// The seconds from the start to the last event.
    package internal(set) var lastTime = 0.0
    package internal(set) var hasEnded = false
    /// Whether events may be missing at the end; set by the code that feeds the model.
    package var isTruncated = false
    package internal(set) var eventCount = 0
    package internal(set) var droppedCount = 0
    /// The number of tasks whose value an earlier run recorded.
    package internal(set) var reusedCount = 0
    package internal(set) var sampleCount = 0
    package internal(set) var customEventCounts: [String: Int] = [:]

    package internal(set) var names: [RunNameFacts] = []
    package internal(set) var workflows: [RunWorkflowFacts] = []
    package internal(set) var backends: [RunText] = []
    /// The number of tasks in each state, by the state's raw value.
    package internal(set) var totals = [Int](repeating: 0, count: RunState.allCases.count)
    package internal(set) var doneOverTime = TimeBins()
    package internal(set) var failedOverTime = TimeBins()
    /// The task seconds per bin, of tasks that have ended.
    package internal(set) var runningOverTime = TimeBins()
    /// The core seconds per bin, of tasks that have ended: for granted cores, and for tasks that hold no core.
    var grantedCoresOverTime = TimeBins()
    var unheldCoresOverTime = TimeBins()
    package internal(set) var series: [RunSeries] = []
    package internal(set) var failures = RunFailures()
    package internal(set) var retries = RunAttempts()

    // The columns.
    package internal(set) var keys: [RunTaskKey] = []
    var isSeen: [Bool] = []
    package internal(set) var state: [RunState] = []
    package internal(set) var kind: [RunTaskKind] = []
    package internal(set) var waitedFor: [RunWait] = []
    var nameIndex: [UInt32] = []
    var workflowIndex: [UInt32] = []
    var backendIndex: [UInt16] = []
    var blockPlace: [UInt32] = []
    package internal(set) var created: [Double] = []
    package internal(set) var resolved: [Double] = []
    package internal(set) var queued: [Double] = []
    /// The start of the first attempt.
    package internal(set) var started: [Double] = []
    package internal(set) var ended: [Double] = []
    package internal(set) var attempts: [UInt16] = []
    var worker: [Int32] = []
    package internal(set) var cores: [Float] = []
    package internal(set) var cpuSeconds: [Float] = []
    var peakMemory: [Float] = []
    /// The places of the tasks' commands and files among ``executions``.
    var executionIndex: [UInt32] = []
    var executions: [RunExecution] = []
    var dependencyStart: [UInt32] = []
    var dependencyCount: [UInt32] = []
    var dependencyPlaces: [UInt32] = []

    var places = TaskPlaces()
    var namesByText: [RunText: UInt32] = [:]
    var workflowsByText: [RunText: UInt32] = [:]
    var backendsByText: [RunText: UInt16] = [:]
    var lastNode = ""

    static let noPlace = UInt32.max

    package init() {}

    // MARK: What an event is made of

    /// Returns the number that stands for a text in this model.
    package mutating func intern(_ text: String) -> RunText { texts.intern(text) }

    package mutating func key(ofTask id: String) -> RunTaskKey {
        var id = id
        return id.withUTF8 { key(ofTask: $0) }
    }

    mutating func key(ofTask id: UnsafeBufferPointer<UInt8>) -> RunTaskKey { RunTaskKey(id, in: &texts) }

    // MARK: Tasks

    /// The number of tasks, including those that were only mentioned as a dependency; see ``isKnown(_:)``.
    package var taskCount: Int { keys.count }
    /// The number of tasks that had at least one event.
    package var createdCount: Int { totals.reduce(0, +) }

    package func isKnown(_ place: Int) -> Bool { isSeen[place] }
    package func place(of key: RunTaskKey) -> Int? { places.place(of: key, keys: keys) }
    package func id(_ place: Int) -> String { keys[place].id(in: texts) }
    package func name(_ place: Int) -> String { texts[names[nameNumber(place)].text] }
    /// Returns the index of a task's name in ``names``.
    package func nameNumber(_ place: Int) -> Int { Int(nameIndex[place]) }
    package func backend(_ place: Int) -> String? {
        backendIndex[place] == 0 ? nil : texts[backends[Int(backendIndex[place]) - 1]]
    }
    /// Returns the index of a task's workflow in ``workflows``.
    package func workflowNumber(_ place: Int) -> Int? {
        workflowIndex[place] == 0 ? nil : Int(workflowIndex[place]) - 1
    }
    /// Returns the block that created the task.
    package func block(_ place: Int) -> Int? { blockPlace[place] == Self.noPlace ? nil : Int(blockPlace[place]) }
    package func worker(_ place: Int) -> Int? { worker[place] < 0 ? nil : Int(worker[place]) }
    package func peakMemoryBytes(_ place: Int) -> Double? { peakMemory[place].isNaN ? nil : Double(peakMemory[place]) }
    package func dependencies(_ place: Int) -> some RandomAccessCollection<Int> {
        let start = Int(dependencyStart[place])
        return dependencyPlaces[start..<(start + Int(dependencyCount[place]))].lazy.map { Int($0) }
    }
    /// Returns the seconds from the first start to the end, or to the last event while the task runs; `nil` if it never
    /// started.
    package func duration(_ place: Int) -> Double? {
        guard !started[place].isNaN else { return nil }
        return max(0, end(place) - started[place])
    }
    /// Returns the end of a task, or the time of the last event while it hasn't ended.
    package func end(_ place: Int) -> Double { ended[place].isNaN ? lastTime : ended[place] }
    /// Returns the time from which the task only waited for a chance to run.
    package func ready(_ place: Int) -> Double {
        if !resolved[place].isNaN { return resolved[place] }
        return queued[place].isNaN ? created[place] : queued[place]
    }
}

/// The facts about all tasks of one name.
package struct RunNameFacts: Sendable {
    package let text: RunText
    package internal(set) var kind: RunTaskKind
    /// The number of tasks in each state, by its raw value.
    package internal(set) var counts = [Int](repeating: 0, count: RunState.allCases.count)
    /// The seconds that started tasks waited, by ``RunWait``.
    package internal(set) var waits = [Double](repeating: 0, count: RunWait.allCases.count)
    package internal(set) var cpuSeconds = 0.0
    package internal(set) var peakMemoryBytes = 0.0
    package internal(set) var retryCount = 0
}

package struct RunWorkflowFacts: Sendable {
    package let text: RunText
    /// The number of tasks in each state, by its raw value.
    package internal(set) var counts = [Int](repeating: 0, count: RunState.allCases.count)
    /// The start and end of the scope, or of the first and last event of its tasks.
    package internal(set) var start = Double.nan
    package internal(set) var end = Double.nan
}
