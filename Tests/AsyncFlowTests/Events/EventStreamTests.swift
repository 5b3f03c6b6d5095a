import TestSupport
import AsyncFlow
import Testing

@Suite("Event streams", .timeLimit(.minutes(1)))
struct EventStreamTests {
    @Test("a stream ends after the end of the engine")
    func ends() async throws {
        let flow = try WorkflowEngine(.quiet())
        let events = flow.events
        let reader = Task {
            var types: [EventType] = []
            for await event in events { types.append(event.type) }
            return types
        }
        try await flow.functionTask("task") {}().value
        await flow.shutdown()
        #expect(
            await reader.value
                == [.taskCreated, .taskResolved, .taskQueued, .taskStarted, .taskCompleted, .engineEnded])
    }

    @Test("a stream that is asked for after the end of the engine is over")
    func afterTheEnd() async throws {
        let flow = try WorkflowEngine(.quiet())
        await flow.shutdown()
        for await event in flow.events { Issue.record("\(event.type)") }
    }

    @Test("a reader that reads nothing until the end loses events, and is told how many")
    func slowReader() async throws {
        let flow = try WorkflowEngine(.quiet())
        let events = flow.events(bufferingUpTo: 10)
        let task = flow.functionTask("task") {}
        for _ in 0..<100 { task() }
        await flow.shutdown(.drain)
        var types: [EventType] = []
        var dropped = 0
        for await event in events {
            types.append(event.type)
            dropped += event.droppedCount
        }
        #expect(types.count == 12)
        #expect(types.suffix(2) == [.eventsDropped, .engineEnded])
        #expect(dropped == 490)
    }

    @Test("several streams each get everything")
    func several() async throws {
        let flow = try WorkflowEngine(.quiet())
        let streams = (0..<5).map { _ in flow.events }
        for _ in 0..<20 { flow.functionTask("task") {}() }
        await flow.shutdown(.drain)
        for stream in streams {
            var count = 0
            for await _ in stream { count += 1 }
            #expect(count == 101)
        }
    }

    @Test("a reader that is cancelled stops reading, and the run goes on")
    func readerCancelled() async throws {
        try await withTestEngine { flow async throws in
            let events = flow.events
            let reader = Task { for await _ in events {} }
            reader.cancel()
            await reader.value
            #expect(try await flow.functionTask("task") { 1 }().value == 1)
        }
    }

    @Test("what was emitted before a stream was asked for isn't in it")
    func fromNowOn() async throws {
        let flow = try WorkflowEngine(.quiet())
        try await flow.functionTask("before") {}().value
        let events = flow.events
        try await flow.functionTask("after") {}().value
        await flow.shutdown()
        var names: Set<String> = []
        for await event in events { if let task = event.task { names.insert(task.name) } }
        #expect(names == ["after"])
    }

    @Test("times never run backwards, and are near the wall clock's")
    func times() async throws {
        let flow = try WorkflowEngine(.quiet(workers: 1))
        let events = flow.events
        var last = flow.functionTask("first") { 0 }()
        let next = flow.functionTask("next") { (value: Int) in value + 1 }
        for _ in 0..<50 { last = next(last) }
        await flow.shutdown(.drain)
        var starts: [EventTime] = []
        for await event in events where event.type == .taskStarted { starts.append(event.time) }
        #expect(starts == starts.sorted())
        #expect(starts.map(\.secondsSince1970) == starts.map(\.secondsSince1970).sorted())
        #expect(starts.allSatisfy { $0.secondsSince1970 > 1_700_000_000 })
    }
}
