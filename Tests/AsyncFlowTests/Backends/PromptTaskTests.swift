import TestSupport
import AsyncFlow
import Testing

@Suite("Prompt tasks", .timeLimit(.minutes(1)))
struct PromptTaskTests {
    @Test("a prompt is made from the resolved arguments, and its value is the answer")
    func answer() async throws {
        let model = RecordingPromptBackend()
        try await withTestEngine(backends: [LocalBackend(), model]) { flow async throws in
            let text = flow.functionTask("text") { "a long text" }
            let summarise = flow.promptTask("summarise") { (text: String, words: Int) in
                "Summarise in \(words) words: \(text)"
            }
            let length = flow.functionTask("length") { (answer: String) in answer.count }
            let answer = summarise(text(), 3)
            #expect(answer.kind == .prompt)
            #expect(try await answer.value == "answer to summarise: Summarise in 3 words: a long text")
            #expect(try await length(answer).value == 54)
        }
        #expect(model.asked.values == ["Summarise in 3 words: a long text"])
    }

    @Test("a prompt without any text is refused", arguments: ["", " ", "\n\t "])
    func empty(prompt: String) async throws {
        let model = RecordingPromptBackend()
        try await withTestEngine(backends: [model]) { flow in
            let future = flow.promptTask("ask") { prompt }()
            let error = try #require(await future.error as? TaskFailedError)
            #expect(error.code == .emptyPrompt)
            #expect(error.message == "the prompt is empty; its closure must return some text")
        }
        #expect(model.asked.values.isEmpty)
    }

    @Test("what the prompt's closure throws fails the task")
    func closureThrows() async throws {
        try await withTestEngine(backends: [RecordingPromptBackend()]) { flow in
            let future = flow.promptTask("ask") { throw TestError("no template") }()
            #expect((await future.error as? TaskFailedError)?.cause as? TestError == TestError("no template"))
        }
    }

    @Test("a prompt that is being answered is running, and says so in its events")
    func running() async throws {
        let model = RecordingPromptBackend(isOpen: false)
        let flow = try WorkflowEngine(.quiet(), backends: [model])
        let events = flow.events
        let future = flow.promptTask("ask") { "?" }()
        try await model.received.wait()
        #expect(future.state == .running)
        model.gate.open()
        _ = try await future.value
        await flow.shutdown()
        var types: [EventType] = []
        for await event in events where event.task != nil { types.append(event.type) }
        #expect(types == [.taskCreated, .taskResolved, .taskQueued, .taskStarted, .taskCompleted])
    }

    @Test("a prompt isn't held up by bodies that block every worker")
    func blockedWorkers() async throws {
        try await withTestEngine(workers: 1, backends: [LocalBackend(), RecordingPromptBackend()]) { flow in
            let (gate, started) = (Gate(), Gate())
            let blocking = flow.functionTask("blocks") {
                started.open()
                gate.block()
            }()
            try await started.wait()
            #expect(try await flow.promptTask("ask") { "?" }().value == "answer to ask: ?")
            gate.open()
            try await blocking.value
        }
    }
}
