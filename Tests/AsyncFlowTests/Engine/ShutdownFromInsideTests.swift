import TestSupport
import AsyncFlow
import Testing

@Suite("Shutdown from inside", .timeLimit(.minutes(1)))
struct ShutdownFromInsideTests {
    @Test(
        "a task that shuts its own engine down doesn't wait for itself",
        arguments: [
            WorkflowEngine.ShutdownMode.immediate, .drain, .graceful(deadline: .seconds(600)),
        ])
    func fromTask(mode: WorkflowEngine.ShutdownMode) async throws {
        let flow = try WorkflowEngine(.quiet())
        let returned = Gate()
        let future = flow.functionTask("task") {
            await flow.shutdown(mode)
            returned.open()
        }()
        #expect(await future.finalState.isTerminal)
        #expect(returned.isOpen)
        await flow.shutdown()
        #expect(flow.functionTask("late") {}().state == .cancelled)
    }

    @Test("so does a block, a member of it, and a child task of a body")
    func fromElsewhere() async throws {
        for place in 0..<3 {
            let flow = try WorkflowEngine(.quiet())
            let member = flow.functionTask("member") { await flow.shutdown() }
            let block = flow.block("block") {
                switch place {
                case 0: await flow.shutdown()
                case 1: _ = await member().result
                default:
                    await withTaskGroup { group in group.addTask { await flow.shutdown() } }
                    await Task { await flow.shutdown() }.value
                }
            }
            #expect(await block().finalState.isTerminal)
            await flow.shutdown()
        }
    }

    @Test("a scope outside of any task waits for the shutdown")
    func fromScope() async throws {
        let flow = try WorkflowEngine(.quiet())
        let endless = flow.functionTask("endless") { try await Gate().wait() }()
        await flow.withWorkflowScope { await flow.shutdown() }
        #expect(endless.state == .cancelled)
    }

    @Test("a task may shut another engine down, and waits for that")
    func otherEngine() async throws {
        let other = try WorkflowEngine(.quiet())
        let endless = other.functionTask("endless") { try await Gate().wait() }()
        try await withTestEngine { flow async throws in
            let killer = flow.functionTask("killer") {
                await other.shutdown()
                return endless.state
            }
            #expect(try await killer().value == .cancelled)
        }
    }

    @Test("withWorkflowEngine drains when its body returns, cancels when it throws, and passes results and errors on")
    func scoped() async throws {
        let futures = Recorder<TaskFuture<Int>>()
        let value = try await withTestEngine { flow in
            let slow = flow.functionTask("slow") { (value: Int) in
                for _ in 0..<50 { await Task.yield() }
                return value
            }
            futures.append(slow(slow(slow(1))))
            return "result"
        }
        #expect(value == "result")
        #expect(futures.values[0].state == .done)
        await #expect(throws: TestError.self) {
            try await withTestEngine { flow in
                futures.append(
                    flow.functionTask("endless") { () async throws -> Int in
                        try await Gate().wait()
                        return 0
                    }())
                throw TestError()
            }
        }
        #expect(futures.values[1].state == .cancelled)
    }

    @Test("cancelling the Swift task of withWorkflowEngine cancels everything in it")
    func scopedCancelled() async throws {
        let started = Gate()
        let futures = Recorder<TaskFuture<Void>>()
        let scope = Task {
            try await withTestEngine { flow in
                let future = flow.functionTask("endless") {
                    started.open()
                    try await Gate().wait()
                }()
                futures.append(future)
                _ = await future.result  // doesn't look at the cancellation itself
            }
        }
        try await started.wait()
        scope.cancel()
        _ = await scope.result
        #expect(futures.values[0].state == .cancelled)
    }

    @Test("waiting until idle returns when everything has ended, also what was called meanwhile")
    func idle() async throws {
        try await withTestEngine { flow in
            let count = Gauge()
            let leaf = flow.functionTask("leaf") {
                await Task.yield()
                count.up()
            }
            let parent = flow.functionTask("parent") { for _ in 0..<10 { leaf() } }
            for round in 1...20 {
                for _ in 0..<5 { parent() }
                async let second: Void = flow.waitUntilIdle()
                await flow.waitUntilIdle()
                await second
                #expect(count.total == round * 50)
                #expect(flow.liveTaskCount == 0)
            }
        }
    }
}
