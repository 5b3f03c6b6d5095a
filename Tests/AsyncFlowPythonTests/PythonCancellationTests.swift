import AsyncFlow
import AsyncFlowPython
import AsyncFlowWorkers
import Foundation
import TestSupport
import Testing

@Suite(.needsPython, .timeLimit(.minutes(10))) struct PythonCancellationTests {
    private static let pid = PythonTask("sample:pid", as: (() -> Int).self)

    /// Waits until a task's body has begun.
    private nonisolated(nonsending) func begin(
        _ task: PortableFunctionTask<Double, Double>, _ flow: WorkflowEngine, _ seconds: Double
    ) async -> TaskFuture<Double> {
        let events = flow.events
        let future = task(seconds)
        for await event in events where event.type == .taskStarted && event.task?.id == future.id { break }
        return future
    }

    @Test(arguments: ["sample:sleep", "sample:spin"])
    func `Code that waits or computes is interrupted, and its process stays`(name: String) async throws {
        let long = PythonTask(name, as: ((Double) -> Double).self)
        try await withPython { flow, _ async throws in
            let pid = flow.pythonTask(Self.pid)
            let first = try await pid().value
            let future = await begin(flow.pythonTask(long, .gracePeriod(.seconds(600))), flow, 600)
            future.cancel()
            #expect(await future.isCancelledAtLast)
            #expect(try await pid().value == first)
        }
    }

    @Test func `An async function is cancelled as such, and cleans up`() async throws {
        let tidy = PythonTask("sample:tidy", as: ((String) -> Void).self)
        let path = NSTemporaryDirectory() + "tidy-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try await withPython { flow, _ async throws in
            let pid = flow.pythonTask(Self.pid)
            let first = try await pid().value
            let events = flow.events
            let future = flow.pythonTask(tidy, .gracePeriod(.seconds(600)))(path)
            for await event in events where event.type == .taskProgress && event.task?.id == future.id { break }
            future.cancel()
            #expect(await future.isCancelledAtLast)
            #expect(try await pid().value == first)
            #expect(FileManager.default.fileExists(atPath: path))
        }
    }

    @Test func `An async function that never waits is interrupted`() async throws {
        let block = PythonTask("sample:block", as: ((Double) -> Double).self)
        let wait = PythonTask("sample:wait", as: ((Double, Int) -> Int).self)
        try await withPython { flow, _ async throws in
            let future = await begin(flow.pythonTask(block, .gracePeriod(.seconds(600))), flow, 600)
            future.cancel()
            #expect(await future.isCancelledAtLast)
            #expect(try await flow.pythonTask(wait)(0.001, 5).value == 5)
        }
    }

    @Test(arguments: ["sample:consume", "sample:stubborn"])
    func `What can't be interrupted is killed after the grace period, and shows its stack`(name: String) async throws {
        let long = PythonTask(name, as: ((Double) -> Double).self)
        let keeper = LineKeeper()
        try await withPython(keeper: keeper) { flow, _ async throws in
            let pid = flow.pythonTask(Self.pid)
            let first = try await pid().value
            let future = flow.pythonTask(long, .gracePeriod(.milliseconds(50)))(600)
            // Nothing comes from a process that keeps the interpreter's lock, not even that it has begun.
            try await Task.sleep(for: .milliseconds(200))
            future.cancel()
            #expect(await future.isCancelledAtLast)
            #expect(try await pid().value != first)
            try await until("the stack is shown") {
                keeper.lines.contains { $0.contains("in \(name.dropFirst("sample:".count))") }
            }
        }
    }

    @Test func `A process that keeps the interpreter's lock isn't killed as hung`() async throws {
        let hold = PythonTask("sample:hold", as: ((Double) -> Double).self)
        try await withPython(change: { $0.pool.heartbeatTimeout = .milliseconds(200) }) { flow, _ async throws in
            #expect(try await flow.pythonTask(hold)(1.5).value == 1.5)
        }
    }

    @Test func `A time limit ends what keeps the interpreter's lock from its first moment, too`() async throws {
        let consume = PythonTask("sample:consume", as: ((Double) -> Double).self)
        try await withPython(change: { $0.pool.heartbeatTimeout = .milliseconds(400) }) { flow, _ async throws in
            let consume = flow.pythonTask(consume, .timeout(.seconds(1)), .gracePeriod(.milliseconds(50)))
            #expect(await consume(0).cause is TaskTimeoutError)
            #expect(try await flow.pythonTask(Self.pid)().value > 0)
        }
    }

    @Test func `A timeout interrupts the code, and says that it was one`() async throws {
        let sleep = PythonTask("sample:sleep", as: ((Double) -> Double).self)
        try await withPython { flow, _ async throws in
            let first = try await flow.pythonTask(Self.pid)().value
            let error = await flow.pythonTask(sleep, .timeout(.milliseconds(300)))(600).cause
            #expect(error is TaskTimeoutError)
            #expect(try await flow.pythonTask(Self.pid)().value == first)
        }
    }

    @Test func `Thousands of cancellations at random moments leave no wrong result`() async throws {
        let seed = TestRun.seed
        print("seed \(seed)")
        var source = RandomSource(seed)
        let work = PythonTask("sample:spin_and_return", as: ((Double, Int) -> Int).self)
        let count = TestRun.isSanitized ? 300 : 2_000
        try await withPython(workers: 2) { flow, python async throws in
            let work = flow.pythonTask(work, .gracePeriod(.seconds(600)))
            _ = try await flow.pythonTask(Self.pid)().value
            var (cancelled, ended) = (0, 0)
            for start in stride(from: 0, to: count, by: 10) {
                let futures = (start..<(start + 10)).map { work(0.0005, $0) }
                for future in futures where Bool.random(using: &source) {
                    try await Task.sleep(for: .microseconds(Int.random(in: 0...700, using: &source)))
                    future.cancel()
                }
                for (place, future) in futures.enumerated() {
                    switch await future.result {
                    case .success(let value):
                        ended += 1
                        if value != start + place { Issue.record("seed \(seed): \(value), not \(start + place)") }
                    case .failure(let error):
                        cancelled += 1
                        if !(error is TaskCancelledError) { Issue.record("seed \(seed): \(error)") }
                    }
                }
            }
            print("\(cancelled) cancelled, \(ended) ended")
            #expect(cancelled > 0 && ended > 0)
            #expect(python.workers.map(\.name).sorted() == ["python-1", "python-2"])
        }
    }
}

extension TaskFuture {
    /// Whether it ends as a cancelled one.
    var isCancelledAtLast: Bool {
        get async {
            if case .failure(let error) = await result { error is TaskCancelledError } else { false }
        }
    }
}
