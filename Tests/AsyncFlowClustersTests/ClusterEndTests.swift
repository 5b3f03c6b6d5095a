import AsyncFlow
import AsyncFlowBase
import AsyncFlowClusters
import AsyncFlowPython
import AsyncFlowWorkers
import Foundation
import TestSupport
import Testing
import WorkerProbeTasks

/// Cancellation, and the ends of everything that can end.
@Suite(.needsPython, .timeLimit(.minutes(5))) struct ClusterEndTests {
    private static let noteAndNap = PythonTask("functions:note_and_nap", as: ((String, Double) -> Int).self)

    @Test(arguments: TestEngine.here) func `A cancelled task ends at once, and a stubborn one after its grace period`(
        _ engine: TestEngine
    ) async throws {
        try await withFolder { folder in
            try await withCluster(engine.backend()) { flow async throws in
                let nap = flow.pythonTask(Self.noteAndNap)
                let first = nap("\(folder)/first", 600)
                try await until("it runs") { Self.id(in: "\(folder)/first") != nil }
                first.cancel()
                _ = await first.result
                #expect(first.state == .cancelled)
                let stubborn = flow.pythonTask(
                    PythonTask("functions:stubborn", as: ((String) -> Int).self), .gracePeriod(.milliseconds(200)))
                let second = stubborn("\(folder)/second")
                try await until("it runs") { Self.id(in: "\(folder)/second") != nil }
                second.cancel()
                _ = await second.result
                #expect(second.state == .cancelled)
                #expect(kill(Self.id(in: "\(folder)/second")!, 0) != 0, "its process is gone")
                // The engine goes on.
                let add = flow.pythonTask(PythonTask("functions:add", as: ((Int, Int) -> Int).self))
                #expect(try await add(1, 1).value == 2)
            }
        }
    }

    @Test(arguments: TestEngine.here) func `Cancelling at random moments gives no wrong result`(
        _ engine: TestEngine
    ) async throws {
        let seed = TestRun.seed
        print("seed \(seed)")
        var source = SeededRandom(seed: seed)
        try await withCluster(engine.backend()) { flow async throws in
            let work = flow.pythonTask(PythonTask("functions:work", as: ((Int, Double) -> Int).self))
            var ends = (cancelled: 0, done: 0)
            for round in 0..<15 {
                let futures = (0..<40).map { work(round * 40 + $0, 0.001) }
                var cancelled: Set<Int> = []
                for _ in 0..<10 {
                    let number = Int.random(in: 0..<40, using: &source)
                    try await Task.sleep(for: .microseconds(Int.random(in: 0...3_000, using: &source)))
                    if futures[number].cancel() { cancelled.insert(number) }
                }
                for (number, future) in futures.enumerated() {
                    switch await future.result {
                    case .success(let value):
                        #expect(value == round * 40 + number)
                        ends.done += 1
                    case .failure(let error):
                        #expect(cancelled.contains(number), "\(error)")
                        #expect(future.state == .cancelled)
                        ends.cancelled += 1
                    }
                }
            }
            print(ends)
        }
    }

    @Test(arguments: TestEngine.here) func `A killed bridge costs what it had, and another one takes its place`(
        _ engine: TestEngine
    ) async throws {
        let marker = "marker-\(UUID().uuidString)"
        try await withFolder { folder in
            let backend = engine.backend { $0.environment["CLUSTER_MARKER"] = marker }
            try await withCluster(backend) { flow async throws in
                let nap = flow.pythonTask(Self.noteAndNap)
                let add = flow.pythonTask(PythonTask("functions:add", as: ((Int, Int) -> Int).self))
                let running = nap("\(folder)/running", 600)
                try await until("it runs") { Self.id(in: "\(folder)/running") != nil }
                kill(backend.bridge!.processID!, SIGKILL)
                let lost = try #require(await running.cause as? WorkerLostError)
                #expect(lost.signal == SIGKILL)
                try await until("its work is over") { kill(Self.id(in: "\(folder)/running")!, 0) != 0 }
                #expect(try await add(2, 2).value == 4)
            }
        }
        try await until("nothing is left") { TestCluster.processes(with: marker).isEmpty }
    }

    @Test(arguments: TestEngine.all) func `Nothing is left of a program that is killed`(
        _ engine: TestEngine
    ) async throws {
        let marker = "marker-\(UUID().uuidString)"
        let process = Process()
        process.executableURL = URL(fileURLWithPath: TestCluster.probe)
        let factories: [TestEngine: String] = [
            .threads: "concurrent.futures:ThreadPoolExecutor", .processes: "concurrent.futures:ProcessPoolExecutor",
        ]
        process.arguments = [
            engine == .dask ? TestCluster.dask! : "python3", TestCluster.modules, factories[engine] ?? "dask",
        ]
        process.environment = ProcessInfo.processInfo.environment.merging(["CLUSTER_MARKER": marker]) { $1 }
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        #expect(text == "begun\n")
        #expect(TestCluster.processes(with: marker).count >= 5)
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        try await until("nothing is left") { TestCluster.processes(with: marker).isEmpty }
    }

    @Test func `A killed worker of an executor costs what it had, in words`() async throws {
        try await withCluster(TestCluster.executor()) { flow async throws in
            let parent = flow.pythonTask(PythonTask("functions:parent", as: ((Int) -> Int).self))
            let id = try await parent(0).value
            let nap = flow.pythonTask(PythonTask("functions:nap", as: ((Double) -> Int).self))
            let futures = (0..<4).map { _ in nap(600) }
            try await until("two run") { futures.count(where: { $0.state == .running }) == 2 }
            kill(pid_t(id), SIGKILL)
            for future in futures {
                let lost = try #require(await future.cause as? WorkerLostError)
                #expect(lost.reason.contains("BrokenProcessPool"), "\(lost.reason)")
            }
        }
    }

    @Test func `An executor that loses tasks and answers nonsense ends every task once, truthfully`() async throws {
        try await withCluster(TestCluster.executor("functions:Losing")) { flow async throws in
            let add = flow.pythonTask(PythonTask("functions:add", as: ((Int, Int) -> Int).self))
            let retried = flow.pythonTask(
                PythonTask("functions:add", as: ((Int, Int) -> Int).self), .retry(30, on: .workerLost))
            var ends = (values: 0, lost: 0)
            for (number, future) in (0..<300).map({ add($0, 1) }).enumerated() {
                switch await future.result {
                case .success(let value):
                    #expect(value == number + 1)
                    ends.values += 1
                case .failure(let error):
                    #expect((error as? any WorkflowError)?.cause is WorkerLostError)
                    #expect(!"\(error)".unicodeScalars.contains("\u{1b}"))
                    ends.lost += 1
                }
            }
            #expect(ends.values > 0 && ends.lost > 0, "\(ends)")
            let values = try await (0..<50).map { retried($0, 1) }.values()
            #expect(values == Array(1...50))
        }
    }

    @Test func `An executor elsewhere can't stop a task, which is said`() async throws {
        let keeper = LineKeeper()
        try await withFolder { folder in
            try await withCluster(TestCluster.executor("functions:Remote", keeper: keeper)) { flow async throws in
                let nap = flow.pythonTask(Self.noteAndNap)
                let future = nap("\(folder)/running", 30)
                try await until("it runs") { Self.id(in: "\(folder)/running") != nil }
                try await until("that is told") { future.state == .running }
                future.cancel()
                _ = await future.result
                #expect(future.state == .cancelled)
                try await until("it is said") {
                    keeper.lines.contains { $0.contains("the work of a cancelled task goes on there") }
                }
            }
        }
    }

    static func id(in path: String) -> pid_t? {
        (try? String(contentsOfFile: path, encoding: .utf8)).flatMap { pid_t($0) }
    }
}
