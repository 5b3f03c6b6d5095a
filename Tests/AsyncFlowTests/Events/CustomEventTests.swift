import Testing

@testable import AsyncFlow

@Suite("Events of the user's own", .timeLimit(.minutes(1)))
struct CustomEventTests {
    private struct EpochEnded: CustomEvent {
        static let eventName = "training.epochEnded"
        var epoch: Int
        var loss: Double
        var tags: [String]
        var note: String?
    }
    private struct Bare: CustomEvent {
        static let eventName = "training.bare"
        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            try container.encode(5)
        }
    }

    private func events(_ body: (WorkflowEngine) async throws -> Void) async throws -> [WorkflowEvent] {
        var stream: EventStream?
        try await withTestEngine { flow async throws in
            stream = flow.events
            try await body(flow)
        }
        var events: [WorkflowEvent] = []
        for await event in stream! where event.type == .custom { events.append(event) }
        return events
    }

    @Test("what a type encodes are the attributes")
    func typed() async throws {
        let events = try await events { flow in
            try flow.record(EpochEnded(epoch: 4, loss: 0.25, tags: ["a", "b"], note: nil))
        }
        let content = try #require(events.first?.custom)
        #expect(content.name == "training.epochEnded")
        #expect(content.attributes == ["epoch": 4, "loss": 0.25, "tags": ["a", "b"]])
        #expect(events.first?.task == nil)
    }

    @Test("an event belongs to the task and the workflow that it is recorded in")
    func context() async throws {
        let events = try await events { flow in
            try await flow.withWorkflowScope("campaign") {
                try await flow.functionTask("synchronous") { try flow.record("test.one", ["kind": "sync"]) }().value
                try await flow.functionTask("asynchronous") {
                    await Task.yield()
                    try flow.record("test.one", ["kind": ["of": nil]])
                }().value
                try flow.record("test.one")
            }
        }
        #expect(events.map { $0.task?.name } == ["synchronous", "asynchronous", nil])
        #expect(events.map(\.workflowID) == ["campaign", "campaign", "campaign"])
    }

    @Test("an event that is recorded in a task of another engine belongs to none")
    func otherEngine() async throws {
        let events = try await events { flow in
            try await withTestEngine { other in
                try await other.functionTask("task") { try flow.record("test.one") }().value
            }
        }
        #expect(events.count == 1)
        #expect(events.first?.task == nil)
    }

    @Test(
        "a name or attribute that can't be used is refused, whether anybody reads or not",
        arguments: [
            ("nodot", [:], "has no dot"), ("", [:], "has no dot"), (".a", [:], "letters, digits"),
            ("a.", [:], "letters"),
            ("a..b", [:], "letters"), ("a b.c", [:], "letters"), ("asyncflow.mine", [:], "begins with 'asyncflow'"),
            ("a.b", ["task_id": 1], "'task_id'"), ("a.b", ["session_id": 1, "x": 2], "'session_id'"),
        ] as [(String, [String: EventValue], String)])
    func refused(name: String, attributes: [String: EventValue], problem: String) async throws {
        try await withTestEngine { flow in
            let error = #expect(throws: CustomEventError.self) { try flow.record(name, attributes) }
            #expect("\(error!)".contains(problem), "\(error!)")
            #expect("\(error!)".contains("\"\(name)\""))
        }
    }

    @Test("a type that doesn't encode itself as an object is refused")
    func bare() async throws {
        _ = try await events { flow in
            let error = #expect(throws: CustomEventError.self) { try flow.record(Bare()) }
            #expect("\(error!)".contains("object of names and values"))
        }
    }

    @Test("numbers that JSON doesn't have are words")
    func notFinite() async throws {
        let events = try await events { flow in
            try flow.record(EpochEnded(epoch: 1, loss: .infinity, tags: [], note: "x"))
        }
        #expect(events.first?.custom?.attributes["loss"] == "Infinity")
    }
}
