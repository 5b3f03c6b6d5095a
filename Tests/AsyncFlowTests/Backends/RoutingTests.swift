import TestSupport
import AsyncFlow
import Testing

@Suite("Which backend runs what", .timeLimit(.minutes(1)))
struct RoutingTests {
    @Test("the first backend that can run a kind of task is the default for it")
    func firstAble() async throws {
        let (first, second) = (RecordingFunctionBackend("first"), RecordingFunctionBackend("second"))
        let model = RecordingPromptBackend()
        try await withTestEngine(backends: [IdleBackend(name: "idle"), model, first, second]) { flow async throws in
            #expect(try await flow.functionTask("f") { 1 }().value == 1)
            #expect(try await flow.promptTask("p") { "hello" }().value == "answer to p: hello")
        }
        #expect(first.executed.values == ["f"])
        #expect(second.executed.values.isEmpty)
    }

    @Test("a task runs on the backend that it names, at definition and, overriding, at the call")
    func named() async throws {
        let (first, second) = (RecordingFunctionBackend("first"), RecordingFunctionBackend("second"))
        try await withTestEngine(backends: [first, second]) { flow async throws in
            let task = flow.functionTask("task", .on("second")) { 1 }
            #expect(try await task().value == 1)
            #expect(try await task.with(.on(first))().value == 1)
        }
        #expect(first.executed.count == 1)
        #expect(second.executed.count == 1)
    }

    @Test("an unknown backend refuses the task at once, and names those there are")
    func unknown() async throws {
        try await withTestEngine(backends: [LocalBackend(), RecordingPromptBackend()]) { flow in
            let future = flow.functionTask("task", .on("cluster")) { 1 }()
            #expect(future.state == .failed)
            let error = try #require(await future.error as? TaskRefusedError)
            #expect(error.code == .unknownBackend)
            #expect(
                "\(error)" == """
                    task (task.000001): there is no backend named 'cluster'; there are: \
                    'local' (functions, commands), 'model' (prompts)
                    """)
        }
    }

    @Test("an unknown backend doesn't touch the engine or any other task")
    func unknownIsHarmless() async throws {
        try await withTestEngine { flow async throws in
            let gate = Gate()
            let running = flow.functionTask("running") {
                try await gate.wait()
                return 1
            }()
            let wrong = flow.functionTask("wrong", .on("nowhere")) { 1 }()
            let dependent = flow.functionTask("dependent") { (value: Int) in value }(wrong)
            #expect(await wrong.finalState == .failed)
            #expect((await dependent.error as? DependencyFailureError)?.rootCause is TaskRefusedError)
            gate.open()
            #expect(try await running.value == 1)
            #expect(try await flow.functionTask("later") { 2 }().value == 2)
        }
    }

    @Test("a backend that can't run a kind of task refuses it, and those that can are named")
    func wrongKind() async throws {
        try await withTestEngine(backends: [LocalBackend(), RecordingPromptBackend()]) { flow in
            let error = try #require(await flow.functionTask("task", .on("model")) { 1 }().error as? TaskRefusedError)
            #expect(error.code == .unsupportedByBackend)
            #expect(error.message == "backend 'model' can't run function tasks; those that can: 'local'")
            let prompt = try #require(await flow.promptTask("ask", .on("local")) { "?" }().error as? TaskRefusedError)
            #expect(prompt.message == "backend 'local' can't run prompt tasks; those that can: 'model'")
        }
    }

    @Test("a kind that no backend can run is refused")
    func noneAble() async throws {
        try await withTestEngine { flow in
            let error = try #require(await flow.promptTask("ask") { "?" }().error as? TaskRefusedError)
            #expect(error.code == .unsupportedByBackend)
            #expect(
                error.message
                    == "none of the engine's backends can run prompt tasks; there are: 'local' (functions, commands)")
        }
    }

    @Test("an engine without backends, or with two of the same name, can't be made")
    func badConfiguration() {
        let none = #expect(throws: EngineError.self) { try WorkflowEngine(.quiet(), backends: []) }
        #expect(none?.code == .invalidConfiguration)
        let twice = #expect(throws: EngineError.self) {
            try WorkflowEngine(.quiet(), backends: [LocalBackend(), LocalBackend()])
        }
        #expect(twice?.message == "two backends are named 'local'; every backend needs a name of its own")
    }

    @Test("several local backends live side by side")
    func twoLocal() async throws {
        try await withTestEngine(backends: [LocalBackend(name: "a"), LocalBackend(name: "b")]) { flow async throws in
            let task = flow.functionTask("task", .on("b")) { 1 }
            #expect(try await task().value == 1)
        }
    }

    @Test("blocks run in the engine itself, whatever the backends can")
    func blocks() async throws {
        try await withTestEngine(backends: [RecordingPromptBackend()]) { flow async throws in
            let ask = flow.promptTask("ask") { (text: String) in text }
            let block = flow.block("block") { try await ask("x").value }
            #expect(try await block().value == "answer to ask: x")
        }
    }
}
