import TestSupport
import AsyncFlow
import Testing

@Suite("Blocks", .timeLimit(.minutes(1)))
struct BlockTests {
    @Test("a block's body calls tasks in loops and branches, and its value is that of the body")
    func loop() async throws {
        try await withTestEngine { flow async throws in
            let step = flow.functionTask("step") { (value: Int) in value * 3 }
            let grow = flow.block("grow") { (start: Int, limit: Int) in
                var value = start
                while value < limit { value = try await step(value).value }
                return value
            }
            let first = grow(1, 100)
            #expect(first.kind == .block)
            #expect(try await first.value == 243)
            #expect(try await grow(first, first).value == 243)
        }
    }

    @Test("a block waits for its dependencies like any task")
    func dependencies() async throws {
        try await withTestEngine { flow async throws in
            let gate = Gate()
            let number = flow.functionTask("number") {
                try await gate.wait()
                return 2
            }
            let block = flow.block("block") { (values: [Int]) in values.reduce(0, +) }
            let future = block([number(), number()])
            #expect(future.state == .pending)
            gate.open()
            #expect(try await future.value == 4)
        }
    }

    @Test("a block ends only when its members have ended, also those that its body didn't await")
    func waitsForMembers() async throws {
        try await withTestEngine { flow in
            let (gate, bodyEnded) = (Gate(), Gate())
            let ended = Recorder<String>()
            let member = flow.functionTask("member") {
                try await gate.wait()
                ended.append("member")
            }
            let block = flow.block("block") {
                member()
                bodyEnded.open()
                return 1
            }
            let future = block()
            future.onCompletion { _ in ended.append("block") }
            try await bodyEnded.wait()
            for _ in 0..<100 { await Task.yield() }
            #expect(future.state == .running)
            gate.open()
            #expect(try await future.value == 1)
            await flow.waitUntilIdle()
            #expect(ended.values == ["member", "block"])
        }
    }

    @Test("tasks that members call are members too, and are waited for")
    func membersOfMembers() async throws {
        try await withTestEngine { flow in
            let count = Gauge()
            let leaf = flow.functionTask("leaf") { (_: Int) in
                for _ in 0..<20 { await Task.yield() }
                count.up()
            }
            let branch = flow.functionTask("branch") { (value: Int) in
                for index in 0..<5 { leaf(value + index) }
            }
            let block = flow.block("block") { for index in 0..<5 { branch(index) } }
            try await block().value
            #expect(count.total == 25)
        }
    }

    @Test("a failing member that the body doesn't await doesn't fail the block")
    func unobservedFailure() async throws {
        try await withTestEngine { flow async throws in
            let fails = flow.functionTask("fails") { () throws -> Int in throw TestError() }
            let block = flow.block("block") { fails().state.description.count > 0 }
            #expect(try await block().value)
        }
    }

    @Test("when the body throws, unfinished members are cancelled, and the block fails after they have stopped")
    func bodyThrows() async throws {
        try await withTestEngine { flow in
            let started = Gate()
            let log = Recorder<String>()
            let running = flow.functionTask("running") {
                started.open()
                do {
                    try await Gate().wait()
                } catch {
                    log.append("stopped")
                    throw error
                }
            }
            let pending = flow.functionTask("pending") { (_: Void) in log.append("ran") }
            let members = Recorder<TaskFuture<Void>>()
            let block = flow.block("block") { () async throws -> Int in
                let first = running()
                members.append(first)
                members.append(pending(first))
                try await started.wait()
                throw TestError("body")
            }
            let future = block()
            let error = try #require(await future.error as? TaskFailedError)
            #expect(error.cause as? TestError == TestError("body"))
            #expect(members.values.map(\.state) == [.cancelled, .cancelled])
            #expect(log.values == ["stopped"])
        }
    }

    @Test("members carry their block's id, blocks within blocks too")
    func blockIDs() async throws {
        try await withTestEngine { flow in
            let (innerIDs, leafIDs) = (Recorder<TaskID?>(), Recorder<TaskID?>())
            let leaf = flow.functionTask("leaf") { leafIDs.append(TaskContext.current?.blockID) }
            let inner = flow.block("inner") {
                let future = leaf()
                innerIDs.append(TaskContext.current?.taskID)
                innerIDs.append(TaskContext.current?.blockID)
                innerIDs.append(future.blockID)
                try await future.value
            }
            let outer = flow.block("outer") { try await inner().value }
            let future = outer()
            try await future.value
            #expect(future.blockID == nil)
            let innerID = innerIDs.values.first
            #expect(innerIDs.values == [innerID, future.id, innerID])
            #expect(leafIDs.values == [innerID])
        }
    }

    @Test("blocks call themselves")
    func recursion() async throws {
        try await withTestEngine(workers: 1) { flow async throws in
            let blocks = Recorder<Block<Int, Int>>()
            let fibonacci = flow.block("fibonacci") { (n: Int) async throws -> Int in
                if n < 2 { return n }
                let (a, b) = (blocks.values[0](n - 1), blocks.values[0](n - 2))
                return try await a.value + b.value
            }
            blocks.append(fibonacci)
            #expect(try await fibonacci(13).value == 233)
        }
    }

    @Test("blocks nest a thousand deep")
    func deep() async throws {
        try await withTestEngine { flow async throws in
            let blocks = Recorder<Block<Int, Int>>()
            let block = flow.block("down") { (depth: Int) async throws -> Int in
                depth == 0 ? 0 : try await blocks.values[0](depth - 1).value + 1
            }
            blocks.append(block)
            #expect(try await block(1_000).value == 1_000)
        }
    }

    @Test("many blocks run at the same time")
    func concurrent() async throws {
        try await withTestEngine { flow async throws in
            let add = flow.functionTask("add") { (a: Int, b: Int) in
                await Task.yield()
                return a + b
            }
            let sum = flow.block("sum") { (count: Int) in
                var total = add(0, 0)
                for index in 1...count { total = add(total, index) }
                return try await total.value
            }
            let futures = (0..<200).map { _ in sum(20) }
            #expect(try await futures.values().allSatisfy { $0 == 210 })
        }
    }
}
