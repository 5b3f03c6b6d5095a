import AsyncFlow
import AsyncFlowBase
import AsyncFlowClusters
import AsyncFlowPython
import AsyncFlowWorkers
import Foundation
import TestSupport
import Testing

@Suite(.needsPython, .timeLimit(.minutes(5))) struct HostileBridgeTests {
    @Test func `A bridge that lies fails its tasks, and nothing else`() async throws {
        let seed = TestRun.seed
        print("seed \(seed)")
        try await withFolder { folder in
            let script = "#!/bin/sh\nexec python3 '\(TestCluster.modules)/lying_bridge.py' \"$@\"\n"
            try Data(script.utf8).write(to: URL(fileURLWithPath: "\(folder)/liar"))
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: "\(folder)/liar")
            setenv("LIAR_SEED", "\(seed % 1_000_000)", 1)
            let keeper = LineKeeper()
            var configuration = TestCluster.configuration(keeper)
            configuration.startFailureLimit = 1_000
            let backend = ExecutorBackend(
                "x:y", name: "cluster", environment: .executable("\(folder)/liar"), configuration: configuration)
            try await withCluster(backend) { flow async throws in
                let add = flow.pythonTask(
                    PythonTask("functions:add", as: ((Int, Int) -> Int).self), .deadline(.seconds(1)),
                    .gracePeriod(.milliseconds(50)))
                var ends: [String: Int] = [:]
                let end = ContinuousClock.now + TestRun.fuzzDuration
                while ContinuousClock.now < end {
                    let futures = (0..<8).map { add($0, 1) }
                    // Unanswered calls are cancelled; a bridge that doesn't answer that either is ended at some time.
                    try await Task.sleep(for: .milliseconds(60))
                    for future in futures where !future.state.isTerminal { future.cancel() }
                    try await Task.sleep(for: .milliseconds(60))
                    if futures.contains(where: { !$0.state.isTerminal }), let id = backend.bridge?.processID {
                        kill(id, SIGKILL)
                    }
                    for future in futures {
                        switch await future.result {
                        case .success(let value): ends[value == 42 ? "value" : "other", default: 0] += 1
                        case .failure(let error):
                            if "\(error)".unicodeScalars.contains("\u{1b}") { Issue.record("an escape in: \(error)") }
                            ends["\(type(of: (error as? any WorkflowError)?.cause ?? error))", default: 0] += 1
                        }
                    }
                    if let engine = backend.engine { #expect(engine.engine.count < 70_000) }
                }
                print(ends)
                #expect(ends["other"] == nil)
                #expect(ends["value"] ?? 0 > 0)
                #expect(!keeper.lines.contains { $0.unicodeScalars.contains("\u{1b}") })
            }
        }
    }

    @Test func `The bridge answers every call once, whatever its engine does`() throws {
        let seed = TestRun.seed % 1_000_000_000
        print("seed \(seed)")
        let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Sources/AsyncFlowClusters/Python/bridge").path
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        let seconds = min(4, TestRun.fuzzDuration / .seconds(1))
        process.arguments = [
            "python3", "\(TestCluster.modules)/machine_tests.py", "\(sources)/wire.py", "\(sources)/machine.py",
            "\(seed)", "\(seconds)",
        ]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        print(text)
        #expect(process.terminationStatus == 0, "\(text)")
    }
}
