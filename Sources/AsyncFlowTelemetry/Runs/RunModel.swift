/// Everything that is known of a run, from its events one by one: of a finished one, of a killed one, of one that goes
/// on.
///
/// A value: a copy is a snapshot. Tasks are columns (one array per property, indexed by a task's place, which is the
/// order of first appearance), so that a million of them take about 150 MB. Times are seconds since the session's
/// start; NaN is not known.
package struct RunModel: Sendable {
    package var texts = TextTable()
    package internal(set) var session = RunSessionFacts()
    /// When the session started, in seconds since 1970; until an event has said so, NaN.
    package internal(set) var origin = Double.nan
    /// Seconds from the start to the last event.
    package internal(set) var lastTime = 0.0
    package internal(set) var hasEnded = false
    /// Set by who feeds the model when events may be missing at the end.
    package var isTruncated = false
    package internal(set) var eventCount = 0
    package internal(set) var droppedCount = 0
    package internal(set) var sampleCount = 0
    package internal(set) var customEventCounts: [String: Int] = [:]

    package internal(set) var names: [RunNameFacts] = []
    package internal(set) var workflows: [RunWorkflowFacts] = []
    package internal(set) var backends: [RunText] = []
    /// How many tasks are in each state, by the state's raw value.
    package internal(set) var totals = [Int](repeating: 0, count: RunState.allCases.count)
    package internal(set) var doneOverTime = TimeBins()
    package internal(set) var failedOverTime = TimeBins()
    /// Task seconds per bin, of tasks that have ended.
    package internal(set) var runningOverTime = TimeBins()
    /// Core seconds per bin, of tasks that have ended: what was granted, and what tasks used that hold no core.
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
    /// When the first attempt started.
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

    /// The number that stands for a text in this model.
    package mutating func intern(_ text: String) -> RunText { texts.intern(text) }

    package mutating func key(ofTask id: String) -> RunTaskKey {
        var id = id
        return id.withUTF8 { key(ofTask: $0) }
    }

    mutating func key(ofTask id: UnsafeBufferPointer<UInt8>) -> RunTaskKey { RunTaskKey(id, in: &texts) }

    // MARK: Tasks

    /// How many tasks are known. A task that was only mentioned, as a dependency, is among them; ``isKnown(_:)``.
    package var taskCount: Int { keys.count }
    /// How many tasks have had an event of their own.
    package var createdCount: Int { totals.reduce(0, +) }

    package func isKnown(_ place: Int) -> Bool { isSeen[place] }
    package func place(of key: RunTaskKey) -> Int? { places.place(of: key, keys: keys) }
    package func id(_ place: Int) -> String { keys[place].id(in: texts) }
    package func name(_ place: Int) -> String { texts[names[nameNumber(place)].text] }
    /// The place of a task's name in ``names``.
    package func nameNumber(_ place: Int) -> Int { Int(nameIndex[place]) }
    package func backend(_ place: Int) -> String? {
        backendIndex[place] == 0 ? nil : texts[backends[Int(backendIndex[place]) - 1]]
    }
    /// The place of a task's workflow in ``workflows``.
    package func workflowNumber(_ place: Int) -> Int? {
        workflowIndex[place] == 0 ? nil : Int(workflowIndex[place]) - 1
    }
    /// The block that made the task.
    package func block(_ place: Int) -> Int? { blockPlace[place] == Self.noPlace ? nil : Int(blockPlace[place]) }
    package func worker(_ place: Int) -> Int? { worker[place] < 0 ? nil : Int(worker[place]) }
    package func peakMemoryBytes(_ place: Int) -> Double? { peakMemory[place].isNaN ? nil : Double(peakMemory[place]) }
    package func dependencies(_ place: Int) -> some RandomAccessCollection<Int> {
        let start = Int(dependencyStart[place])
        return dependencyPlaces[start..<(start + Int(dependencyCount[place]))].lazy.map { Int($0) }
    }
    /// From the first start to the end, or to the last event if it runs; `nil` if it never started.
    package func duration(_ place: Int) -> Double? {
        guard !started[place].isNaN else { return nil }
        return max(0, end(place) - started[place])
    }
    /// When it ended; that of the last event while it hasn't.
    package func end(_ place: Int) -> Double { ended[place].isNaN ? lastTime : ended[place] }
    /// When nothing was left to wait for but a place to run.
    package func ready(_ place: Int) -> Double {
        if !resolved[place].isNaN { return resolved[place] }
        return queued[place].isNaN ? created[place] : queued[place]
    }
}

/// What is known of all tasks of one name.
package struct RunNameFacts: Sendable {
    package let text: RunText
    package internal(set) var kind: RunTaskKind
    /// By the state's raw value.
    package internal(set) var counts = [Int](repeating: 0, count: RunState.allCases.count)
    /// Seconds that tasks which have started waited, by ``RunWait``.
    package internal(set) var waits = [Double](repeating: 0, count: RunWait.allCases.count)
    package internal(set) var cpuSeconds = 0.0
    package internal(set) var peakMemoryBytes = 0.0
    package internal(set) var retryCount = 0
}

package struct RunWorkflowFacts: Sendable {
    package let text: RunText
    /// By the state's raw value.
    package internal(set) var counts = [Int](repeating: 0, count: RunState.allCases.count)
    /// Of the scope, or of the first and last event of its tasks.
    package internal(set) var start = Double.nan
    package internal(set) var end = Double.nan
}
