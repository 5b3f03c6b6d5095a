import TestSupport
import Testing

@testable import AsyncFlow
@testable import AsyncFlowProcesses
@testable import AsyncFlowPolicies

@Suite(.timeLimit(.minutes(1))) struct PortableTaskTests {
    private static let add = PortableTask("add") { (a: Int, b: Int) in a + b }
    private static let fail = PortableTask("fail") { (_: Int) throws -> Int in throw TestError("portable") }

    /// Runs calls in this process, but over their encoded form.
    private struct LoopBackend: PortableBackend {
        let name = "loop"
        func execute(_ call: PortableCall) async throws -> PortableResult {
            let task: any PortableTaskDefinition = call.portableName == "add" ? add : fail
            do { return PortableResult(output: try await task.call(call.input[...])) } catch {
                throw RemoteTaskError(
                    chain: RemoteTaskError.chain(of: error), workerName: "loop", host: "here", processID: 1)
            }
        }
    }

    @Test(arguments: ["local", "loop"])
    func `A portable task runs on either sort of backend`(name: String) async throws {
        try await withTestEngine(backends: [LocalBackend(), LoopBackend()]) { flow in
            let add = flow.portableTask(Self.add, .on(name))
            let sum = try await add(add(1, 2), 3).value
            #expect(sum == 6)
            let other = try await add.with(.on(name == "local" ? "loop" : "local"))(1, 1).value
            #expect(other == 2)
        }
    }

    @Test func `A command that a worker runs ends when it writes more than is kept in memory`() async throws {
        try await withTestEngine { flow in
            let run = flow.functionTask("run") { (count: Int) async throws -> String in
                var request = CommandRequest(
                    command: Command("head", "-c", "\(count)", "/dev/zero"), task: TaskContext.current!,
                    resources: ResourceRequest(), output: .memory, gracePeriod: .seconds(1), tap: OutputTap(OutputHub())
                )
                request.outputLimit = .bytes(1000)
                let call = try PortableCommand.call(for: request)
                let output = try await PortableCommand.task.call(call.input[...])
                return try PortableCommand.result(PortableResult(output: output), of: request).text
            }
            let most = try await run(1000).value
            #expect(most.utf8.count == 1000)
            let error = (await run(1001).error as? TaskFailedError)?.cause as? CommandError
            #expect(error?.reason == .outputTooLong(limit: .bytes(1000)))
        }
    }

    @Test func `On the local backend the error is the one that was thrown, elsewhere it is described`() async throws {
        try await withTestEngine(backends: [LocalBackend(), LoopBackend()]) { flow in
            let fail = flow.portableTask(Self.fail)
            #expect((await fail(1).error as? TaskFailedError)?.cause as? TestError == TestError("portable"))
            let remote = (await fail.with(.on("loop"))(1).error as? TaskFailedError)?.cause as? RemoteTaskError
            #expect(remote?.chain.first?.message == "portable")
        }
    }

    @Test func `A backend for portable tasks refuses closures, with what to do`() async throws {
        try await withTestEngine(backends: [LocalBackend(), LoopBackend()]) { flow in
            let error = await flow.functionTask("closure", .on("loop")) { 1 }().error as? TaskRefusedError
            #expect(error?.code == .unsupportedByBackend)
            #expect(error?.message.contains("flow.portableTask") == true)
        }
    }

    @Test func `Retries and timeouts hold for portable tasks`() async throws {
        try await withTestEngine(backends: [LoopBackend()]) { flow in
            let error = await flow.portableTask(Self.fail, .retry(2))(1).error as? TaskFailedError
            #expect(error?.failedAttempts.count == 3)
        }
    }

    @Test func `A dry run needs no backend that can`() async throws {
        try await withTestEngine(dryRun: true) { flow in
            let value = try await flow.portableTask(Self.add, dryRunValue: 5)(1, 2).value
            #expect(value == 5)
        }
    }

    @Test func `What can't be decoded is an error that says which value of which task`() throws {
        var encoder = PortableEncoder(of: "other")
        try encoder.append("text")
        try encoder.append(1)
        let error = #expect(throws: PortableCodingError.self) { try Self.add.callSynchronously(encoder.bytes[...]) }
        #expect(error?.description.contains("add(Swift.Int, Swift.Int)") == true)
        #expect(error?.description.contains("value 1") == true)
    }

    @Test(arguments: 0..<200)
    func `Changed bytes are errors or values, never crashes`(seed: Int) throws {
        var encoder = PortableEncoder(of: "all")
        try encoder.append([1.5, 2])
        try encoder.append("text")
        try encoder.append(["a": [1]])
        var bytes = encoder.bytes
        bytes[seed * 7 % bytes.count] ^= UInt8(truncatingIfNeeded: seed * 13 | 1)
        if seed % 3 == 0 { bytes.removeLast(seed % bytes.count) }
        var decoder = PortableDecoder(bytes[...], of: "all")
        _ = try? decoder.next([Double].self)
        _ = try? decoder.next(String.self)
        _ = try? decoder.next([String: [Int]].self)
        _ = try? decoder.finish()
    }

    @Test func `Values keep their exact worth on the way`() throws {
        func crossed<Value: Codable>(_ value: Value) throws -> Value {
            var encoder = PortableEncoder(of: "x")
            try encoder.append(value)
            var decoder = PortableDecoder(encoder.bytes[...], of: "x")
            defer { #expect(throws: Never.self) { try decoder.finish() } }
            return try decoder.next(Value.self)
        }
        #expect(try crossed(Int.min) == .min)
        #expect(try crossed(0.1) == 0.1)
        #expect(try crossed(Double.nan).isNaN)
        #expect(try crossed(Float.infinity) == .infinity)
        #expect(try crossed(Int?.none) == nil)
        #expect(try crossed(Int?.some(3)) == 3)
        #expect(try crossed([String]()) == [])
        #expect(try crossed([Int]()) == [])
        #expect(try crossed([UInt8](repeating: 7, count: 3)) == [7, 7, 7])
        #expect(try crossed(["é\u{0}", ""]) == ["é\u{0}", ""])
        #expect(try crossed([Double?.none, 2]) == [nil, 2])
    }
}
