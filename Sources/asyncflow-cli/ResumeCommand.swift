import ArgumentParser
import AsyncFlow
import AsyncFlowBase
import AsyncFlowJournal

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

struct ResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Goes on with a run of a flow, or starts the program of a journal again.",
        discussion: """
            What a run of a flow has done is known by its commands, scripts and the content of their files, and isn't \
            done again; the rest runs. The flow file is read again, so that it may be mended in between. Parameters, \
            profiles and directory are those of the run; parameters can be given anew.

            With the directory of a journal, its program is started as it was: with its words, in its directory. \
            This process becomes the program, without a shell between; its exit code is that of the program. A program \
            that has parked (exit code 75) goes on by 'asyncflow resume JOURNAL --when-due' in cron, a systemd timer or \
            'sbatch --begin'.

            The journal has to belong to you, and nobody else may be able to write it.

            Exit codes before the program: 65 the journal doesn't say how to start it; 66 there is no journal; 75 the \
            program is running already; 77 somebody else could have written it; 126 the program can't be started.
            """)

    @Argument(help: "The name of a run, the last one by default; or the directory of a run or of a journal.")
    var name = "latest"

    @Argument(
        help: ArgumentHelp(
            "Parameters of a flow as name=value, or files of YAML or JSON with several.", valueName: "parameter"))
    var parameters: [String] = []

    @OptionGroup var settings: RunArguments

    @Flag(
        name: .customLong("when-due"),
        help: """
            Do nothing unless there is something to do: a time has come, an answer is there, or the last run was \
            interrupted.
            """)
    var whenDue = false

    @Flag(name: .customLong("print"), help: "Only show what would be started.")
    var printOnly = false

    func run() async throws {
        if let entry = name == "latest" ? try RunEntry.find(name) : RunEntry(name, in: RunDirectory.root) {
            if whenDue || printOnly { throw ValidationError("--when-due and --print go with journals of programs.") }
            return try await ResumedRun(entry, settings).run(adding: parameters)
        }
        try startProgram()
    }

    private func startProgram() throws {
        var input = JournalArguments()
        input.journal = name
        try endingWithCode { [input] in
            let contents = try input.read().contents
            let program: RecordedProgram
            do throws(RecordedProgram.Unusable) { program = try RecordedProgram(contents) } catch {
                throw Failure(
                    "the program of '\(input.journal.harmless())' can't be started: \(error); start it yourself",
                    EX_DATAERR)
            }
            if printOnly {
                let words = ([program.path] + program.arguments).map(ShellQuoting.quoted).joined(separator: " ")
                return print("cd \(ShellQuoting.quoted(program.directory)) && \(words)".harmless())
            }
            if let writer = JournalStore.writer(of: input.journal) {
                throw Failure(
                    "the program is running already: '\(input.journal.harmless())' is being written by \(writer)",
                    EX_TEMPFAIL)
            }
            if whenDue, let reason = Self.reasonToWait(contents, Inbox(of: input.journal)) { return print(reason) }
            do throws(RecordedProgram.Unusable) { try RecordedProgram.checkOwner(of: input.journal) } catch {
                throw Failure(
                    "the program of '\(input.journal.harmless())' isn't started: \(error), who could have written which "
                        + "program is started", EX_NOPERM)
            }
            let path = input.journal
            let journal = path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
            fflush(nil)
            signal(SIGPIPE, SIG_DFL)
            let error = program.become(journal: journal)
            throw Failure(
                "'\(program.path.harmless())' can't be started in '\(program.directory.harmless())': \(error)", 126)
        }
    }

    /// Why there is nothing to do; nil if there is.
    static func reasonToWait(_ contents: JournalContents, _ inbox: Inbox, now: JournalTime = .now) -> String? {
        guard let end = contents.runs.last?.end else { return nil }
        guard end.outcome == .parked else {
            return "nothing is due: the last run has \(JournalText.outcome(end, isRunning: false))"
        }
        let waits = OpenWaits(contents)
        if waits.isDue(at: now, messages: Set(inbox.messages().map(\.name))) { return nil }
        let names = waits.questions.map { "'\($0.name.harmless())'" }.prefix(5).joined(separator: ", ")
        return "nothing is due" + (names.isEmpty ? "" : ": answers are waited for to \(names)")
            + (waits.nextTime.map { "; the next time is \(WaitText.date($0))" } ?? "")
    }
}
