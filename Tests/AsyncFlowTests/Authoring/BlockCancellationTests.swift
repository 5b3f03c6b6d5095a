import TestSupport
import AsyncFlow
import Testing

@Suite("Cancellation of blocks", .timeLimit(.minutes(1)))
struct BlockCancellationTests {
    @Test("cancelling a block cancels its members, running and pending")
    func members() async throws {
        try await withTestEngine { flow in
            let started = Gate()
            let members = Recorder<TaskFuture<Int>>()
            let endless = flow.functionTask("endless") { () async throws -> Int in
                started.open()
                try await Gate().wait()
                return 0
            }
            let next = flow.functionTask("next") { (value: Int) in value }
            let block = flow.block("block") {
                let first = endless()
                members.append(first)
                members.append(next(first))
                return try await next(first).value
            }
            let future = block()
            try await started.wait()
            #expect(future.cancel())
            #expect(!future.cancel())
            #expect(await future.finalState == .cancelled)
            #expect(members.values.map(\.state) == [.cancelled, .cancelled])
        }
    }

    @Test("cancelling an outer block cancels the blocks within it, down to their members")
    func nested() async throws {
        try await withTestEngine { flow in
            let started = Gate()
            let states = Recorder<TaskFuture<Void>>()
            let endless = flow.functionTask("endless") {
                started.open()
                try await Gate().wait()
            }
            let inner = flow.block("inner") {
                let future = endless()
                states.append(future)
                try await future.value
            }
            let middle = flow.block("middle") {
                let future = inner()
                states.append(future)
                try await future.value
            }
            let outer = flow.block("outer") { try await middle().value }
            let future = outer()
            try await started.wait()
            future.cancel()
            #expect(await future.finalState == .cancelled)
            #expect(states.values.map(\.state) == [.cancelled, .cancelled])
            await flow.waitUntilIdle()  // the count follows the end by a moment
            #expect(flow.liveTaskCount == 0)
        }
    }

    @Test("a pending block that is cancelled never runs its body")
    func pending() async throws {
        try await withTestEngine { flow in
            let (gate, ran) = (Gate(), Gate())
            let wait = flow.functionTask("wait") { try await gate.wait() }
            let block = flow.block("block") { (_: Void) in ran.open() }
            let future = block(wait())
            future.cancel()
            #expect(future.state == .cancelled)
            gate.open()
            await flow.waitUntilIdle()
            #expect(!ran.isOpen)
        }
    }

    @Test("what a cancelled block's body still calls ends cancelled")
    func calledAfterCancellation() async throws {
        try await withTestEngine { flow in
            let (started, ran) = (Gate(), Gate())
            let late = Recorder<TaskFuture<Void>>()
            let task = flow.functionTask("task") { ran.open() }
            let block = flow.block("block") {
                started.open()
                try? await Gate().wait()
                late.append(task())
                try await late.values[0].value
            }
            let future = block()
            try await started.wait()
            future.cancel()
            #expect(await future.finalState == .cancelled)
            #expect(late.values[0].state == .cancelled)
            #expect("\((await late.values[0].error)!)".hasSuffix("cancelled with its block (\(future.id))"))
            #expect(!ran.isOpen)
        }
    }

    @Test("a member that is cancelled alone leaves its block and the other members alone")
    func oneMember() async throws {
        try await withTestEngine { flow async throws in
            let endless = flow.functionTask("endless") { () async throws -> Int in
                try await Gate().wait()
                return 0
            }
            let number = flow.functionTask("number") { 5 }
            let block = flow.block("block") {
                let (cancelled, kept) = (endless(), number())
                cancelled.cancel()
                _ = await cancelled.result
                return try await kept.value
            }
            #expect(try await block().value == 5)
        }
    }

    @Test("awaiting a cancelled member cancels a block whose body doesn't catch it")
    func memberCancellationThrown() async throws {
        try await withTestEngine { flow in
            let endless = flow.functionTask("endless") { () async throws -> Int in
                try await Gate().wait()
                return 0
            }
            let block = flow.block("block") {
                let member = endless()
                member.cancel()
                return try await member.value
            }
            let future = block()
            #expect(await future.finalState == .cancelled)
        }
    }

    @Test("a member may cancel its own block")
    func fromWithin() async throws {
        try await withTestEngine { flow in
            let own = Recorder<TaskFuture<Void>>()
            let known = Gate()
            let killer = flow.functionTask("killer") {
                try await known.wait()
                own.values[0].cancel()
                try await Gate().wait()
            }
            let block = flow.block("block") { try await killer().value }
            own.append(block())
            known.open()
            #expect(await own.values[0].finalState == .cancelled)
        }
    }

    @Test("shutdown ends running blocks, nested ones too")
    func shutdown() async throws {
        let flow = try WorkflowEngine(.quiet())
        let started = Gate()
        let endless = flow.functionTask("endless") {
            started.open()
            try await Gate().wait()
        }
        let inner = flow.block("inner") { try await endless().value }
        let outer = flow.block("outer") {
            try? await inner().value
            try await inner().value
        }
        let future = outer()
        try await started.wait()
        await flow.shutdown()
        #expect(future.state == .cancelled)
        #expect(flow.liveTaskCount == 0)
    }
}
