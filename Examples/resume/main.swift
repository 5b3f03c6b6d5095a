// A program that is killed in the middle of its work, is started again, and goes on where it was.
//
// It starts itself twice: the first run kills itself after three of five samples, the second one finds what is
// recorded.

import AsyncFlow
import AsyncFlowJournal
import Foundation
import Logging

struct Fit: Codable, Sendable { var slope: Double }

/// One run of the campaign.
func runCampaign(_ folder: URL, isKilled: Bool) async {
    // Each result is on disk before anybody sees it, so that this program always prints the same.
    let journal = Journal(folder.appending(path: "journal").path, durability: .everyResult)
    var configuration = WorkflowEngine.Configuration(journal: journal)
    configuration.workDirectory = folder.appending(path: "work").path
    configuration.logger.logLevel = .critical
    await runWorkflow(configuration) { flow in
        // A value that must be the same in each run is found once.
        let start = try await flow.recorded("start") { ProcessInfo.processInfo.processIdentifier }
        print("  started by \(start == ProcessInfo.processInfo.processIdentifier ? "this" : "an earlier") process")

        // Commands are recorded by themselves, by their words; how many threads they have doesn't count.
        let simulate = flow.executableTask("simulate") { (sample: Int) in
            "/bin/sh -c \("echo \(sample * 3)") \(notInKey: ProcessInfo.processInfo.activeProcessorCount)" as Command
        }
        // Functions are when they have a version. What they take and return is Codable.
        let fit = flow.functionTask("fit", durable: 1) { (output: String) -> Fit in
            print("  fit runs for \(output.dropLast())")
            return Fit(slope: Double(output.dropLast())! / 2)
        }
        var sum = 0.0
        for sample in 1...5 {
            sum += try await fit(simulate(sample)).value.slope
            if isKilled, sample == 3 {
                print("  killed after sample \(sample)")
                fflush(nil)
                kill(getpid(), SIGKILL)
            }
        }
        print("  the sum of all slopes is \(sum)")
    }
}

if let folder = ProcessInfo.processInfo.environment["RESUME_FOLDER"] {
    await runCampaign(URL(filePath: folder), isKilled: CommandLine.arguments.contains("killed"))
} else {
    let folder = FileManager.default.temporaryDirectory.appending(path: "asyncflow-resume-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for run in ["killed", "resumed"] {
        print("\(run) run:")
        fflush(nil)
        let process = Process()
        process.executableURL = URL(filePath: CommandLine.arguments[0])
        process.arguments = [run]
        process.environment = ProcessInfo.processInfo.environment.merging(["RESUME_FOLDER": folder.path]) { $1 }
        try process.run()
        process.waitUntilExit()
        print("  it ended \(process.terminationReason == .uncaughtSignal ? "by a signal" : "by itself")")
    }
    try FileManager.default.removeItem(at: folder)
}
