import TestSupport
import AsyncFlow
import Testing

@Suite("Awaiting futures", .timeLimit(.minutes(1)))
struct AwaitingTests {
    @Test("cancelling whoever awaits a value throws CancellationError there, and the work goes on")
    func awaitingTaskCancelled() async throws {
        try await withTestEngine { flow async throws in
            let gate = Gate()
            let future = flow.functionTask("work") {
                try await gate.wait()
                return 1
            }()
            let reader = Task { try await future.value }
            reader.cancel()
            await #expect(throws: CancellationError.self) { try await reader.value }
            #expect(!future.state.isTerminal)
            gate.open()
            #expect(try await future.value == 1)
        }
    }

    @Test("a Swift task that is cancelled already throws at once when it awaits a value")
    func cancelledBefore() async throws {
        try await withTestEngine { flow in
            let gate = Gate()
            let future = flow.functionTask("work") { try await gate.wait() }()
            let reader = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                try await future.value
            }
            await #expect(throws: CancellationError.self) { try await reader.value }
            gate.open()
        }
    }

    @Test("a result is awaited to the end, even by a cancelled Swift task")
    func resultIsStubborn() async throws {
        try await withTestEngine { flow async throws in
            let gate = Gate()
            let future = flow.functionTask("work") {
                try await gate.wait()
                return 1
            }()
            let reader = Task { await future.result }
            reader.cancel()
            gate.open()
            #expect(try await reader.value.get() == 1)
        }
    }

    @Test("any number of readers get the same value")
    func manyReaders() async throws {
        try await withTestEngine { flow in
            let gate = Gate()
            let future = flow.functionTask("work") {
                try await gate.wait()
                return "value"
            }()
            try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<200 { group.addTask { try await future.value } }
                gate.open()
                for try await value in group { #expect(value == "value") }
            }
        }
    }

    @Test("awaiting and cancelling the awaiting task race without harm", arguments: Seeds.some(3))
    func awaitCancelRace(seed: UInt64) async throws {
        var random = SeededRandom(seed: seed)
        try await withTestEngine { flow async throws in
            let work = flow.functionTask("work") { (yields: Int) in
                for _ in 0..<yields { await Task.yield() }
                return yields
            }
            for _ in 0..<1_000 {
                let yields = Int.random(in: 0..<4, using: &random)
                let future = work(yields)
                let reader = Task { try await future.value }
                for _ in 0..<Int.random(in: 0..<4, using: &random) { await Task.yield() }
                reader.cancel()
                switch await reader.result {
                case .success(let value): #expect(value == yields)
                case .failure(let error): #expect(error is CancellationError, "seed \(seed)")
                }
                #expect(try await future.value == yields)
            }
        }
    }

    @Test("a completion closure is called once, at the end or at once after it")
    func onCompletion() async throws {
        try await withTestEngine { flow in
            let (gate, called) = (Gate(), Recorder<String>())
            let future = flow.functionTask("work") {
                try await gate.wait()
                return 1
            }()
            let told = Gate()
            future.onCompletion { result in
                called.append("first \((try? result.get()) ?? 0)")
                told.open()
            }
            #expect(called.count == 0)
            gate.open()
            try await told.wait()
            future.onCompletion { result in called.append("second \((try? result.get()) ?? 0)") }
            #expect(called.values == ["first 1", "second 1"])
        }
    }

    @Test("completion closures are called for failures and cancellations too, in the order in which they came")
    func onCompletionOfFailure() async throws {
        try await withTestEngine { flow in
            let (gate, called) = (Gate(), Recorder<Int>())
            let wait = flow.functionTask("wait") { () async throws -> Int in
                try await gate.wait()
                throw TestError()
            }()
            let cancelled = flow.functionTask("next") { (value: Int) in value }(wait)
            for number in 0..<5 {
                wait.onCompletion { if case .failure = $0 { called.append(number) } }
            }
            cancelled.onCompletion {
                if case .failure(let error) = $0, error is TaskCancelledError { called.append(100) }
            }
            cancelled.cancel()
            gate.open()
            _ = await wait.result
            await flow.waitUntilIdle()
            #expect(called.values == [100, 0, 1, 2, 3, 4])
        }
    }

    @Test("a future may be awaited from the main actor")
    @MainActor func mainActor() async throws {
        try await withTestEngine { flow async throws in
            let future = flow.functionTask("work") { @MainActor () async in
                MainActor.assertIsolated()
                return 1
            }()
            #expect(try await future.value == 1)
        }
    }
}
