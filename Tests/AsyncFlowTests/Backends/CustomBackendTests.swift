import TestSupport
import AsyncFlow
import Testing

@Suite("Backends of one's own", .timeLimit(.minutes(1)))
struct CustomBackendTests {
    @Test("a backend is started before its first task, once, and shut down with its engine")
    func life() async throws {
        let (used, unused) = (RecordingFunctionBackend("used"), RecordingFunctionBackend("unused"))
        try await withTestEngine(backends: [used, unused]) { flow async throws in
            #expect(used.life.values.isEmpty)
            let task = flow.functionTask("task") { (value: Int) in value }
            #expect(try await (0..<20).map { task($0) }.values() == Array(0..<20))
            #expect(used.life.values == ["start"])
        }
        #expect(used.life.values == ["start", "shutdown"])
        #expect(unused.life.values.isEmpty)
    }

    @Test("arguments, values, errors and the context pass through a function backend", arguments: [false, true])
    func passThrough(isAsync: Bool) async throws {
        let backend = RecordingFunctionBackend("custom")
        try await withTestEngine(backends: [backend]) { flow in
            let check: @Sendable (Int) throws -> Int = { value in
                #expect(TaskContext.current?.taskName == "check")
                if value < 0 { throw TestError("negative") }
                return value + 1
            }
            let task =
                isAsync
                ? flow.functionTask("check") { (value: Int) in
                    await Task.yield()
                    return try check(value)
                }
                : flow.functionTask("check") { (value: Int) in try check(value) }
            #expect(try await task(task(1)).value == 3)
            let error = try #require(await task(-1).error as? TaskFailedError)
            #expect(error.cause as? TestError == TestError("negative"))
        }
        #expect(backend.executed.count == 3)
    }

    @Test("cancelling a task reaches the backend that runs it, not another")
    func cancellation() async throws {
        let (first, second) = (
            RecordingPromptBackend("first", isOpen: false), RecordingPromptBackend("second", isOpen: false)
        )
        try await withTestEngine(backends: [first, second]) { flow in
            let ask = flow.promptTask("ask") { (text: String) in text }
            let kept = ask("kept")
            let cancelled = ask.with(.on("second"))("cancelled")
            try await first.received.wait()
            try await second.received.wait()
            cancelled.cancel()
            #expect(await cancelled.finalState == .cancelled)
            first.gate.open()
            #expect(try await kept.value == "answer to ask: kept")
        }
    }

    @Test("a backend that doesn't start fails its tasks, saying so, and leaves others alone")
    func startFails() async throws {
        try await withTestEngine(backends: [LocalBackend(), UnreadyBackend()]) { flow in
            let task = flow.functionTask("task", .on("unready")) { 1 }
            let error = try #require(await task().error as? TaskFailedError)
            let cause = try #require(error.cause as? EngineError)
            #expect(cause.code == .backendUnavailable)
            #expect(cause.message == "backend 'unready' didn't start: no licence")
            #expect(try await flow.functionTask("other") { 2 }().value == 2)
        }
    }

    @Test("a task waits for its backend to be ready")
    func waitsForStart() async throws {
        let gate = Gate()
        let backend = UnreadyBackend(gate)
        try await withTestEngine(backends: [backend]) { flow in
            let future = flow.functionTask("task") { 1 }()
            try await backend.started.wait()
            #expect(!future.state.isTerminal)
            gate.open()
            #expect(try await future.value == 1)
        }
    }

    @Test("a task that waits for its backend's start can be cancelled")
    func cancelledWhileStarting() async throws {
        let gate = Gate()
        let backend = UnreadyBackend(gate)
        try await withTestEngine(backends: [backend]) { flow in
            let future = flow.functionTask("task") { 1 }()
            try await backend.started.wait()
            future.cancel()
            #expect(await future.finalState == .cancelled)
            gate.open()
        }
    }

    @Test("an engine shuts down although a backend's start hangs")
    func shutdownWhileStarting() async throws {
        let backend = UnreadyBackend(Gate())
        let flow = try WorkflowEngine(.quiet(), backends: [backend])
        let future = flow.functionTask("task") { 1 }()
        try await backend.started.wait()
        await flow.shutdown()
        #expect(future.state == .cancelled)
    }

    @Test("a backend that says it is done without running the body fails the task")
    func bodyNotRun() async throws {
        struct Lazy: FunctionBackend {
            let name = "lazy"
            func execute(_ body: @escaping @Sendable () async throws -> Void, for task: TaskContext) async throws {}
        }
        try await withTestEngine(backends: [Lazy()]) { flow in
            let error = try #require(await flow.functionTask("task") { 1 }().error as? TaskFailedError)
            #expect((error.cause as? EngineError)?.code == .backendUnavailable)
        }
    }
}
