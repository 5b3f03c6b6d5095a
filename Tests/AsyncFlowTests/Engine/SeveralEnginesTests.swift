import TestSupport
import AsyncFlow
import Testing

@Suite("Several engines in one process", .timeLimit(.minutes(1)))
struct SeveralEnginesTests {
    @Test("a future of one engine is an argument to a task of another")
    func crossing() async throws {
        try await withTestEngine { first async throws in
            try await withTestEngine { second async throws in
                let gate = Gate()
                let number = first.functionTask("number") { (value: Int) in
                    try await gate.wait()
                    return value
                }
                let double = second.functionTask("double") { (value: Int) in value * 2 }
                let increment = first.functionTask("increment") { (value: Int) in value + 1 }
                let future = increment(double(number(20)))
                gate.open()
                #expect(try await future.value == 41)
                #expect(
                    try await second.functionTask("sum") { (values: [Int]) in values.reduce(0, +) }(
                        (0..<100).map { number($0) }
                    ).value == 4_950)
            }
        }
    }

    @Test("failures and cancellations cross from one engine to the other")
    func failuresCross() async throws {
        try await withTestEngine { first async throws in
            try await withTestEngine { second async throws in
                let fails = first.functionTask("fails") { () throws -> Int in throw TestError() }
                let endless = first.functionTask("endless") { () async throws -> Int in
                    try await Gate().wait()
                    return 0
                }
                let use = second.functionTask("use") { (value: Int) in value }
                let error = try #require(await use(fails()).error as? DependencyFailureError)
                #expect(error.dependencies.map(\.name) == ["fails"])
                let running = endless()
                let waiting = use(running)
                running.cancel()
                #expect(await waiting.finalState == .cancelled)
            }
        }
    }

    @Test("shutting one engine down leaves the others alone")
    func independent() async throws {
        let first = try WorkflowEngine(.quiet())
        try await withTestEngine { second async throws in
            let gate = Gate()
            let endless = first.functionTask("endless") { try await Gate().wait() }()
            let running = second.functionTask("running") {
                try await gate.wait()
                return 1
            }()
            await first.shutdown()
            #expect(endless.state == .cancelled)
            #expect(running.state != .cancelled)
            #expect(try await second.functionTask("next") { 2 }().value == 2)
            gate.open()
            #expect(try await running.value == 1)
        }
    }

    @Test(
        "an engine ends although a task of it waits for another engine's task",
        arguments: [
            WorkflowEngine.ShutdownMode.immediate, .graceful(deadline: .seconds(600)),
        ])
    func waitingForOther(mode: WorkflowEngine.ShutdownMode) async throws {
        try await withTestEngine { first async throws in
            let gate = Gate()
            let second = try WorkflowEngine(.quiet())
            let slow = first.functionTask("slow") {
                try await gate.wait()
                return 1
            }()
            let waiting = second.functionTask("waiting") { (value: Int) in value }(slow)
            let after = second.functionTask("after") { (values: [Int]) in values.count }([waiting, slow])
            await second.shutdown(mode)
            #expect([waiting.state, after.state] == [.cancelled, .cancelled])
            gate.open()
            #expect(try await slow.value == 1)
        }
    }

    @Test("an engine that ends cancels what waits for it in another engine")
    func endsFirst() async throws {
        try await withTestEngine { second async throws in
            let first = try WorkflowEngine(.quiet())
            let endless = first.functionTask("endless") { () async throws -> Int in
                try await Gate().wait()
                return 0
            }()
            let waiting = second.functionTask("waiting") { (value: Int) in value }(endless)
            await first.shutdown()
            #expect(await waiting.finalState == .cancelled)
            let late = second.functionTask("late") { (value: Int) in value }(endless)
            #expect(late.state == .cancelled)
        }
    }

    @Test("a task may use an engine of its own")
    func engineWithinTask() async throws {
        try await withTestEngine { flow async throws in
            let outer = flow.functionTask("outer") { (value: Int) in
                try await withTestEngine { inner in
                    let double = inner.functionTask("double") { (value: Int) in
                        #expect(TaskContext.current?.engineID == inner.id)
                        return value * 2
                    }
                    return try await double(double(value)).value
                }
            }
            #expect(try await (0..<10).map { outer($0) }.values() == (0..<10).map { $0 * 4 })
        }
    }

    @Test("another engine's blocks and scopes don't count")
    func memberships() async throws {
        try await withTestEngine { first async throws in
            try await withTestEngine { second async throws in
                let other = second.functionTask("other") {}
                let block = first.block("block") {
                    first.withWorkflowScope("scope") {
                        let future = other()
                        return future.blockID == nil && future.workflowID == nil
                    }
                }
                #expect(try await block().value)
            }
        }
    }

    @Test("a block keeps its members although another engine's scope is in between")
    func membershipThroughOther() async throws {
        try await withTestEngine { first async throws in
            try await withTestEngine { second async throws in
                let own = first.functionTask("own") {}
                let block = first.block("block") { second.withWorkflowScope("scope") { own().blockID } }
                let future = block()
                #expect(try await future.value == future.id)
            }
        }
    }

    @Test("many engines come and go at the same time")
    func many() async throws {
        try await withThrowingTaskGroup(of: Int.self) { group async throws in
            for number in 0..<50 {
                group.addTask {
                    try await withTestEngine { flow in
                        let add = flow.functionTask("add") { (a: Int, b: Int) in a + b }
                        var total = add(0, 0)
                        for _ in 0..<20 { total = add(total, number) }
                        return try await total.value
                    }
                }
            }
            #expect(try await group.reduce(0, +) == 20 * 49 * 50 / 2)
        }
    }
}
