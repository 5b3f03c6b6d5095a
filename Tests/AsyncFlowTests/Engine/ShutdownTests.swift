import TestSupport
import AsyncFlow
import Testing

@Suite("Shutdown", .timeLimit(.minutes(1)))
struct ShutdownTests {
    @Test("an immediate shutdown interrupts what runs and cancels what waits")
    func immediate() async throws {
        let flow = try WorkflowEngine(.quiet())
        let (started, ran) = (Gate(), Gate())
        let running = flow.functionTask("running") {
            started.open()
            try await Gate().wait()
        }()
        let pending = flow.functionTask("pending") { (_: Void) in ran.open() }(running)
        try await started.wait()
        await flow.shutdown()
        #expect([running.state, pending.state] == [.cancelled, .cancelled])
        #expect(!ran.isOpen)
        #expect(flow.liveTaskCount == 0)
    }

    @Test("a task that waits in the queue for a worker never starts after the shutdown began")
    func queued() async throws {
        let flow = try WorkflowEngine(.quiet(workers: 1))
        let (started, gate) = (Gate(), Gate())
        let ran = Recorder<Int>()
        flow.functionTask("blocks") {
            started.open()
            gate.block()
        }()
        let queued = flow.functionTask("queued") { (number: Int) in ran.append(number) }
        let futures = (0..<100).map { queued($0) }
        try await started.wait()
        async let end: Void = flow.shutdown()
        await flow.waitUntilClosed()
        gate.open()
        await end
        #expect(ran.values.isEmpty)
        #expect(futures.allSatisfy { $0.state == .cancelled })
    }

    @Test("a running synchronous body sees the shutdown")
    func synchronousBody() async throws {
        let flow = try WorkflowEngine(.quiet())
        let (started, gaveUp) = (Gate(), Gate())
        let future = flow.functionTask("loop") {
            started.open()
            // Ends by itself after a while, so that a failure of this test doesn't hang it.
            let start = ContinuousClock.now
            while ContinuousClock.now - start < .seconds(50) {
                try TaskContext.current?.checkCancellation()
            }
            gaveUp.open()
        }()
        try await started.wait()
        await flow.shutdown()
        #expect(!gaveUp.isOpen)
        #expect(future.state == .cancelled)
    }

    @Test("an async body that hasn't suspended yet when the shutdown begins is interrupted when it does")
    func notYetSuspended() async throws {
        let flow = try WorkflowEngine(.quiet())
        let (started, gate, interrupted) = (Gate(), Gate(), Gate())
        let future = flow.functionTask("body") {
            started.open()
            gate.block()
            let fallback = Task.detached {
                try await Task.sleep(for: .seconds(10))
                interrupted.open()
            }
            defer { fallback.cancel() }
            try await interrupted.wait()
        }()
        try await started.wait()
        async let end: Void = flow.shutdown()
        await flow.waitUntilClosed()
        for _ in 0..<100 { await Task.yield() }
        gate.open()
        await end
        #expect(!interrupted.isOpen)
        #expect(future.state == .cancelled)
    }

    @Test("draining runs everything that was called, and what that calls")
    func drain() async throws {
        let flow = try WorkflowEngine(.quiet())
        let double = flow.functionTask("double") { (value: Int) in
            await Task.yield()
            return value * 2
        }
        let block = flow.block("block") { (value: Int) in try await double(double(value)).value }
        let futures = (0..<200).map { block(double($0)) }
        await flow.shutdown(.drain)
        for (index, future) in futures.enumerated() { #expect(try future.currentResult?.get() == index * 8) }
    }

    @Test("a graceful shutdown lets running tasks finish, and starts no others")
    func graceful() async throws {
        let flow = try WorkflowEngine(.quiet())
        let (started, gate) = (Gate(), Gate())
        let running = flow.functionTask("running") {
            started.open()
            try await gate.wait()
            return 1
        }()
        let pending = flow.functionTask("pending") { (value: Int) in value }(running)
        try await started.wait()
        async let end: Void = flow.shutdown(.graceful(deadline: .seconds(600)))
        await flow.waitUntilClosed()
        #expect(running.state == .running)
        gate.open()
        await end
        #expect(try await running.value == 1)
        #expect(pending.state == .cancelled)
    }

    @Test("at its deadline a graceful shutdown interrupts what still runs")
    func deadline() async throws {
        let flow = try WorkflowEngine(.quiet())
        let started = Gate()
        let running = flow.functionTask("running") {
            started.open()
            try await Gate().wait()
        }()
        try await started.wait()
        await flow.shutdown(.graceful(deadline: .milliseconds(10)))
        #expect(running.state == .cancelled)
    }

    @Test("an immediate shutdown hurries up a graceful one")
    func hurry() async throws {
        let flow = try WorkflowEngine(.quiet())
        let started = Gate()
        let running = flow.functionTask("running") {
            started.open()
            try await Gate().wait()
        }()
        try await started.wait()
        async let graceful: Void = flow.shutdown(.graceful(deadline: .seconds(600)))
        await flow.waitUntilClosed()
        await flow.shutdown(.immediate)
        await graceful
        #expect(running.state == .cancelled)
    }

    @Test("any number of concurrent shutdowns return when the engine has ended")
    func concurrent() async throws {
        for _ in 0..<20 {
            let flow = try WorkflowEngine(.quiet())
            let futures = (0..<20).map { _ in flow.functionTask("endless") { try await Gate().wait() }() }
            await withTaskGroup { group in
                for index in 0..<16 {
                    group.addTask {
                        await flow.shutdown(index % 2 == 0 ? .immediate : .graceful(deadline: .milliseconds(1)))
                        #expect(futures.allSatisfy { $0.state == .cancelled })
                    }
                }
            }
            await flow.shutdown()
        }
    }

    @Test("a task that is called after the shutdown ends cancelled instead of hanging")
    func calledLater() async throws {
        let flow = try WorkflowEngine(.quiet())
        let task = flow.functionTask("late") { 1 }
        let before = task()
        _ = await before.result
        await flow.shutdown()
        let late = task()
        #expect(late.state == .cancelled)
        #expect(late.id > before.id)
        let error = try #require(await late.error as? TaskCancelledError)
        #expect("\(error)" == "late (task.000002): cancelled, because the engine was shut down")
        let dependent = flow.functionTask("dependent") { (value: Int) in value }(before)
        #expect(dependent.state == .cancelled)
        let block = flow.block("block") { 1 }()
        #expect(block.state == .cancelled)
    }

    @Test("calls race with the shutdown: every future ends", arguments: Seeds.some(3))
    func callsRaceWithShutdown(seed: UInt64) async throws {
        var random = SeededRandom(seed: seed)
        for _ in 0..<30 {
            let flow = try WorkflowEngine(.quiet())
            let task = flow.functionTask("task") { (value: Int) in
                if value % 2 == 0 { await Task.yield() }
                return value
            }
            let yields = Int.random(in: 0..<5, using: &random)
            async let caller = (0..<300).map { task(task($0)) }
            for _ in 0..<yields { await Task.yield() }
            await flow.shutdown()
            for future in await caller { #expect(await future.finalState.isTerminal, "seed \(seed)") }
            #expect(flow.liveTaskCount == 0)
        }
    }

    @Test("an engine that was never used shuts down at once")
    func unused() async throws {
        let flow = try WorkflowEngine(.quiet())
        await flow.waitUntilIdle()
        await flow.shutdown(.drain)
        await flow.shutdown()
    }
}
