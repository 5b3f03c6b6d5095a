@testable import AsyncFlowTelemetry

/// Makes a run of a few lines: times are seconds since the start.
struct RunBuilder {
    static let origin = 1_800_000_000.0
    var model = RunModel()

    init(cores: Double? = nil) {
        var event = RunEvent(kind: .sessionStarted, time: Self.origin)
        var facts = RunSessionFacts()
        facts.id = "session"
        facts.cores = cores
        event.session = facts
        model.apply(event)
    }

    mutating func event(
        _ kind: RunEvent.Kind, _ id: String, _ time: Double, name: String = "",
        change: (inout RunEvent) -> Void = { _ in }
    ) {
        var event = RunEvent(kind: kind, time: Self.origin + time, task: model.key(ofTask: id))
        event.name = model.intern(name)
        change(&event)
        model.apply(event)
    }

    /// A whole life.
    mutating func task(
        _ id: String, _ name: String, created: Double = 0, ready: Double? = nil, start: Double, end: Double,
        on dependencies: [String] = [], worker: Int? = nil, waitedFor: RunWait? = nil, cores: Double? = nil,
        as final: RunEvent.Kind = .taskCompleted
    ) {
        let keys = dependencies.map { model.key(ofTask: $0) }
        event(.taskCreated, id, created, name: name) { $0.dependencies = keys }
        event(.taskResolved, id, ready ?? start, name: name)
        event(.taskQueued, id, ready ?? start, name: name)
        event(.taskStarted, id, start, name: name) {
            $0.worker = worker
            $0.waitedFor = waitedFor
            $0.cores = cores
        }
        event(final, id, end, name: name)
    }

    mutating func finish(at time: Double) {
        model.apply(RunEvent(kind: .sessionEnded, time: Self.origin + time))
    }

    func place(_ id: String) -> Int {
        var copy = model
        return copy.place(of: copy.key(ofTask: id))!
    }
}
