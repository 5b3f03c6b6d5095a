import AsyncFlow
import AsyncFlowWorkers
import Foundation
import TestSupport
import Testing
import WorkerProbeTasks

@Suite(.timeLimit(.minutes(2))) struct WorkerFaultTests {
    @Test func `A crash costs its task only, and the error has the crash's message`() async throws {
        try await withPool { flow, _ in
            let add = flow.portableTask(Probe.add, .on("pool"))
            let others = (0..<200).map { add($0, 1) }
            let error = await flow.portableTask(Probe.crash, .on("pool"))("the sky fell").cause as? WorkerLostError
            #expect(error?.standardErrorTail.contains("the sky fell") == true)
            #expect(error?.signal != nil)
            for (number, future) in others.enumerated() {
                let value = try await future.value
                #expect(value == number + 1)
            }
            let result = try await add(1, 1).value
            #expect(result == 2)
        }
    }

    @Test(arguments: [("exitWith", 7), ("killSelf", 9), ("killSelf", 15)])
    func `A worker that ends in whatever way costs its task, and another one takes its place`(
        task: String, number: Int
    ) async throws {
        try await withPool(workers: 1) { flow, pool in
            let portable = task == "exitWith" ? Probe.exitWith : Probe.killSelf
            let error = await flow.portableTask(portable, .on("pool"))(number).cause as? WorkerLostError
            #expect(error?.code == .workerLost)
            #expect(task == "exitWith" ? error?.exitCode == 7 : error?.signal == Int32(number))
            let result = try await flow.portableTask(Probe.add, .on("pool"))(1, 1).value
            #expect(result == 2)
        }
    }

    @Test func `A lost worker's task is tried again where its policy says so`() async throws {
        let folder = try ProbeFolder()
        try await withPool(workers: 1) { flow, _ in
            let task = flow.portableTask(Probe.crashOnce, .on("pool"), .retry(2, on: .workerLost))
            let result = try await task(folder.path + "/mark").value
            #expect(result == 7)
        }
    }

    @Test func `A stopped worker is found by its silence`() async throws {
        try await withPool(workers: 1, .probe().with { $0.heartbeatTimeout = .seconds(1) }) { flow, _ in
            let error = await flow.portableTask(Probe.killSelf, .on("pool"))(Int(SIGSTOP)).cause as? WorkerLostError
            #expect(error?.reason.contains("hung") == true)
            let result = try await flow.portableTask(Probe.add, .on("pool"))(1, 1).value
            #expect(result == 2)
        }
    }

    @Test func `A worker that writes something else into the pipe is replaced`() async throws {
        try await withPool(workers: 1) { flow, _ in
            let text = "what is this? " + String(repeating: "\u{7f}", count: 40)
            let error = await flow.portableTask(Probe.garble, .on("pool"))(text).cause as? WorkerLostError
            #expect(error?.reason.contains("something other than messages") == true)
            let result = try await flow.portableTask(Probe.add, .on("pool"))(1, 1).value
            #expect(result == 2)
        }
    }

    @Test func `A worker whose pipes are cut is replaced`() async throws {
        try await withPool(workers: 1) { flow, _ in
            let error = await flow.portableTask(Probe.cutPipes, .on("pool"))().cause as? WorkerLostError
            #expect(error?.code == .workerLost)
            let result = try await flow.portableTask(Probe.add, .on("pool"))(1, 1).value
            #expect(result == 2)
        }
    }

    @Test func `Cancelling reaches into the worker, which goes on`() async throws {
        let folder = try ProbeFolder()
        try await withPool(workers: 1) { flow, pool in
            let identity = flow.portableTask(Probe.identity, .on("pool"))
            let before = try await identity().value[0]
            let future = flow.portableTask(Probe.untilCancelled, .on("pool"))(folder.path + "/begun")
            try await eventually { FileManager.default.fileExists(atPath: folder.path + "/begun") }
            future.cancel()
            _ = await future.result
            #expect(future.state == .cancelled)
            #expect(try await identity().value[0] == before)
        }
    }

    @Test func `A task that doesn't heed its cancellation costs its worker after the grace period`() async throws {
        let folder = try ProbeFolder()
        try await withPool(workers: 1) { flow, _ in
            let task = flow.portableTask(Probe.stubborn, .on("pool"), .gracePeriod(.milliseconds(50)))
            let future = task(folder.path + "/begun")
            try await eventually { FileManager.default.fileExists(atPath: folder.path + "/begun") }
            future.cancel()
            _ = await future.result
            #expect(future.state == .cancelled)
            let result = try await flow.portableTask(Probe.add, .on("pool"))(1, 1).value
            #expect(result == 2)
        }
    }

    @Test func `A task that waits for a worker is cancelled at once`() async throws {
        let folder = try ProbeFolder()
        try await withPool(workers: 1) { flow, pool in
            let first = flow.portableTask(Probe.untilCancelled, .on("pool"))(folder.path + "/first")
            try await eventually { FileManager.default.fileExists(atPath: folder.path + "/first") }
            let second = flow.portableTask(Probe.untilCancelled, .on("pool"))(folder.path + "/second")
            second.cancel()
            _ = await second.result
            #expect(second.state == .cancelled)
            #expect(!FileManager.default.fileExists(atPath: folder.path + "/second"))
            first.cancel()
        }
    }

    @Test(arguments: [
        ("exit", "no licence"), ("silent", "wasn't ready"),
    ])
    func `Workers that can't start end in one clear error`(mode: String, text: String) async throws {
        let configuration = WorkerPoolBackend.Configuration.probe(mode: mode).with {
            $0.startTimeout = mode == "silent" ? .milliseconds(200) : .seconds(30)
        }
        try await withPool(configuration) { flow, _ in
            let cause = await flow.portableTask(Probe.add, .on("pool"))(1, 1).cause
            let error = try #require(cause as? any WorkflowError)
            #expect(error.code == .backendUnavailable)
            #expect(error.message.contains(text))
        }
    }

    @Test func `A program that isn't there ends in one clear error`() async throws {
        try await withPool(.probe().with { $0.program = "/nowhere/worker" }) { flow, _ in
            let cause = await flow.portableTask(Probe.add, .on("pool"))(1, 1).cause
            #expect((cause as? any WorkflowError)?.message.contains("/nowhere/worker") == true)
        }
    }

    @Test func `A worker with other types says what both ends have`() async throws {
        try await withPool(.probe(mode: "fewer")) { flow, _ in
            let other = await flow.portableTask(Probe.add, .on("pool"))(1, 1).cause as? WorkerPoolError
            #expect(other?.message.contains("add(Swift.Int, Swift.Int) -> Swift.Int") == true)
            #expect(other?.message.contains("add(Swift.Double, Swift.Double) -> Swift.Double") == true)
            let unknown = await flow.portableTask(Probe.echo, .on("pool"))([UInt8(1)]).cause as? WorkerPoolError
            #expect(unknown?.message.contains("it has only: add, onlyThere") == true)
        }
    }

    @Test func `What a shell prints before the worker begins is skipped, and quoted in the log`() async throws {
        let lines = LogLines()
        let configuration = WorkerPoolBackend.Configuration.probe(mode: "babble").with { $0.logger = lines.logger }
        try await withPool(workers: 1, configuration) { flow, _ in
            let result = try await flow.portableTask(Probe.add, .on("pool"))(1, 1).value
            #expect(result == 2)
        }
        #expect(lines.contains("Welcome to this machine! There is news."))
        #expect(!lines.contains("\u{1b}"))
    }

    @Test func `A worker that is busy in one long call isn't taken for dead`() async throws {
        try await withPool(workers: 1, .probe().with { $0.heartbeatTimeout = .seconds(1) }) { flow, pool in
            let identity = flow.portableTask(Probe.identity, .on("pool"))
            let before = try await identity().value[0]
            _ = try await flow.portableTask(Probe.spin, .on("pool"))(2_500).value
            #expect(try await identity().value[0] == before)
        }
    }

    @Test func `A program that was stopped for longer than the heartbeat keeps its workers`() async throws {
        let host = Process()
        host.executableURL = URL(fileURLWithPath: probeProgram)
        host.arguments = ["paused-host"]
        let (output, input) = (Pipe(), Pipe())
        host.standardOutput = output
        host.standardInput = input
        host.standardError = FileHandle.nullDevice
        try host.run()
        func line() -> String { String(decoding: output.fileHandleForReading.availableData, as: UTF8.self) }
        let before = line()
        kill(host.processIdentifier, SIGSTOP)
        // The time itself is what is tested: it passes for everybody but the program that is stopped.
        try await Task.sleep(for: .seconds(3))
        kill(host.processIdentifier, SIGCONT)
        input.fileHandleForWriting.write(Data("\n".utf8))
        let after = line()
        host.waitUntilExit()
        #expect(before.split(separator: " ").count == 2)
        #expect(after == before)
        #expect(host.terminationStatus == 0)
    }

    @Test func `The error of a crash begins with the crash's own words, its signal and its task`() async throws {
        let configuration = WorkerPoolBackend.Configuration.probe().with {
            $0.environment["SWIFT_BACKTRACE"] = "enable=yes,color=no,interactive=no"
        }
        try await withPool(workers: 1, configuration) { flow, _ in
            let future = flow.portableTask(Probe.crash, .on("pool"))("the sky fell")
            let error = try #require(await future.cause as? WorkerLostError)
            #expect(error.message.contains("Fatal error: the sky fell"))
            let signals = ["SIGILL", "SIGTRAP"]
            #expect(TestRun.isSanitized || signals.contains { error.message.contains($0) })
            #expect(error.message.contains("'crash'"))
            #expect(error.taskID == future.id)
            #expect(error.taskName == "crash")
        }
    }

    @Test func `Workers print no backtrace unless that is asked for`() async throws {
        let configuration = WorkerPoolBackend.Configuration.probe().with { $0.environment["SWIFT_BACKTRACE"] = nil }
        try await withPool(workers: 1, configuration) { flow, _ in
            let setting = try await flow.portableTask(Probe.variable, .on("pool"))("SWIFT_BACKTRACE").value
            #expect(setting == (ProcessInfo.processInfo.environment["SWIFT_BACKTRACE"] ?? "enable=no"))
        }
    }

    @Test func `A late worker is waited for`() async throws {
        try await withPool(.probe(mode: "late")) { flow, _ in
            let result = try await flow.portableTask(Probe.add, .on("pool"))(1, 1).value
            #expect(result == 2)
        }
    }

    @Test func `Nothing is left when the engine ends`() async throws {
        let before = try openDescriptors()
        var processes: [Int32] = []
        try await withPool { flow, pool in
            _ = try await flow.portableTask(Probe.add, .on("pool"))(1, 1).value
            try await eventually { pool.workers.count(where: \.isReady) == 2 }
            processes = pool.workers.compactMap(\.processID)
        }
        #expect(processes.count == 2)
        #expect(processes.allSatisfy { kill($0, 0) == -1 })
        let after = try openDescriptors()
        #expect(after <= before + 2)  // the reactor of commands has some of its own, once
    }

    @Test func `Workers end by themselves when their pool's program is killed`() async throws {
        let host = Process()
        host.executableURL = URL(fileURLWithPath: probeProgram)
        host.arguments = ["host"]
        let pipe = Pipe()
        host.standardOutput = pipe
        try host.run()
        let line = String(decoding: pipe.fileHandleForReading.availableData, as: UTF8.self)
        let workers = line.split(whereSeparator: \.isWhitespace).compactMap { Int32($0) }
        kill(host.processIdentifier, SIGKILL)
        host.waitUntilExit()
        #expect(workers.count == 2)
        try await eventually { workers.allSatisfy { kill($0, 0) != 0 } }
    }

    private func openDescriptors() throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/dev/fd").count
    }
}

/// A folder that is removed with its owner.
final class ProbeFolder: Sendable {
    let path: String
    init() throws {
        path = NSTemporaryDirectory() + "worker-tests-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }
    deinit { try? FileManager.default.removeItem(atPath: path) }
}
