import AsyncFlow
import AsyncFlowPython
import AsyncFlowWorkers
import Foundation
import TestSupport
import Testing

@Suite(.needsPython, .timeLimit(.minutes(5))) struct PythonFaultTests {
    @Test func `Killed interpreters cost the calls in them, and every task ends once`() async throws {
        let seed = TestRun.seed
        print("seed \(seed)")
        var source = RandomSource(seed)
        let work = PythonTask("sample:spin_and_return", as: ((Double, Int) -> Int).self)
        try await withPython(workers: 2) { flow, python async throws in
            let work = flow.pythonTask(work, .retry(100, on: .workerLost))
            let count = 600
            let futures = (0..<count).map { work(0.002, $0) }
            for _ in 0..<6 {
                try await Task.sleep(for: .milliseconds(Int.random(in: 50...400, using: &source)))
                if let worker = python.workers.filter(\.isReady).randomElement(using: &source),
                    let id = worker.processID
                {
                    kill(id, SIGKILL)
                }
            }
            #expect(try await futures.values() == Array(0..<count))
        }
    }

    @Test func `A worker that lies fails its tasks, and nothing else`() async throws {
        let seed = TestRun.seed
        print("seed \(seed)")
        let add = PythonTask("sample:add", as: ((Int, Int) -> Int).self)
        let folder = NSTemporaryDirectory() + "liar-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let script = "#!/bin/sh\nexec python3 '\(TestPython.modules)/liar.py' \"$@\"\n"
        try Data(script.utf8).write(to: URL(fileURLWithPath: "\(folder)/liar"))
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: "\(folder)/liar")
        try await withPython(
            workers: 2, .executable("\(folder)/liar"),
            change: {
                $0.pool.environment["LIAR_SEED"] = "\(seed % 1_000_000)"
                $0.pool.startFailureLimit = 1_000
                $0.pool.longestBackoff = .milliseconds(5)
                $0.pool.heartbeatTimeout = .seconds(2)
            }
        ) { flow, _ async throws in
            // A call that is never answered ends by its deadline, for which its interpreter is killed.
            let add = flow.pythonTask(add, .deadline(.seconds(1)), .gracePeriod(.milliseconds(50)))
            var ends: [String: Int] = [:]
            let end = ContinuousClock.now + TestRun.fuzzDuration
            while ContinuousClock.now < end {
                for future in (0..<8).map({ add($0, 1) }) {
                    switch await future.result {
                    case .success(let value): ends[value == 42 ? "value" : "other", default: 0] += 1
                    case .failure(let error):
                        let text = "\(error)"
                        if text.unicodeScalars.contains("\u{1b}") { Issue.record("an escape in: \(text)") }
                        let cause = (error as? any WorkflowError)?.cause ?? error
                        ends["\(type(of: cause))", default: 0] += 1
                    }
                }
            }
            print(ends)
            #expect(ends["other"] == nil)
        }
    }

    @Test func `Nothing is left of a program that is killed`() async throws {
        let probe = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
            .deletingLastPathComponent().appendingPathComponent("python-probe").path
        for name in ["sample:child", "sample:consume", "sample:spin"] {
            let marker = "python-probe-\(UUID().uuidString)"
            let process = Process()
            process.executableURL = URL(fileURLWithPath: probe)
            process.arguments = [TestPython.modules, name]
            process.environment = ProcessInfo.processInfo.environment.merging(["PROBE_MARKER": marker]) { $1 }
            let output = Pipe()
            process.standardOutput = output
            try process.run()
            #expect(output.fileHandleForReading.availableData.count > 0, "the task has begun")
            #expect(Self.processes(with: marker).count >= 2)
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
            try await until("nothing is left of \(name)") { Self.processes(with: marker).isEmpty }
        }
    }

    /// The processes that have a marker among their variables.
    private static func processes(with marker: String) -> [String] {
        let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return all.filter { id in
            guard Int(id) != nil, let data = FileManager.default.contents(atPath: "/proc/\(id)/environ") else {
                return false
            }
            return data.range(of: Data(marker.utf8)) != nil
        }
    }
}
