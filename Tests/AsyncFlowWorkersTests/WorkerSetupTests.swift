import AsyncFlow
import AsyncFlowBase
import AsyncFlowWorkers
import Foundation
import Logging
import Synchronization
import Testing
import WorkerProbeTasks

@Suite("How workers are set up", .timeLimit(.minutes(2)))
struct WorkerSetupTests {
    private static func makeFolder() throws -> String {
        let path = FileManager.default.temporaryDirectory.appending(path: "asyncflow-workers-\(UUID())").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }

    @Test("limits may be of any length", arguments: [Duration.seconds(Int64.max), .seconds(Int64.max) * 4])
    func longLimits(limit: Duration) async throws {
        let configuration = WorkerPoolBackend.Configuration.probe().with {
            $0.startTimeout = limit
            $0.heartbeatTimeout = limit
            $0.orphanTimeout = limit
            $0.longestBackoff = limit
        }
        try await withPool(workers: 1, launcher: .command("env"), configuration) { flow, _ in
            let first = try await flow.portableTask(Probe.grow, .on("pool"), .gracePeriod(limit))(1).value
            #expect(first > 0)
        }
    }

    @Test("a worker that has taken too much memory ends when it has nothing to do, and another one takes its place")
    func recyclingByMemory() async throws {
        let configuration = WorkerPoolBackend.Configuration.probe().with {
            $0.memoryPerWorker = .megabytes(200)
            $0.heartbeatTimeout = .seconds(2)
        }
        try await withPool(workers: 1, configuration) { flow, pool in
            let big = try await flow.portableTask(Probe.grow, .on("pool"))(300).value
            try await eventually { pool.workers.contains { $0.isReady && $0.processID != big } }
            let small = try await flow.portableTask(Probe.grow, .on("pool"))(1).value
            #expect(small != big)
        }
    }

    @Test("so many bodies run at once in a worker")
    func concurrency() async throws {
        let folder = try Self.makeFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await withPool(workers: 1, .probe().with { $0.concurrency = 4 }) { flow, _ in
            let meet = flow.portableTask(Probe.meet, .on("pool"))
            let processes = try await (0..<4).map { meet(folder, $0, 4) }.values()
            #expect(Set(processes).count == 1)
        }
    }

    @Test("a task without a result is awaited like others, here and in a worker", arguments: ["local", "pool"])
    func noValue(backend: String) async throws {
        let folder = try Self.makeFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await withPool(workers: 1) { flow, _ in
            _ = try await flow.portableTask(Probe.touch, .on(backend))("\(folder)/now").value
            _ = try await flow.portableTask(Probe.touchLater, .on(backend))("\(folder)/later").value
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["later", "now"])
    }

    /// Tells of a trace, without a tracer.
    private final class Trace: TaskInstrument {
        func run(_ task: TaskContext, _ body: () -> Void) { body() }
        nonisolated(nonsending) func run(
            _ task: TaskContext, _ body: nonisolated(nonsending) () async -> Void
        ) async { await body() }
        func environment(of task: TaskContext) -> [String: String] { ["TRACEPARENT": "00-\(task.taskID)"] }
    }

    @Test("a body in a worker knows the trace that its task is part of")
    func trace() async throws {
        try await withPool(workers: 1) { flow, _ in
            #expect(flow.setInstrument(Trace()))
            let future = flow.portableTask(Probe.trace, .on("pool"))()
            let value = try await future.value
            #expect(value == "00-\(future.id)")
        }
    }

    @Test("while there is no descriptor left a worker isn't replaced, and afterwards it is")
    func outOfDescriptors() async throws {
        let lines = LogLines()
        let configuration = WorkerPoolBackend.Configuration.probe().with {
            $0.startFailureLimit = 1_000_000
            $0.longestBackoff = .milliseconds(10)
            $0.logger = lines.logger
        }
        try await withPool(workers: 1, configuration) { flow, pool in
            let add = flow.portableTask(Probe.add, .on("pool"))
            let value1 = try await add(1, 2).value
            #expect(value1 == 3)
            let worker = try #require(pool.workers.first?.processID)
            var before = rlimit()
            getrlimit(Self.descriptors, &before)
            let free = dup(0)
            close(free)
            var none = rlimit(rlim_cur: rlim_t(free), rlim_max: before.rlim_max)
            setrlimit(Self.descriptors, &none)
            defer { setrlimit(Self.descriptors, &before) }
            kill(worker, SIGKILL)
            try await eventually { lines.contains("creating the pipes to it failed") }
            setrlimit(Self.descriptors, &before)
            let value2 = try await add(3, 4).value
            #expect(value2 == 7)
        }
    }

    #if canImport(Glibc)
    private static let descriptors = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #else
    private static let descriptors = RLIMIT_NOFILE
    #endif
}
