import ArgumentParser
import AsyncFlowBase
import AsyncFlowFlowFile
import AsyncFlowJournal
import AsyncFlowTelemetry

struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "What the last run of a journal reused, what it ran, and why.",
        discussion:
            "With a call, what it was made of, and what differs from the recorded call that comes nearest to it.")

    @Argument(
        help: "The journal's directory, or the name of a run of a flow; the last run by default.",
        completion: .directory)
    var journal = "latest"

    @Argument(help: "The first digits of a call's id, the name of a task, or that of a step.")
    var call: String?

    @OptionGroup var target: OutputArguments

    func run() throws {
        try endingWithCode {
            // Within a run, a word means a step.
            let directory = RunEntry(journal, in: RunDirectory.root)?.journal ?? journal
            let explainer = try readingJournal { () throws(JournalError) in try JournalExplainer(directory) }
            let text: String
            if let call {
                let names = [call] + KeyTable.actions.map { "\(call).\($0)" }
                guard let found = names.lazy.compactMap({ explainer.call($0) }).first else {
                    throw Failure(
                        "the journal '\(journal.harmless())' has no call '\(call.harmless())' with a value; give at "
                            + "least four digits of its id, or the name of a task", EX_NOINPUT)
                }
                text = found
            } else {
                text = explainer.overview()
            }
            try report(to: target.output) { output in
                var output = output
                output.write(text: text + "\n")
                return output
            }
        }
    }
}

struct DiffCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff", abstract: "The calls in which two journals differ, task by task.")

    @Argument(help: "The journal before.", completion: .directory)
    var before: String

    @Argument(help: "The journal after.", completion: .directory)
    var after: String

    @OptionGroup var target: OutputArguments

    func run() throws {
        try endingWithCode {
            let one = try readingJournal { () throws(JournalError) in try JournalExplainer(before) }
            let other = try readingJournal { () throws(JournalError) in try JournalExplainer(after) }
            let text = JournalExplainer.differences(between: one, and: other)
            try report(to: target.output) { output in
                var output = output
                output.write(text: text + "\n")
                return output
            }
        }
    }
}

/// Does something with a journal; errors get the exit code that belongs to them.
func readingJournal<Result>(_ body: () throws(JournalError) -> Result) throws -> Result {
    do throws(JournalError) { return try body() } catch { throw Failure(error) }
}
