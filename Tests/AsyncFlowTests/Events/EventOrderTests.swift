import TestSupport
import AsyncFlow
import Testing

@Suite("Events of tasks", .timeLimit(.minutes(1)))
struct EventOrderTests {
    private static let terminal: Set<EventType> = [.taskCompleted, .taskFailed, .taskCancelled]

    /// Runs `body`, shuts down, and returns all events.
    private func events(
        backends: [any Backend] = [LocalBackend()], shutdown mode: WorkflowEngine.ShutdownMode = .drain,
        _ body: (WorkflowEngine) async throws -> Void
    ) async throws -> [WorkflowEvent] {
        let flow = try WorkflowEngine(.quiet(), backends: backends)
        let stream = flow.events(bufferingUpTo: 1_000_000)
        try await body(flow)
        await flow.shutdown(mode)
        var events: [WorkflowEvent] = []
        for await event in stream { events.append(event) }
        return events
    }

    private func types(_ events: [WorkflowEvent], of name: String) -> [EventType] {
        events.filter { $0.task?.name == name }.map(\.type)
    }

    @Test(
        "a task that runs has five events in order, however it ends",
        arguments: [
            EventType.taskCompleted, .taskFailed, .taskCancelled,
        ])
    func ran(end: EventType) async throws {
        let events = try await events { flow in
            let started = Gate()
            let future = flow.functionTask("task") {
                started.open()
                if end == .taskFailed { throw TestError() }
                if end == .taskCancelled { try await Gate().wait() }
            }()
            try await started.wait()
            if end == .taskCancelled { future.cancel() }
        }
        #expect(types(events, of: "task") == [.taskCreated, .taskResolved, .taskQueued, .taskStarted, end])
    }

    @Test("a task that never runs has its creation and its end")
    func neverRan() async throws {
        let events = try await events { flow in
            let gate = Gate()
            let fails = flow.functionTask("fails") { () async throws -> Int in
                try await gate.wait()
                throw TestError()
            }()
            let first = flow.functionTask("cancelled") { (value: Int) in value }(fails)
            flow.functionTask("dependent of failed") { (value: Int) in value }(fails)
            flow.functionTask("dependent of cancelled") { (value: Int) in value }(first)
            flow.functionTask("refused", .on("nowhere")) {}()
            first.cancel()
            gate.open()
        }
        #expect(types(events, of: "cancelled") == [.taskCreated, .taskCancelled])
        #expect(types(events, of: "dependent of failed") == [.taskCreated, .taskFailed])
        #expect(types(events, of: "dependent of cancelled") == [.taskCreated, .taskCancelled])
        #expect(types(events, of: "refused") == [.taskCreated, .taskFailed])
    }

    @Test("a task that is called after the shutdown began has its two events, too")
    func afterShutdown() async throws {
        let events = try await events(shutdown: .immediate) { flow in
            let (started, gate) = (Gate(), Gate())
            flow.functionTask("blocks") {
                started.open()
                gate.block()
            }()
            try await started.wait()
            async let end: Void = flow.shutdown()
            await flow.waitUntilClosed()
            flow.functionTask("late") {}()
            gate.open()
            await end
        }
        #expect(types(events, of: "late") == [.taskCreated, .taskCancelled])
    }

    @Test("an event names the task, its kind, backend, block and workflow, its dependencies and its error")
    func content() async throws {
        let model = RecordingPromptBackend()
        let blocks = Recorder<TaskID>()
        let events = try await events(backends: [LocalBackend(), model]) { flow in
            let a = flow.functionTask("a") { "a" }
            let ask = flow.promptTask("ask") { (text: String, _: [String]) in text }
            let block = flow.block("block") { try await flow.withWorkflowScope("w") { ask(a(), [a(), a()]) }.value }
            let future = block()
            blocks.append(future.id)
            _ = try await future.value
            _ = await flow.functionTask("fails") { throw TestError("why") }().result
        }
        let ask = try #require(events.first { $0.task?.name == "ask" && $0.type == .taskCreated })
        #expect(ask.task?.kind == .prompt)
        #expect(ask.task?.backend == "model")
        #expect(ask.task?.blockID == blocks.values[0])
        #expect(ask.workflowID == "w")
        #expect(
            ask.dependencies == events.filter { $0.task?.name == "a" && $0.type == .taskCreated }.map { $0.task!.id })
        let block = try #require(events.first { $0.task?.name == "block" })
        #expect(block.task?.kind == .block)
        #expect(block.task?.backend == nil)
        #expect(block.error == nil)
        let failure = try #require(events.first { $0.type == .taskFailed })
        #expect((failure.error as? TaskFailedError)?.cause as? TestError == TestError("why"))
        #expect(Set(events.map(\.engineID)).count == 1)
    }

    @Test("scopes are announced when they are entered and left")
    func scopes() async throws {
        let events = try await events { flow in
            flow.withWorkflowScope("outer") { flow.withWorkflowScope("inner") {} }
        }
        #expect(events.map(\.type) == [.scopeStarted, .scopeStarted, .scopeEnded, .scopeEnded, .engineEnded])
        #expect(events.map(\.workflowID) == ["outer", "inner", "inner", "outer", nil])
    }

    @Test("in random graphs every task has its events in order, and exactly one end", arguments: Seeds.some(12))
    func randomGraphs(seed: UInt64) async throws {
        let graph = RandomGraph(seed: seed, count: 500)
        var random = SeededRandom(seed: seed)
        let events = try await events { flow in
            let runs = RunCounts(500)
            let tasks = RandomGraphTasks(graph, in: flow, runs: runs)
            let block = flow.block("block") { (seed: UInt64) in
                var random = SeededRandom(seed: seed)
                let start = flow.functionTask("start") {}()
                var futures: [TaskFuture<UInt64>] = []
                for node in graph.nodes {
                    futures.append(tasks.call(node, after: start, futures))
                    if random.chance(0.02) { futures.randomElement(using: &random)!.cancel() }
                    if random.chance(0.02) { await Task.yield() }
                }
            }
            let future = block(seed)
            if random.chance(0.5) {
                for _ in 0..<Int.random(in: 0..<40, using: &random) { await Task.yield() }
                future.cancel()
            }
            _ = await future.result
        }
        let perTask = Dictionary(grouping: events.filter { $0.task != nil }) { $0.task!.id }
        let full: [EventType] = [.taskCreated, .taskResolved, .taskQueued, .taskStarted]
        for (id, list) in perTask {
            let types = list.map(\.type)
            #expect(types.count { Self.terminal.contains($0) } == 1, "seed \(seed): \(id) \(types)")
            #expect(types.last.map(Self.terminal.contains) == true, "seed \(seed): \(id) \(types)")
            let before = Array(types.dropLast())
            #expect(
                before == Array(full.prefix(before.count)) && [1, 3, 4].contains(before.count),
                "seed \(seed): \(id) \(types)")
            #expect(list.map(\.time) == list.map(\.time).sorted())
        }
        #expect(events.last?.type == .engineEnded)
    }
}
