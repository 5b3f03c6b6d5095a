import TestSupport
import AsyncFlow
import Testing

@Suite("Draining", .timeLimit(.minutes(2)))
struct DrainTests {
    @Test("a drain returns although others go on calling tasks, which end as cancelled")
    func othersGoOn() async throws {
        let flow = try WorkflowEngine(.quiet())
        let work = flow.functionTask("work") { (value: Int) in value }
        let isOver = Counter()
        let refused = Counter()
        let refusals = Recorder<String>()
        await withTaskGroup { group in
            for _ in 0..<4 {
                group.addTask {
                    while isOver.value == 0 {
                        await Task.yield()  // a refused call ends at once, and others need the thread
                        guard let error = await work(1).error else { continue }
                        if refused.add(1) == 1 { refusals.append("\(error)") }
                    }
                }
            }
            while flow.liveTaskCount == 0 { await Task.yield() }
            await flow.shutdown(.drain)
            isOver.set(1)
        }
        #expect(flow.liveTaskCount == 0)
        let late = await work(1).error
        #expect(late is TaskCancelledError)
    }

    @Test("what was called before a drain runs, with all that it calls, and all that follows from its end")
    func whatRunsGoesOn() async throws {
        let flow = try WorkflowEngine(.quiet())
        let (began, gate) = (Gate(), Gate())
        let leaf = flow.functionTask("leaf") { (value: Int) in value }
        let followUps = Recorder<TaskFuture<Int>>()
        let block = flow.block("block") {
            began.open()
            try await gate.wait()
            let inner = leaf(1)
            inner.onCompletion { _ in followUps.append(leaf(2)) }
            let child = Task { try await leaf(3).value }
            return try await inner.value + child.value + inner.flatMap { leaf($0) }.map { $0 }.value
        }()
        try await began.wait()
        async let shutdown: Void = flow.shutdown(.drain)
        // The drain has begun when a call from outside is refused.
        await flow.waitUntilClosed()
        let refusal = try #require(await leaf(1).error as? TaskCancelledError)
        #expect(refusal.message.contains("shut down"))
        #expect(block.state == .running)
        gate.open()
        #expect(try await block.value == 5)
        await shutdown
        #expect(followUps.count == 1)
        #expect(try await followUps.values[0].value == 2)
    }

    @Test("an immediate shutdown ends a drain that waits", arguments: [false, true])
    func hurried(graceful: Bool) async throws {
        let flow = try WorkflowEngine(.quiet())
        let began = Gate()
        let endless = flow.functionTask("endless") { () async throws in
            began.open()
            try await Gate().wait()
        }()
        try await began.wait()
        async let drain: Void = flow.shutdown(.drain)
        await flow.waitUntilClosed()
        await flow.shutdown(graceful ? .graceful(deadline: .zero) : .immediate)
        await drain
        #expect(endless.state == .cancelled)
    }
}
