import ArgumentParser
import AsyncFlow
import AsyncFlowBase
import AsyncFlowPlan

struct MapCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "map", abstract: "Runs a command for each of many items, several at a time.",
        discussion: """
            asyncflow map 'gzip -k {}' *.log
            seq 1000 | asyncflow map './simulate --seed {}' --jobs 8 --retry 2
            asyncflow map --csv samples.csv 'align --sample {name} --depth {depth}'
            asyncflow map 'sort {} > {/.}.sorted' data/*.txt

            {} is the item, {.} without its extension, {/} its name without directory, {//} its directory, {/.} its name without \
            directory and extension, {#} its number, {column} a column of --csv. Without any, the item is the last word.

            Values are words, never code: no shell reads them. A command with |, >, < or && is given to one, and there the \
            values are quoted variables. Outputs are printed in the order of the items. Items come from the words, else from \
            the lines of the standard input. Exit code 1 if some failed.
            """)

    @Argument(help: "The command line, in quotes.")
    var command: String

    @Argument(help: "The items.")
    var items: [String] = []

    @Option(help: ArgumentHelp("Take the rows of a table as items.", valueName: "file"), completion: .file())
    var csv: String?

    @Option(help: ArgumentHelp("Take whole numbers as items: 1..100.", valueName: "first..last"))
    var range: String?

    @Option(name: [.short, .long], help: "The number of commands that run at a time; by default the number of cores.")
    var jobs: Int?

    @Option(help: "The number of retries of a failed command.")
    var retry: Int = 0

    @Option(help: "The time limit of each command: 30s, 5m, 1h.")
    var timeout: String?

    @Option(help: "The number or share of items that may fail before the exit code is 1: 3, or 5%.")
    var tolerate: String = "0"

    @Flag(help: "Give the command to a shell, also without | or >.")
    var shell = false

    @Flag(help: "Print the commands, and run nothing.")
    var dryRun = false

    @Flag(name: [.short, .long], help: "Show no progress.")
    var quiet = false

    func validate() throws {
        if let jobs, jobs < 1 { throw ValidationError("--jobs must be at least 1, got \(jobs).") }
        if retry < 0 { throw ValidationError("--retry must be at least 0, got \(retry).") }
        if [csv != nil, range != nil, !items.isEmpty].count(where: { $0 }) > 1 {
            throw ValidationError("Items come from words, from --csv or from --range: name one of them.")
        }
    }

    func run() async throws {
        let plan: CheckedPlan
        let allowance: Quantity.Amount
        do throws(ValueError) {
            allowance = try Quantity.parse(tolerate, as: .share)
            plan = try MapPlan(
                command: command, items: try readItems(), retry: retry, timeout: timeout, usesShell: shell
            ).checked()
        } catch {
            throw FlowExit.because(error.description, FlowExit.usage)
        }
        try await MapSession(plan: plan, jobs: jobs, isDryRun: dryRun, isQuiet: quiet, allowance: allowance).run()
    }

    private func readItems() throws(ValueError) -> MapPlan.Items {
        let files = LocalFiles(base: FlowLoader.currentDirectory)
        if let csv {
            let rows = try Evaluator.rows(of: csv, files)
            guard case .record(let first)? = rows.first else {
                return MapPlan.Items(values: .literal(.list([]), .none), columns: [])
            }
            return MapPlan.Items(values: .literal(.list(rows), .none), columns: first.names)
        }
        if let range {
            let parts = TextPieces.split(range)
            guard let from = parts.first.flatMap({ Int($0) }), let to = parts.last.flatMap({ Int($0) }),
                parts.count == 2
            else {
                throw ValueError("--range must be first..last, such as 1..100, got '\(range)'")
            }
            let source = PlacedText("\(from)..\(to)", at: .none)
            let expression = Expression(
                .range(Expression(.literal(.int(from)), 0..<1), Expression(.literal(.int(to)), 0..<1)), 0..<1)
            return MapPlan.Items(
                values: .template(Template(parts: [.expression(PlacedExpression(expression, source))], place: .none)),
                columns: nil)
        }
        if !items.isEmpty { return MapPlan.Items(values: .literal(.strings(items), .none), columns: nil) }
        var lines: [Value] = []
        while let line = readLine(strippingNewline: true) { lines.append(.string(line)) }
        return MapPlan.Items(values: .literal(.list(lines), .none), columns: nil)
    }
}

/// Pieces of texts.
enum TextPieces {
    /// The two sides of `..`.
    static func split(_ text: String) -> [String] {
        let scalars = Array(text.unicodeScalars)
        guard let place = scalars.indices.dropLast().first(where: { scalars[$0] == "." && scalars[$0 + 1] == "." })
        else { return [] }
        return [
            String(String.UnicodeScalarView(scalars[..<place])),
            String(String.UnicodeScalarView(scalars[(place + 2)...])),
        ]
    }
}

extension Evaluator {
    /// The rows of a table.
    static func rows(of path: String, _ files: LocalFiles) throws(ValueError) -> [Value] {
        var evaluator = Evaluator(files: files) { (name) throws(ValueError) in name == "path" ? .string(path) : nil }
        let call = Expression(.call("csv", [Expression(.name("path"), 0..<1)]), 0..<1)
        guard case .list(let rows) = try evaluator.value(of: call) else { return [] }
        return rows
    }
}
