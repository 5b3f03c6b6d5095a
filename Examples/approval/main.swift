// A program that asks a person, ends while nobody answers, and continues when the answer is there.
//
// It starts itself twice: the first run ends with exit code 75, since everything left waits for an answer. The answer
// is a file, as `asyncflow signal` writes it; then the second run publishes the scores in three rounds.

import AsyncFlow
import AsyncFlowJournal
import Foundation
import Logging

struct Answer: Codable, Sendable {
    var isApproved: Bool
    var reviewer: String
}

/// One run of the program.
func publish(_ folder: URL) async {
    let journal = Journal(
        folder.appending(path: "journal").path, durability: .everyResult, parking: .milliseconds(500))
    var configuration = WorkflowEngine.Configuration(journal: journal)
    configuration.workDirectory = folder.appending(path: "work").path
    configuration.logger.logLevel = .critical
    await runWorkflow(configuration) { flow in
        let score = flow.functionTask("score", durable: 1) { (sample: Int) -> Int in
            print("  scores sample \(sample)")
            return sample * sample
        }
        let scores = try await (1...3).map { score($0) }.values()

        // A future like any other: nothing before it runs again when the answer comes days later.
        print("  asks whether to publish \(scores.count) scores")
        fflush(nil)
        let answer = try await flow.signal(
            "publish", as: Answer.self, asking: "Publish \(scores.count) scores?", timeout: .seconds(7 * 86_400)
        ).value
        guard answer.isApproved else { return print("  \(answer.reviewer) says no") }
        print("  \(answer.reviewer) says yes")

        // Each round stands for those before it. The pause continues to count while the program isn't running.
        let total = try await flow.loop("rounds", durable: 1, from: 0) { (round: Int) -> LoopStep<Int, Int> in
            print("  publishes \(scores[round])")
            try await flow.sleep(for: .milliseconds(10), "pause")
            return round == scores.count - 1 ? .done(scores.reduce(0, +)) : .next(round + 1)
        }
        print("  published a total of \(total)")
    }
}

/// Starts this program with the folder, and prints how it ended.
func run(_ name: String, _ folder: URL) throws {
    print("\(name) run:")
    fflush(nil)
    let process = Process()
    process.executableURL = URL(filePath: CommandLine.arguments[0])
    process.environment = ProcessInfo.processInfo.environment.merging(["APPROVAL_FOLDER": folder.path]) { $1 }
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    print("  it ended with exit code \(process.terminationStatus)")
}

if let folder = ProcessInfo.processInfo.environment["APPROVAL_FOLDER"] {
    await publish(URL(filePath: folder))
} else {
    let folder = FileManager.default.temporaryDirectory.appending(path: "asyncflow-approval-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try run("first", folder)
    // A person would type: asyncflow signal JOURNAL publish '{"isApproved": true, "reviewer": "Ada"}'
    let inbox = folder.appending(path: "journal/inbox")
    try FileManager.default.createDirectory(at: inbox, withIntermediateDirectories: true)
    let file = inbox.appending(path: "answer.new")
    try Data(#"{"isApproved": true, "reviewer": "Ada"}"#.utf8).write(to: file)
    try FileManager.default.moveItem(at: file, to: inbox.appending(path: "publish.1.json"))
    try run("second", folder)
    try FileManager.default.removeItem(at: folder)
}
