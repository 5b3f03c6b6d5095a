import AsyncFlowBase
import AsyncFlowPlan
import Foundation
import TestSupport
import Testing

/// The command as it is built, next to the bundle of the tests.
private let program: String = {
    let places = Bundle.allBundles.map(\.bundleURL) + [Bundle.main.executableURL!]
    return places.map { $0.deletingLastPathComponent().appendingPathComponent("asyncflow").path }
        .first { FileManager.default.isExecutableFile(atPath: $0) } ?? "asyncflow"
}()

@Suite(.timeLimit(.minutes(10))) struct KilledPlanTests {
    private func start(_ words: [String], in folder: Folder) throws -> (Process, Pipe) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = words
        process.currentDirectoryURL = URL(fileURLWithPath: folder.path)
        var environment = ProcessInfo.processInfo.environment
        environment["ASYNCFLOW_RUNS"] = "\(folder.path)/runs"
        environment["XDG_CONFIG_HOME"] = folder.path
        process.environment = environment
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        try process.run()
        return (process, output)
    }

    @Test("Random plans that are killed again and again, and gone on with, leave what a sequential run would")
    func agreesWithOracle() async throws {
        let seed = TestRun.seed
        print("seed \(seed)")
        var random = SeededRandom(seed: seed)
        var kills = 0
        for _ in 0..<12 {
            let plan = RandomPlan(&random)
            let expected = plan.outcomes
            let folder = Folder()
            // Each process notes that it has begun and that it has come to its end.
            try folder.write(
                plan.text(prelude: "echo >> begun; sleep 0.0\(Int.random(in: 1...6, using: &random)); "), to: "x.yaml")
            var words = ["run", "-q", "--keep-going", "x.yaml"]
            var code: Int32 = 0
            var written = Data()
            for attempt in 0... {
                let (process, output) = try start(words, in: folder)
                // A call that runs at three crashes in a row isn't begun again.
                if attempt < 2 {
                    let begun = (folder.read("begun") ?? "").count
                    let more = Int.random(in: 0...3, using: &random)
                    try await until("a process begins, or the run ends") {
                        !process.isRunning || (folder.read("begun") ?? "").count > begun + more
                    }
                    if process.isRunning { kills += 1 }
                    kill(process.processIdentifier, [SIGKILL, SIGKILL, SIGTERM].randomElement(using: &random)!)
                }
                written = output.fileHandleForReading.readDataToEndOfFile()
                process.waitUntilExit()
                code = process.terminationStatus
                if process.terminationReason == .exit { break }
                // One that was killed before it had a directory begins anew.
                words = access("\(folder.path)/runs/latest/run.json", F_OK) == 0 ? ["resume", "-q"] : words
            }
            let failed = expected.contains(.failed)
            #expect(code == (failed ? 1 : 0), "\(plan.text())")
            if failed { continue }
            guard case .record(let outputs) = try JSONText.value(of: String(decoding: written, as: UTF8.self)) else {
                Issue.record("no record")
                continue
            }
            for (part, outcome) in zip(plan.parts, expected) {
                let value: Value =
                    switch outcome {
                    case .value(let number): .int(number)
                    case .list(let numbers): .list(numbers.map { $0.map(Value.int) ?? .null })
                    case .null, .failed, .notRun: .null
                    }
                #expect(outputs[part.name] == value, "\(part.name) of\n\(plan.text())")
            }
        }
        print("\(kills) kills")
    }
}
