import ArgumentParser
import BenchmarkSupport
import Foundation

struct PeersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "peers",
        abstract: "The same shapes with other engines, as far as Peers/install could install them.")

    @Option(help: "Tasks per shape for the peers in C++.")
    var tasks = 1_000_000

    @Option(help: "Tasks per shape for the peers in Python, some of which take milliseconds for each.")
    var pythonTasks = 1_000

    @Option(help: "Rounds; figures are medians over them.")
    var rounds = 3

    @Option(help: "Seconds after which a peer is ended.")
    var limit = 600

    @Option(help: "Only this peer; may be repeated.")
    var only: [String] = []

    @Option(help: "Where the peers' programs are.")
    var directory = "Benchmarks/Peers"

    @Option(help: "Where Peers/install put what it built.")
    var buildDirectory = "Benchmarks/.build/peers"

    func validate() throws {
        guard tasks >= 1, pythonTasks >= 1, rounds >= 1, limit >= 1 else {
            throw ValidationError("--tasks, --python-tasks, --rounds and --limit take numbers of 1 or more.")
        }
        if let unknown = only.first(where: { name in !Peer.all.contains { $0.name == name } }) {
            let names = Peer.all.map(\.name).joined(separator: ", ")
            throw ValidationError("There is no peer '\(unknown)'; there are \(names).")
        }
    }

    func run() async throws {
        var figures: [Figure] = []
        for peer in Peer.all where only.isEmpty || only.contains(peer.name) {
            print("\(peer.name) …")
            let outcome = await peer.program(in: self).run(within: .seconds(limit))
            for line in outcome.lines {
                if let figure = Figure(line: line) { figures.append(figure) } else { print(line) }
            }
            if let failure = outcome.failure { print("\(peer.name): \(failure)") }
        }
        guard !figures.isEmpty else { throw ProgramFailed("No peer gave a figure; Peers/install installs them.") }
        printTable(of: figures)
        Figure.print(figures)
    }

    /// A row per engine and unit of cost, a column per shape.
    private func printTable(of figures: [Figure]) {
        var values: [String: [String: Double]] = [:]
        var engines: [String] = []
        for figure in figures {
            let words = figure.name.split(separator: ".").map(String.init)
            guard words.count == 4, words[0] == "peer", words[3] == "cpu_us" || words[3] == "wall_us" else { continue }
            let row = "\(words[1]), \(words[3] == "cpu_us" ? "CPU" : "wall") µs"
            if values[row] == nil { engines.append(row) }
            values[row, default: [:]][words[2]] = figure.value
        }
        let columns = Workload.allCases.map(\.rawValue) + ["commands"]
        var table = Table(title: "Peers, per task or process:", header: [""] + columns)
        for engine in engines {
            table.rows.append([engine] + columns.map { values[engine]?[$0].text ?? "–" })
        }
        table.print()
    }
}

/// A program in `Peers/` that prints figures.
private struct Peer: Sendable {
    var name: String
    var isPython: Bool

    static let all = [
        Peer(name: "tbb", isPython: false),
        Peer(name: "radical_asyncflow", isPython: true),
        Peer(name: "dask_threads", isPython: true),
        Peer(name: "parsl_threads", isPython: true),
    ]

    func program(in command: PeersCommand) -> ExternalProgram {
        let built = URL(filePath: command.buildDirectory)
        guard isPython else {
            return ExternalProgram(
                executable: built.appending(path: name),
                arguments: ["\(command.tasks)", "\(command.rounds)"])
        }
        return ExternalProgram(
            executable: built.appending(path: "venv/bin/python"),
            arguments: [
                URL(filePath: command.directory).appending(path: "\(name).py").path,
                "\(command.pythonTasks)", "\(command.rounds)",
            ])
    }
}
