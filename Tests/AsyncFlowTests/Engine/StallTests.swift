import TestSupport
import Testing

@testable import AsyncFlow
@testable import AsyncFlowPolicies

@Suite("Tasks that wait for each other", .timeLimit(.minutes(2)))
struct StallTests {
    /// Collects what an engine says about tasks that wait for each other.
    private final class Listener: EventSink {
        let messages = Recorder<String>()
        let hasHeard = Gate()

        var wantsEveryEvent: Bool { false }

        func receive(_ event: WorkflowEvent) {
            guard let message = event.custom?.warning else { return }
            messages.append(message)
            hasHeard.open()
        }

        func finish() {}
    }

    private func run(
        _ backends: [any Backend] = [LocalBackend()], _ body: (WorkflowEngine, Listener) async throws -> Void
    ) async throws {
        var configuration = WorkflowEngine.Configuration.quiet()
        configuration.stallWarning = .milliseconds(100)
        let flow = try WorkflowEngine(configuration, backends: backends)
        let listener = Listener()
        flow.core.events.add(listener)
        do {
            try await body(flow, listener)
        } catch {
            await flow.shutdown()
            throw error
        }
        await flow.shutdown()
    }

    @Test("a function that has all cores and awaits a command is named once, with what it has and what it waits for")
    func cores() async throws {
        let backend = LocalBackend(capacity: ResourceCapacity(cores: 2, memory: .gigabytes(1)))
        try await run([backend]) { flow, listener in
            let inner = flow.executableTask("inner") { "/bin/true" }
            let outer = flow.functionTask("outer", .cores(2)) { () async throws in _ = try await inner().value }()
            try await listener.hasHeard.wait()
            #expect(
                listener.messages.values[0].hasPrefix(
                    "no progress for 100 ms, and none is possible: outer (task.000001) has 2 cores and waits for "
                        + "inner (task.000002); inner (task.000002) waits for 1 core of backend 'local', "
                        + "which outer (task.000001) has. "),
                "\(listener.messages.values[0])")
            try await Task.sleep(for: .milliseconds(500))  // not to wait for something: in which nothing more is said
            #expect(listener.messages.count == 1)
            outer.cancel()
            #expect(await outer.finalState == .cancelled)
        }
    }

    @Test("a task that awaits one that depends on it is named with it")
    func ownDependent() async throws {
        try await run { flow, listener in
            let dependent = Recorder<TaskFuture<Int>>()
            let known = Gate()
            let first = flow.functionTask("first") { () async throws -> Int in
                try await known.wait()
                return try await dependent.values[0].value
            }()
            dependent.append(flow.functionTask("second") { (value: Int) in value }(first))
            known.open()
            try await listener.hasHeard.wait()
            let message = listener.messages.values[0]
            #expect(message.contains("first (task.000001) waits for second (task.000002)"), "\(message)")
            first.cancel()
            #expect(await first.finalState == .cancelled)
        }
    }

    @Test("a task that awaits its own block is named with it, whether the block's body awaits it or has ended")
    func ownBlock() async throws {
        for awaits in [true, false] {
            try await run { flow, listener in
                let own = Recorder<TaskFuture<Void>>()
                let known = Gate()
                let member = flow.functionTask("member") { () async throws in
                    try await known.wait()
                    try await own.values[0].value
                }
                let block = flow.block("block") {
                    let future = member()
                    if awaits { try await future.value }
                }
                let future = block()
                own.append(future)
                known.open()
                try await listener.hasHeard.wait()
                let message = listener.messages.values[0]
                #expect(
                    message.contains("member (task.000002) waits for block (task.000001), the block that it belongs to")
                )
                #expect(message.contains("block (task.000001) waits for "))
                future.cancel()
                _ = await future.result
            }
        }
    }

    @Test("a block with a limit that calls itself and awaits that is named")
    func limit() async throws {
        try await run { flow, listener in
            let recursion = Recorder<Block<Void, Int>>()
            let block = flow.block("block", .limit(concurrent: 1)) { (depth: Int) in
                if depth > 0 { try await recursion.values[0](depth - 1).value }
            }
            recursion.append(block)
            let future = block(1)
            try await listener.hasHeard.wait()
            #expect(listener.messages.values[0].contains("waits for its turn by .limit, which block (task.000001) has"))
            future.cancel()
            _ = await future.result
        }
    }

    @Test("nothing is said while something may still happen")
    func quiet() async throws {
        let backend = LocalBackend(capacity: ResourceCapacity(cores: 1, memory: .gigabytes(1)))
        try await run([backend]) { flow, listener in
            // A command that runs, one that waits for its cores, bodies that await both, a pause, a rate.
            let gate = Gate()
            let sleeper = flow.functionTask("sleeper", .cores(1)) { () async throws in try await gate.wait() }
            let first = sleeper()
            let second = sleeper()
            let waits = flow.block("waits") {
                try await first.value
                try await second.value
            }()
            let retried = flow.functionTask("retried", .retry(1, backoff: .constant(.seconds(1000)))) {
                throw TestError()
            }()
            let pauses = flow.functionTask("pauses") { () async throws in try await retried.value }()
            let dependent = flow.functionTask("dependent") { (_: Void) in }(second)
            let third = flow.functionTask("third") { () async throws in try await dependent.value }()
            try await Task.sleep(for: .milliseconds(700))
            #expect(listener.messages.values == [])
            gate.open()
            pauses.cancel()
            retried.cancel()
            _ = await (waits.result, third.result)
        }
    }

    @Test("the graph finds circles, and what waits for them, and nothing else")
    func graph() {
        var graph = WaitGraph()
        graph.add(1, .one(of: [2]))
        graph.add(2, .one(of: [3]))
        graph.add(3, .one(of: [1]))
        graph.add(4, .one(of: [3]))
        graph.add(5, .one(of: [6]))  // 6 goes on by itself
        graph.add(7, .one(of: [3, 6]))
        graph.add(8, .all(of: [3, 6]))
        graph.add(9, .all(of: [6, 10]))
        graph.add(11, .one(of: []))
        #expect(graph.stuck == [1, 2, 3, 4, 8, 11])
    }
}
