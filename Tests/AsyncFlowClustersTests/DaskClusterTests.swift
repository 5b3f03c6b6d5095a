import AsyncFlow
import AsyncFlowBase
import AsyncFlowClusters
import AsyncFlowPython
import AsyncFlowWorkers
import Foundation
import TestSupport
import Testing
import WorkerProbeTasks

/// A cluster of Dask that isn't the backend's: scheduler and workers are processes of the test.
@Suite(.needsDask, .timeLimit(.minutes(5))) struct DaskClusterTests {
    private static let noteAndNap = PythonTask("functions:note_and_nap", as: ((String, Double) -> Int).self)
    private static let parent = PythonTask("functions:parent", as: ((Int) -> Int).self)

    @Test func `Workers, the scheduler and programs that are killed cost what they had, and nothing is left`()
        async throws
    {
        try await withFolder { folder in
            let cluster = try DaskProcesses(in: folder)
            defer { cluster.end() }
            try cluster.startScheduler()
            for _ in 0..<2 { try cluster.startWorker() }
            let keeper = LineKeeper()
            let backend = TestCluster.dask(.address(cluster.address), keeper: keeper)
            try await withCluster(backend) { flow async throws in
                let nap = flow.pythonTask(Self.noteAndNap)
                let parent = flow.pythonTask(Self.parent, .retry(5, on: .workerLost))
                let swift = flow.portableTask(Probe.add)
                #expect(try await swift(1, 2).value == 3)

                // A worker of Dask. It runs the task again by itself, on the other one, and that is said.
                let again = nap("\(folder)/again", 1)
                try await until("it runs") { ClusterEndTests.id(in: "\(folder)/again") != nil }
                try await until("it is known where") { again.state == .running }
                let child = try #require(ClusterEndTests.id(in: "\(folder)/again"))
                kill(try #require(Self.parent(of: child)), SIGKILL)
                #expect(try await again.value == 0)
                #expect(keeper.lines.contains { $0.contains("Dask has lost the worker") })

                // The scheduler. What it had is lost, and the next one at the same address takes over.
                let lost = nap("\(folder)/lost", 600)
                try await until("it runs") { ClusterEndTests.id(in: "\(folder)/lost") != nil }
                let id = try #require(ClusterEndTests.id(in: "\(folder)/lost"))
                kill(try #require(cluster.scheduler).processIdentifier, SIGKILL)
                let error = try #require(await lost.cause as? WorkerLostError)
                #expect(error.reason.contains("the scheduler of Dask at \(cluster.address) is gone"), "\(error)")
                try await until("its process is gone") { kill(id, 0) != 0 }
                try cluster.startScheduler()
                try cluster.startWorker()
                #expect(try await parent(0).value > 0)
            }

            // A program. The cluster stays, and what the program had there goes.
            let probe = Process()
            probe.executableURL = URL(fileURLWithPath: TestCluster.probe)
            probe.arguments = [TestCluster.dask!, TestCluster.modules, cluster.address]
            let output = Pipe()
            probe.standardOutput = output
            try cluster.startWorker()
            try cluster.startWorker()
            try probe.run()
            let text = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
            #expect(text == "begun\n")
            let children = cluster.children
            #expect(children.count >= 3)
            kill(probe.processIdentifier, SIGKILL)
            probe.waitUntilExit()
            try await until("nothing of the program is left") { cluster.children.isEmpty }
            for id in children { #expect(kill(id, 0) != 0) }
        }
    }

    static func parent(of id: pid_t) -> pid_t? {
        guard let stat = try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8),
            let end = stat.lastIndex(of: ")")
        else { return nil }
        return stat[stat.index(after: end)...].split(separator: " ").dropFirst().first.flatMap { pid_t($0) }
    }
}

/// The processes of a cluster on the loopback interface.
final class DaskProcesses {
    private(set) var scheduler: Process?
    private var workers: [Process] = []
    private let folder: String
    private let port: Int
    var address: String { "tcp://127.0.0.1:\(port)" }

    init(in folder: String) throws {
        self.folder = folder
        // A port that is free now; the cluster starts again at the same one.
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(descriptor, $0, size)
                _ = getsockname(descriptor, $0, &size)
            }
        }
        port = Int(UInt16(bigEndian: address.sin_port))
    }

    func startScheduler() throws {
        scheduler = try start(
            "dask_scheduler", ["--host", "127.0.0.1", "--port", "\(port)", "--no-dashboard", "--no-show"])
    }

    func startWorker() throws {
        workers.append(
            try start(
                "dask_worker",
                [address, "--no-nanny", "--nthreads", "1", "--no-dashboard", "--local-directory", folder]))
    }

    private func start(_ program: String, _ arguments: [String]) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: TestCluster.dask!)
        process.arguments = ["-m", "distributed.cli.\(program)"] + arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        return process
    }

    /// The processes that the workers have started.
    var children: [pid_t] {
        let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        let parents = Set(workers.map(\.processIdentifier))
        return all.compactMap { pid_t($0) }.filter {
            DaskClusterTests.parent(of: $0).map(parents.contains) ?? false
        }
    }

    func end() {
        for process in workers + [scheduler].compactMap({ $0 }) {
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        }
    }
}
