import TestSupport
import AsyncFlow
import Testing

/// A million tasks one after the other, of which none may be run, ended or released by recursion.
@Suite("Chains of a million tasks", .serialized, .timeLimit(.minutes(5)))
struct LongChainTests {
    private static let length = 1_000_000

    @Test("a chain runs without overflowing the stack, also when nothing of it may run before all of it is there")
    func runs() async throws {
        try await withTestEngine { flow async throws in
            let gate = Gate()
            let first = flow.functionTask("first") {
                try await gate.wait()
                return 0
            }
            let increment = flow.functionTask("increment") { (value: Int) in value + 1 }
            var last = first()
            for _ in 0..<Self.length { last = increment(last) }
            gate.open()
            #expect(try await last.value == Self.length)
        }
    }

    @Test("a failed root fails a million dependents, each with its own error")
    func fails() async throws {
        try await withTestEngine { flow in
            let gate = Gate()
            let root = flow.functionTask("root") { () async throws -> Int in
                try await gate.wait()
                throw TestError("root")
            }
            let link = flow.functionTask("link") { (value: Int) in value }
            let first = root()
            var last = first
            for _ in 0..<Self.length { last = link(last) }
            gate.open()
            let error = try #require(await last.error as? DependencyFailureError)
            #expect(error.chain.count == Self.length)
            #expect(error.chain.last?.id == first.id)
            #expect(error.message.count < 500)
            await flow.waitUntilIdle()  // the count follows the end by a moment
            #expect(flow.liveTaskCount == 0)
        }
    }

    @Test("a pending chain is cancelled by the shutdown of its engine")
    func cancelledByShutdown() async throws {
        let flow = try WorkflowEngine(.quiet())
        let started = Gate()
        let endless = flow.functionTask("endless") { () async throws -> Int in
            started.open()
            try await Gate().wait()
            return 0
        }
        let link = flow.functionTask("link") { (value: Int) in value }
        var last = endless()
        for _ in 0..<Self.length { last = link(last) }
        try await started.wait()
        await flow.shutdown()
        #expect(last.state == .cancelled)
        #expect(flow.liveTaskCount == 0)
    }

    @Test("a pending chain is cancelled from its middle on")
    func cancelledInTheMiddle() async throws {
        try await withTestEngine { flow async throws in
            let gate = Gate()
            let first = flow.functionTask("first") {
                try await gate.wait()
                return 0
            }
            let link = flow.functionTask("link") { (value: Int) in value + 1 }
            var middle = first()
            for _ in 0..<(Self.length / 2) { middle = link(middle) }
            let kept = middle
            middle = link(kept)
            var last = middle
            for _ in 0..<(Self.length / 2) { last = link(last) }
            middle.cancel()
            #expect(last.state == .cancelled)
            gate.open()
            #expect(try await kept.value == Self.length / 2)
        }
    }

    @Test("a chain that grows at its end while it runs is released as it goes")
    func released() async throws {
        try await withTestEngine { flow in
            let values = Counter()
            let make = flow.functionTask("make") { (_: Tracked) in Tracked(values) }
            var last = flow.functionTask("first") { Tracked(values) }()
            for round in 1...100_000 {
                last = make(last)
                if round % 1_000 == 0 {
                    _ = try await last.value
                    #expect(values.value <= 4)
                }
            }
        }
    }
}
