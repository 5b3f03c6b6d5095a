import ArgumentParser
import AsyncFlowBase
import AsyncFlowTelemetry
import Foundation

struct WatchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "The run in the terminal while it is going on: tasks by name, and the last failure.",
        discussion: """
            Reads the recording as it grows, until the run has ended or its process is gone; of a run that has ended it shows \
            how it ended. Ctrl-C ends watching only. Without a terminal there is a line now and then. ASYNCFLOW_PROGRESS and \
            NO_COLOR count as for the run itself.
            """)

    @Argument(
        help:
            "The recording of a run, of one in several files the newest; or the name of a run of a flow, the last one by default.",
        completion: .file(extensions: ["jsonl", "gz"]))
    var recording = "latest"

    @Flag(help: "Show how the run stands, and end.")
    var once = false

    func validate() throws {
        if recording == "-" {
            throw ValidationError("A recording that grows can't be read from the standard input: name its file.")
        }
    }

    func run() throws {
        try endingWithCode {
            do throws(RunFileError) {
                var watch = try RunWatch(
                    path: RunEntry.recording(recording), environment: ProcessInfo.processInfo.environment)
                _ = try watch.run(once: once)
            } catch {
                throw Failure(error)
            }
        }
    }
}
