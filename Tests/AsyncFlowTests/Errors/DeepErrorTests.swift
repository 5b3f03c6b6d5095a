import TestSupport
import AsyncFlow
import AsyncFlowBase
import Logging
import Testing

@Suite("Errors of deeply nested work", .timeLimit(.minutes(2)))
struct DeepErrorTests {
    /// A block in a block in a block …, whose innermost task does what `leaf` does.
    private func nested(_ depth: Int, in flow: WorkflowEngine, _ leaf: @escaping @Sendable () throws -> Int)
        -> TaskFuture<Int>
    {
        let leaf = flow.functionTask("leaf", body: leaf)
        let holder = Recursion()
        let block = flow.block("block") { (rest: Int) -> Int in
            if rest == 1 { return try await leaf().value }
            return try await holder.block.withLock { $0 }!(rest - 1).value
        }
        holder.block.withLock { $0 = block }
        let future = block(depth)
        future.onCompletion { _ in holder.block.withLock { $0 = nil } }
        return future
    }

    private final class Recursion: Sendable {
        let block = Lock<Block<Int, Int>?>(nil)
    }

    @Test("few levels are told in full")
    func few() async throws {
        try await withTestEngine { flow async throws in
            let error = try #require(await nested(2, in: flow) { throw TestError("no luck") }.error)
            #expect(
                "\(error)"
                    == "block (task.000001): block (task.000002): leaf (task.000003): no luck")
        }
    }

    @Test("many levels are told in few words: the nearest one, how many are between, and where it began")
    func many() async throws {
        try await withTestEngine { flow async throws in
            let error = try #require(await nested(100, in: flow) { throw TestError("no luck") }.error)
            #expect("\(error)" == "block (task.000001): block (task.000002): … 98 more … leaf (task.000101): no luck")
            #expect((error as? TaskFailedError)?.rootCause as? TestError == TestError("no luck"))
        }
    }

    @Test("a cancellation that comes up through many levels is told in few words as well")
    func cancelled() async throws {
        try await withTestEngine { flow async throws in
            let error = try #require(await nested(100, in: flow) { throw CancellationError() }.error)
            #expect(error is TaskCancelledError)
            #expect("\(error)".utf8.count < 400, "\(error)")
            #expect("\(error)".contains("leaf (task.000101)"))
        }
    }

    @Test("the failure of nested blocks is logged once, and at debug level in lines that stay short")
    func logged() async throws {
        let lines = Recorder<String>()
        var configuration = WorkflowEngine.Configuration.quiet()
        configuration.logger = Logger(label: "test") {
            ConsoleLogHandler(label: $0, format: .plain) { lines.append($0) }
        }
        configuration.logger.logLevel = .debug
        try await withWorkflowEngine(configuration, signals: .ignored) { flow in
            _ = await nested(1_000, in: flow) { throw TestError("no luck") }.result
        }
        let failures = lines.values.filter { $0.contains(" failed: ") }
        #expect(failures.count == 1_001)
        #expect(failures.count { $0.contains("ERROR") } == 1)
        #expect(failures.allSatisfy { $0.utf8.count < 400 })
        #expect(failures.first { $0.contains("ERROR") }?.contains("leaf (task.001001) failed: no luck") == true)
    }

    @Test("a failed dependency of a long chain costs no more to tell than one of a short chain")
    func chain() async throws {
        try await withTestEngine { flow async throws in
            var last = flow.functionTask("root") { () throws -> Int in throw TestError("bad") }()
            for _ in 0..<100_000 { last = last.map { $0 } }
            let error = try #require(await last.error as? DependencyFailureError)
            let clock = ContinuousClock()
            let time = clock.measure { for _ in 0..<1_000 { #expect(error.message.utf8.count < 400) } }
            // A thousand walks along the chain would take minutes.
            #expect(time < .seconds(20))
            #expect(error.chain.count == 100_000)
        }
    }

    @Test("a thousand failed dependencies aren't all named in one message")
    func wide() async throws {
        try await withTestEngine { flow async throws in
            let fails = flow.functionTask("fails") { () throws -> Int in throw TestError("bad") }
            let failed = (0..<1_000).map { _ in fails() }
            for future in failed { _ = await future.result }
            let sum = flow.functionTask("sum") { (values: [Int]) in values.count }
            let error = try #require(await sum(failed).error as? DependencyFailureError)
            #expect(error.dependencies.count == 1_000)
            #expect(error.message.utf8.count < 400, "\(error.message)")
            #expect(error.message.contains("and 997 more"))
        }
    }
}
