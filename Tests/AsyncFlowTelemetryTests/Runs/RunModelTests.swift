import Testing

@testable import AsyncFlowTelemetry

@Suite("What a model knows of a run")
struct RunModelTests {
    @Test("A task's life, its waits and its name's counts")
    func life() {
        var run = RunBuilder()
        run.task("task.000001", "a", created: 1, ready: 2, start: 5, end: 9, worker: 3, waitedFor: .resources)
        let model = run.model
        #expect(model.createdCount == 1 && model.totals[Int(RunState.done.rawValue)] == 1)
        #expect(model.id(0) == "task.000001" && model.name(0) == "a" && model.worker(0) == 3)
        #expect(model.created[0] == 1 && model.ready(0) == 2 && model.duration(0) == 4)
        let facts = model.names[model.nameNumber(0)]
        #expect(facts.waits[Int(RunWait.dependencies.rawValue)] == 1)
        #expect(facts.waits[Int(RunWait.resources.rawValue)] == 3)
        #expect(facts.waits[Int(RunWait.workers.rawValue)] == 0)
    }

    @Test("Events in any order end in the same states")
    func anyOrder() {
        for seed in UInt64(1)...50 {
            var random = Numbers(seed: seed)
            var kinds: [RunEvent.Kind] = [.taskCreated, .taskResolved, .taskQueued, .taskStarted, .taskFailed]
            kinds.shuffle(using: &random)
            var run = RunBuilder()
            for kind in kinds { run.event(kind, "task.000001", 1, name: "a") }
            #expect(run.model.totals == [0, 0, 0, 0, 1, 0], "seed \(seed)")
            #expect(run.model.names[run.model.nameNumber(0)].counts == run.model.totals, "seed \(seed)")
        }
    }

    @Test("Retries are counted, and the time between attempts")
    func retries() {
        var run = RunBuilder()
        run.event(.taskCreated, "task.000001", 0, name: "a")
        run.event(.taskStarted, "task.000001", 1, name: "a")
        run.event(.taskAttemptFailed, "task.000001", 3, name: "a") { $0.failure = RunFailureText(message: "no") }
        #expect(run.model.state[0] == .queued)
        run.event(.taskStarted, "task.000001", 7, name: "a") { $0.attempt = 2 }
        run.event(.taskCompleted, "task.000001", 8, name: "a")
        let model = run.model
        #expect(model.started[0] == 1 && model.ended[0] == 8 && model.attempts[0] == 2)
        #expect(model.names[model.nameNumber(0)].waits[Int(RunWait.retry.rawValue)] == 4)
        #expect(model.retries.list.map(\.start) == [1, 7] && model.retries.list.map(\.end) == [3, 8])
        #expect(model.retries.failedSeconds == 2)
        #expect(model.failures.count == 0 && model.failures.newest.map(\.text.message) == ["no"])
    }

    @Test("A dependency that comes later than who needs it is the same task", arguments: [true, false])
    func forwardReference(isNumbered: Bool) {
        let id = isNumbered ? "task.000009" : "x"
        var run = RunBuilder()
        let key = run.model.key(ofTask: id)
        run.event(.taskCreated, "task.000001", 0, name: "a") { $0.dependencies = [key] }
        #expect(run.model.createdCount == 1 && run.model.taskCount == 2)
        run.event(.taskCreated, id, 0, name: "b")
        #expect(run.model.createdCount == 2 && run.model.taskCount == 2)
        #expect(run.model.id(run.place(id)) == id)
        #expect(Array(run.model.dependencies(0)) == [run.place(id)])
    }

    @Test(
        "Ids stay as they are written",
        arguments: [
            "task.000001", "task.1234567", "task.0000001", "task.1", "a.b.000123", ".000001", "000001", "täsk.000002",
            "task.99999999999999999999", "task.999999999999", "x",
        ])
    func ids(id: String) {
        var model = RunModel()
        let key = model.key(ofTask: id)
        let other = model.key(ofTask: "task.000777")
        #expect(key == model.key(ofTask: id) && key != other)
        #expect(key.id(in: model.texts) == id)
    }

    @Test("Bins double their width, and keep the sum")
    func bins() {
        var bins = TimeBins()
        for second in 0..<1000 { bins.add(1, at: Double(second)) }
        bins.add(rate: 2, from: 10, to: 5000.5)
        #expect(bins.values.count <= TimeBins.limit)
        let sum: Double = bins.values.reduce(0, +)
        #expect(abs(sum - 10981) < 1e-6)
    }

    @Test("Samples are thinned evenly")
    func samples() {
        var series = RunSeries(node: "n", gpu: nil)
        for index in 0..<10_000 {
            var sample = RunSample(node: "n")
            sample[.cpu] = Double(index)
            series.append(sample, at: Double(index))
        }
        #expect(series.times.count <= RunSeries.limit && series.times.count >= RunSeries.limit / 2)
        #expect(series.times == series.values(of: .cpu))
        let steps = zip(series.times.dropFirst(), series.times).map { $0 - $1 }
        #expect(Set(steps).count == 1)
    }

    @Test("A model is a value: a copy doesn't change")
    func copies() {
        var run = RunBuilder()
        run.event(.taskCreated, "task.000001", 0, name: "a")
        let before = run.model
        run.event(.taskCompleted, "task.000001", 1, name: "a")
        #expect(before.totals == [1, 0, 0, 0, 0, 0] && run.model.totals == [0, 0, 0, 1, 0, 0])
    }
}

/// The same numbers from the same seed. (Steele, Lea, Flood: SplitMix64, 2014.)
struct Numbers: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
