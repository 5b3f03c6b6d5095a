import ArgumentParser
import BenchmarkSupport

struct CommandsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "commands",
        abstract: "Many short commands, against a loop of posix_spawn and waitpid in C.")

    @Option(help: "Runs of /bin/true per round.")
    var tasks = 1_000

    @Option(help: "How many run at a time.")
    var concurrency = 2

    @Option(help: "Rounds; figures are medians over them.")
    var rounds = 3

    func validate() throws {
        guard tasks >= 1, concurrency >= 1, rounds >= 1 else {
            throw ValidationError("--tasks, --concurrency and --rounds take numbers of 1 or more.")
        }
    }

    func run() async throws {
        let loop = try SpawnLoop()
        var loopCosts = Costs()
        var engineCosts = Costs()
        for _ in 0..<rounds {
            loopCosts.add(try await loop.run(count: tasks, concurrency: concurrency))
            if let commands = EngineShapes.commands {
                let (_, measurement) = try await Measurement.of { try await commands(tasks, concurrency) }
                engineCosts.add(
                    (measurement.wall.microseconds / Double(tasks), measurement.cpu.microseconds / Double(tasks)))
            }
        }

        // A rate is the inverse of a wall time: how many of ours in the time of one of the loop's.
        let ratio = Ratio(of: loopCosts.wall, to: engineCosts.wall).median
        var table = Table(
            title: "/bin/true, \(tasks) times, \(concurrency) at a time; per process:",
            header: ["", "wall µs", "CPU µs", "rate ratio"])
        table.rows.append(["C loop", loopCosts.wall.median.text, loopCosts.cpu.median.text, 1.0.text])
        if EngineShapes.commands != nil {
            table.rows.append(["AsyncFlow", engineCosts.wall.median.text, engineCosts.cpu.median.text, ratio.text])
        }
        table.print()
        Figure.print(
            [
                Figure("commands.rate_ratio", ratio, "x"),
                Figure("commands.wall_us", engineCosts.wall.median, "us"),
                Figure("commands.cpu_us", engineCosts.cpu.median, "us"),
                Figure("by_hand.commands.wall_us", loopCosts.wall.median, "us"),
                Figure("by_hand.commands.cpu_us", loopCosts.cpu.median, "us"),
            ].compactMap { $0 })
    }

    /// A value per round, in microseconds per process.
    private struct Costs {
        var wall: [Double] = []
        var cpu: [Double] = []

        mutating func add(_ cost: (wall: Double, cpu: Double)) {
            wall.append(cost.wall)
            cpu.append(cost.cpu)
        }
    }
}
