import TestSupport
import Testing

@testable import AsyncFlow
@testable import AsyncFlowPolicies

@Suite("What events say", .timeLimit(.minutes(1)))
struct EventContentTests {
    /// The events of a run.
    private func events(
        backends: [any Backend] = [LocalBackend()], _ body: (WorkflowEngine) async throws -> Void
    ) async throws -> [WorkflowEvent] {
        var stream: EventStream?
        try await withTestEngine(backends: backends) { flow async throws in
            stream = flow.events
            try await body(flow)
        }
        var events: [WorkflowEvent] = []
        for await event in stream! { events.append(event) }
        return events
    }

    @Test("the start of a body says which worker began it")
    func worker() async throws {
        let events = try await events { flow in try await flow.functionTask("task") {}().value }
        let start = try #require(events.first { $0.type == .taskStarted })
        #expect([0, 1].contains(start.worker))
        #expect(events.filter { $0.type != .taskStarted }.allSatisfy { $0.worker == nil })
    }

    @Test("the start of a command says what it got, its end what it took")
    func command() async throws {
        let capacity = ResourceCapacity(cores: 4, memory: .gigabytes(8), gpus: 1)
        let events = try await events(backends: [LocalBackend(capacity: capacity)]) { flow in
            _ = try await flow.executableTask("task", .cores(3), .gpus(1)) { "true" }().value
        }
        let start = try #require(events.first { $0.type == .taskStarted })
        #expect(start.allocation?.cores == 3)
        #expect(start.allocation?.gpus.count == 1)
        #expect(start.request?.cores == 3)
        let end = try #require(events.first { $0.type == .taskCompleted })
        #expect(end.usage!.elapsed > .zero)
    }

    @Test("also the end of a command that failed says what it took, and that of an attempt")
    func failedCommand() async throws {
        let events = try await events { flow in
            _ = await flow.executableTask("task", .retry(1)) { "false" }().result
        }
        for type in [EventType.taskAttemptFailed, .taskFailed] {
            let end = try #require(events.first { $0.type == type })
            #expect(end.usage!.elapsed > .zero)
        }
    }

    @Test("a task that waited for cores, for its limit or for its rate says so; one that didn't wait says nothing")
    func waitCause() async throws {
        let capacity = ResourceCapacity(cores: 2, memory: .gigabytes(8), gpus: 0)
        let events = try await events(backends: [LocalBackend(capacity: capacity)]) { flow in
            let gate = Gate()
            let first = flow.functionTask("first", .cores(2)) { try await gate.wait() }()
            let second = flow.functionTask("second", .cores(1)) {}()
            let limited = flow.functionTask("limited", .limit(concurrent: 1)) { (_: Int) in try await gate.wait() }
            let rated = flow.functionTask("rated", .rate(1, per: .milliseconds(1))) { (_: Int) in }
            let others = [limited(1), limited(2), rated(1), rated(2)]
            gate.open()
            try await first.value
            try await second.value
            for other in others { try await other.value }
        }
        let causes = Dictionary(grouping: events.filter { $0.type == .taskStarted }) { $0.task!.name }
            .mapValues { $0.map(\.waitCause) }
        #expect(causes["first"] == [nil])
        #expect(causes["second"] == [.resources])
        #expect(causes["limited"] == [nil, .limit])
        #expect(causes["rated"]?.first == .some(nil))
    }

    @Test("a task says how far it is")
    func progress() async throws {
        let events = try await events { flow in
            try await flow.functionTask("task") {
                TaskContext.current?.report(TaskProgress(fraction: 0.5, message: "half"))
                TaskContext.current?.report(TaskProgress(fraction: 7))
                TaskContext.current?.report(TaskProgress(fraction: .nan))
            }().value
        }
        let progress = events.filter { $0.type == .taskProgress }
        #expect(progress.map { $0.progress?.fraction } == [0.5, 1, 0])
        #expect(progress.first?.progress?.message == "half")
        #expect(progress.allSatisfy { $0.task?.name == "task" })
    }

    @Test("times never run backwards, and agree with the clock")
    func times() async throws {
        let before = EventTime.now
        let events = try await events { flow in try await flow.functionTask("task") {}().value }
        #expect(events.map(\.time) == events.map(\.time).sorted())
        #expect(events.allSatisfy { $0.time >= before && $0.time <= .now })
        let instant = EventTime.now.instant
        #expect(ContinuousClock.now - instant < .seconds(10))
        #expect(ContinuousClock.now >= instant)
    }

    @Test("an event says in one line what has happened, to whom, and why")
    func description() async throws {
        let flow = try WorkflowEngine(.quiet())
        let events = flow.events
        let fails = flow.functionTask("fails") { () throws in throw TestError("no luck") }
        _ = await fails().result
        await flow.shutdown()
        var lines: [String] = []
        for await event in events { lines.append("\(event)") }
        #expect(
            lines == [
                "taskCreated fails (task.000001)", "taskResolved fails (task.000001)", "taskQueued fails (task.000001)",
                "taskStarted fails (task.000001)", "taskFailed fails (task.000001): no luck", "engineEnded",
            ])
    }
}
