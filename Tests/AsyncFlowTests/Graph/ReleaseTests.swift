import TestSupport
import AsyncFlow
import Testing

/// Nothing is kept longer than somebody can ask for it, on an engine that goes on.
@Suite("Release of what isn't needed any more", .timeLimit(.minutes(1)))
struct ReleaseTests {
    @Test("the values of a finished graph are released with its futures")
    func finishedGraph() async throws {
        try await withTestEngine { flow in
            let values = Counter()
            let make = flow.functionTask("make") { Tracked(values) }
            let join = flow.functionTask("join") { (_: Tracked, _: [Tracked]) in Tracked(values) }
            do {
                let last = join(make(), [make(), make()])
                _ = try await last.value
                #expect(values.value >= 1)
            }
            await flow.waitUntilIdle()
            #expect(await becomesZero(values, flow))
        }
    }

    @Test(
        "what bodies and arguments hold is released when a task ends, in every way",
        arguments: [
            "done", "failed",
            "cancelled pending", "cancelled running", "dependency failed",
        ])
    func arguments(end: String) async throws {
        try await withTestEngine { flow in
            let values = Counter()
            let (gate, started) = (Gate(), Gate())
            let wait = flow.functionTask("wait") { (value: Tracked) in
                started.open()
                try await gate.wait()
                if end.hasSuffix("failed") { throw TestError() }
                return value
            }
            let use = flow.functionTask("use") { (_: Tracked, value: Tracked) in value }
            do {
                let first = wait(Tracked(values))
                let second = use(first, Tracked(values))
                try await started.wait()
                switch end {
                case "cancelled pending": second.cancel()
                case "cancelled running": first.cancel()
                default: break
                }
                gate.open()
                _ = await (first.result, second.result)
            }
            await flow.waitUntilIdle()
            #expect(await becomesZero(values, flow))
        }
    }

    @Test("a value is released before the engine ends as soon as its last dependent has taken it")
    func intermediateValues() async throws {
        try await withTestEngine { flow async throws in
            let values = Counter()
            let gate = Gate()
            let make = flow.functionTask("make") { Tracked(values) }
            let drop = flow.functionTask("drop") { (_: Tracked) in 1 }
            let hold = flow.functionTask("hold") { (value: Int) in
                try await gate.wait()
                return value
            }
            let future = hold(drop(make()))
            while future.state != .running { await Task.yield() }
            #expect(await becomesZero(values, flow))
            gate.open()
            #expect(try await future.value == 1)
        }
    }

    @Test("members of a block are released while the block goes on")
    func blockMembers() async throws {
        try await withTestEngine { flow async throws in
            let values = Counter()
            let make = flow.functionTask("make") { Tracked(values) }
            let block = flow.block("block") {
                for _ in 0..<100 { _ = try await make().value }
                return await becomesZero(values, flow)
            }
            #expect(try await block().value)
        }
    }

    @Test("an engine that is dropped without shutdown lets go of everything")
    func droppedEngine() async throws {
        let values = Counter()
        let (started, released) = (Gate(), Gate())
        let last: TaskFuture<Tracked>
        do {
            let flow = try WorkflowEngine(.quiet())
            let endless = flow.functionTask("endless") { (value: Tracked) in
                defer { released.open() }
                started.open()
                try await Gate().wait()
                return value
            }
            last = endless(Tracked(values))
            try await started.wait()
        }
        try await released.wait()
        #expect(await last.finalState == .cancelled)
    }

    /// The last reference may be let go by a worker that is still on its way back from a body, so this gives the
    /// workers something to do after it, some times.
    private func becomesZero(_ values: Counter, _ flow: WorkflowEngine) async -> Bool {
        let nothing = flow.functionTask("nothing") {}
        for _ in 0..<1_000 where values.value > 0 { _ = await nothing().result }
        return values.value == 0
    }
}
