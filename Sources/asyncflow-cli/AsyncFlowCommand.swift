import AsyncFlow
import ArgumentParser
import AsyncFlowBase
import AsyncFlowTelemetry
import AsyncFlowWorkers

/// What happened in a run, from its recording.
@main
struct AsyncFlowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "asyncflow",
        abstract: "Runs flow files, and shows what happened in a run, from its recording.",
        discussion: """
            A flow file is YAML: steps, their inputs and outputs. 'asyncflow init' writes one to begin with.

            A recording is the file *.telemetry.jsonl that a run of AsyncFlow writes, also compressed by gzip. '-' reads it from \
            the standard input.

            Exit codes: 0 done; 64 wrong usage; 65 the file is empty or not a recording; 66 there is no such file, or
            it is a folder; 73 the output can't be written; 74 the recording can't be read.
            """,
        version: AsyncFlowVersion.current,
        subcommands: [
            RunCommand.self, CheckCommand.self, PlanCommand.self, InitCommand.self, SchemaCommand.self, PsCommand.self,
            CancelCommand.self, MapCommand.self, LogsCommand.self, AnswerCommand.self,
            SummaryCommand.self, TasksCommand.self, TraceCommand.self, GraphCommand.self, ReportCommand.self,
            RunsCommand.self, CompareCommand.self, ExportCommand.self, WatchCommand.self, ExplainCommand.self,
            DiffCommand.self, JournalCommand.self, WaitingCommand.self, SignalCommand.self, ResumeCommand.self,
            PythonCommand.self, CompletionCommand.self, ManCommand.self,
        ])

    static func main() async {
        // A reader of a pipe that has seen enough isn't an error; the write says so.
        signal(SIGPIPE, SIG_IGN)
        do {
            // Pilots start this program on their nodes.
            try await WorkflowWorker.serveIfLaunchedAsOne([])
        } catch {
            Messages.note("\(error)")
            exit(withError: ExitCode(EX_USAGE))
        }
        await main(nil)
    }
}

/// The recording to read.
struct RecordingArguments: ParsableArguments {
    @Argument(
        help: "The recording of a run, or the name of a run of a flow; '-' for the standard input.",
        completion: .file(extensions: ["jsonl", "gz"]))
    var source: String

    /// The recording's file.
    var recording: String { RunEntry.recording(source) }

    init() {}

    init(of recording: String) { source = recording }

    /// Reads it; what is odd about it is said on the standard error.
    func read() throws -> RunFile {
        do {
            let file = try RunFile.read(recording)
            for note in file.notes.sentences { Messages.note(note) }
            return file
        } catch {
            throw Failure(error)
        }
    }

    /// Refuses an output that is the recording itself.
    func check(output: String) throws {
        guard output != "-", recording != "-" else { return }
        var (from, to) = (stat(), stat())
        guard stat(recording, &from) == 0, stat(output, &to) == 0 else { return }
        if from.st_dev == to.st_dev, from.st_ino == to.st_ino {
            throw ValidationError("'\(output.harmless())' is the recording itself: name another file for the output.")
        }
    }
}

struct OutputArguments: ParsableArguments {
    @Option(
        name: [.short, .long],
        help: "The file to write, which is replaced if it is there; '-' for the standard output.", completion: .file())
    var output = "-"
}

enum Messages {
    static func note(_ text: String) {
        var line = "asyncflow: \(text.harmless())\n"
        // A closed standard error leaves nobody to tell.
        line.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}

/// An error with the exit code that belongs to it.
struct Failure: Error, CustomStringConvertible {
    let description: String
    let code: Int32

    init(_ description: String, _ code: Int32) {
        self.description = description
        self.code = code
    }

    init(_ error: RunFileError) {
        description = error.description
        code =
            switch error.reason {
            case .empty, .foreign: EX_DATAERR
            case .missing, .directory: EX_NOINPUT
            case .unreadable: EX_IOERR
            }
    }

    init(_ error: ExportError) {
        description = error.description
        code = EX_DATAERR
    }

    init(folder: String, _ error: SystemError) {
        description = "The folder '\(folder.harmless())' can't be made: \(String(cString: strerror(error.code)))."
        code = EX_CANTCREAT
    }

    init(_ description: String, code: Int32) {
        self.description = description
        self.code = code
    }

    init(_ error: ReportOutputError) {
        description = error.isBrokenPipe ? "" : error.description
        code = error.isBrokenPipe ? 0 : EX_CANTCREAT
    }
}

/// Writes a report and ends with the exit code for what went wrong.
func report(to path: String, _ body: (consuming ReportOutput) throws -> ReportOutput) throws {
    do {
        var output = try body(try ReportOutput(path: path))
        try output.finish()
    } catch let error as ReportOutputError {
        throw Failure(error)
    }
}

/// Runs a command; failures become a message and their exit code.
func endingWithCode(_ body: () throws -> Void) throws {
    do {
        try body()
    } catch let failure as Failure {
        if !failure.description.isEmpty { Messages.note(failure.description) }
        throw ExitCode(failure.code)
    }
}
