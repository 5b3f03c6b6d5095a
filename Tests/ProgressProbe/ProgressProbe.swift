import AsyncFlow
import AsyncFlowBase
import AsyncFlowTelemetry
import Foundation
import Logging

/// A program for the tests of progress in a real terminal: runs tasks, and shows how they go on standard error.
///
/// Every argument is a step, taken one after the other:
/// - `name=count`: calls so many tasks that end at once.
/// - `name!message`: a task that fails.
/// - `name~file`: calls a task that runs until the file is there.
/// - `names=count`: calls one task each of so many names.
/// - `idle`: waits until everything called but the tasks with a file has ended.
/// - `file?`: waits until the file is there.
/// - `log:text`, `say:text`, `print:text`: a log line; a line through the display; one on standard output, past it.
/// - `to:file`: redirects standard error into the file.
/// - `stop`: ends the display. `exit`: ends the process with the engine still there.
/// - `many:count`: so many log lines.
/// - `record:folder`: records the run in the folder.
@main
struct ProgressProbe {
    static func main() async throws {
        let interval = ProcessInfo.processInfo.environment["INTERVAL"].flatMap(Double.init)
        var configuration = WorkflowEngine.Configuration()
        configuration.workDirectory = FileManager.default.temporaryDirectory.path
        configuration.logger.logLevel = .critical
        let logger = Logger.asyncFlow(label: "probe")
        try await withWorkflowEngine(configuration) { flow in
            let progress = flow.startProgress(.init(interval: interval.map { .seconds($0) }))
            var quick: [TaskFuture<Void>] = []
            for step in CommandLine.arguments.dropFirst() {
                if step == "idle" {
                    for future in quick { _ = await future.result }
                    quick = []
                } else if step == "stop" {
                    await progress.stop()
                } else if step == "exit" {
                    exit(3)
                } else if step.hasSuffix("?") {
                    try await waitForFile(String(step.dropLast()))
                } else if let text = after("log:", step) {
                    logger.warning("\(text)")
                } else if let text = after("say:", step) {
                    progress.write(text)
                } else if let text = after("print:", step) {
                    say(text)
                } else if let count = after("many:", step).flatMap(Int.init) {
                    for number in 1...count { logger.warning("line \(number)") }
                } else if let folder = after("record:", step) {
                    _ = try flow.startTelemetry(.init(recording: .directory(folder)))
                } else if let path = after("to:", step) {
                    dup2(open(path, O_WRONLY | O_CREAT | O_APPEND, 0o600), 2)
                } else if let (name, message) = halves(step, "!") {
                    quick.append(flow.functionTask(name) { throw Failure(description: message) }())
                } else if let (name, path) = halves(step, "~") {
                    _ = flow.functionTask(name) { try await waitForFile(path) }()
                } else if let (name, count) = halves(step, "="), let count = Int(count) {
                    if name == "names" {
                        for number in 1...count { quick.append(flow.functionTask("name \(number)") {}()) }
                    } else {
                        let task = flow.functionTask(name) {}
                        for _ in 0..<count { quick.append(task()) }
                    }
                }
            }
        }
        say("ended")
    }

    /// On standard output, past the display and its buffers.
    static func say(_ line: String) {
        let bytes = Array("\(line)\n".utf8)
        _ = bytes.withUnsafeBytes { write(1, $0.baseAddress, $0.count) }
    }

    struct Failure: Error, CustomStringConvertible { let description: String }

    static func after(_ prefix: String, _ step: String) -> String? {
        step.hasPrefix(prefix) ? String(step.dropFirst(prefix.count)) : nil
    }

    static func halves(_ step: String, _ separator: Character) -> (String, String)? {
        let parts = step.split(separator: separator, maxSplits: 1).map(String.init)
        return parts.count == 2 ? (parts[0], parts[1]) : nil
    }

    static func waitForFile(_ path: String) async throws {
        while !FileManager.default.fileExists(atPath: path) { try await Task.sleep(for: .milliseconds(10)) }
    }
}
