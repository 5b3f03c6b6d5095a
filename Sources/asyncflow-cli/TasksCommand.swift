import ArgumentParser
import AsyncFlowTelemetry

struct TasksCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tasks",
        abstract: "The run's tasks as a table: for people, or as CSV, TSV or JSON.",
        discussion: """
            Times are in seconds since the run's start. CSV and TSV have a line with the names of the columns. What would be a \
            formula in a spreadsheet has an apostrophe before it.
            """)

    @OptionGroup var input: RecordingArguments
    @OptionGroup var target: OutputArguments

    @Flag(help: "How the table is written; for people without any of these.")
    var format: TableFormat?

    @Option(help: "Only tasks of this name; '*' stands for any text. May be given several times.")
    var name: [String] = []

    @Option(help: "Only tasks in this state: \(RunState.names). May be given several times.")
    var state: [RunState] = []

    @Flag(help: "Only tasks that failed.")
    var failed = false

    @Option(help: "Only so many tasks: those that ran longest, the longest first.")
    var slowest: Int?

    @Option(help: "The column to sort by: \(TaskListReport.Column.names).")
    var sort: TaskListReport.Column?

    @Flag(help: "The largest, or the last, first.")
    var descending = false

    @Option(help: "The maximum number of tasks that are shown.")
    var limit: Int?

    func validate() throws {
        if let slowest, slowest < 1 { throw ValidationError("--slowest must be at least 1, got \(slowest).") }
        if let limit, limit < 0 { throw ValidationError("--limit must be at least 0, got \(limit).") }
        if slowest != nil, sort != nil || descending {
            throw ValidationError("--slowest has an order already: leave --sort and --descending out.")
        }
    }

    func run() throws {
        try input.check(output: target.output)
        try endingWithCode {
            var options = TaskListReport.Options()
            options.names = name
            options.states = Set(state).union(failed ? [.failed] : [])
            options.order = slowest == nil ? sort ?? .id : .duration
            options.isDescending = descending || slowest != nil
            options.limit = min(slowest ?? .max, limit ?? .max)
            let list = TaskListReport(of: try input.read().model, options)
            for note in list.notes { Messages.note(note) }
            try report(to: target.output) { list.write(as: format?.value ?? .text, to: $0) }
        }
    }
}

enum TableFormat: EnumerableFlag {
    case csv, tsv, json

    var value: TaskListReport.Format {
        switch self {
        case .csv: .csv
        case .tsv: .tsv
        case .json: .json
        }
    }

    static func help(for value: TableFormat) -> ArgumentHelp? {
        switch value {
        case .csv: "Comma-separated values."
        case .tsv: "Tab-separated values."
        case .json: "A JSON array with an object for each task."
        }
    }
}

extension TaskListReport.Column: ExpressibleByArgument {
    static var names: String { allCases.map(\.rawValue).joined(separator: ", ") }
}

extension RunState: ExpressibleByArgument {
    public init?(argument: String) {
        guard let state = Self.allCases.first(where: { $0.text == argument }) else { return nil }
        self = state
    }

    public static var allValueStrings: [String] { allCases.map(\.text) }

    static var names: String { allValueStrings.joined(separator: ", ") }
}
