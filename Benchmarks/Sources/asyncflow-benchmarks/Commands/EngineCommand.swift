import ArgumentParser
import BenchmarkSupport

struct EngineCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "engine",
        abstract: """
            The four shapes of graph: CPU time, wall time and memory per task; the time to wake up; what options cost; \
            and the ways around the shapes.
            """)

    @Option(help: "Tasks per shape.")
    var tasks = 1_000_000

    @Option(help: "Rounds; figures are medians over them.")
    var rounds = 3

    @Option(help: "Only this: a shape (W1 to W4), wakeup, managed or around; may be repeated.")
    var only: [Part] = []

    @Option(help: "Only this kind of body (sync or async); may be repeated.")
    var body: [BodyKind] = []

    @Option(help: "Samples of the time to wake up; 0 leaves it out.")
    var wakeUps = 500

    func validate() throws {
        guard tasks >= 1 else { throw ValidationError("--tasks takes a number of 1 or more.") }
        guard rounds >= 1 else { throw ValidationError("--rounds takes a number of 1 or more.") }
        guard wakeUps >= 0 else { throw ValidationError("--wake-ups takes a number of 0 or more.") }
    }

    func run() async throws {
        var figures: [Figure?] = []
        for workload in Workload.allCases where wants(.shape(workload)) {
            for kind in BodyKind.allCases where body.isEmpty || body.contains(kind) {
                let rounds = Rounds(workload: workload, body: kind, tasks: tasks, rounds: rounds)
                let series = try await rounds.run(Self.variants(workload, kind))
                figures += Comparison(workload, kind, tasks: tasks, series).report()
            }
        }
        if wakeUps > 0, wants(.wakeUp) {
            figures += try await WakeUps(samples: wakeUps).report()
        }
        if wants(.managed) {
            figures += try await ManagedTasks(tasks: max(1, tasks * 3 / 10), rounds: rounds).report()
        }
        if wants(.around) {
            figures += try await WaysAround(tasks: tasks, rounds: rounds).report()
        }
        Figure.print(figures.compactMap { $0 })
    }

    private func wants(_ part: Part) -> Bool { only.isEmpty || only.contains(part) }

    static func variants(_ workload: Workload, _ body: BodyKind) -> [Variant] {
        HandWritten.variants(workload, body) + [EngineShapes.variant(workload, body)].compactMap { $0 }
    }
}

/// A part of what is measured.
enum Part: ExpressibleByArgument, Hashable {
    case shape(Workload)
    case wakeUp
    case managed
    case around

    init?(argument: String) {
        switch argument.lowercased() {
        case "wakeup": self = .wakeUp
        case "managed": self = .managed
        case "around": self = .around
        default:
            guard let workload = Workload(argument: argument) else { return nil }
            self = .shape(workload)
        }
    }
}

/// The variants of one shape side by side.
private struct Comparison {
    let workload: Workload
    let body: BodyKind
    let tasks: Int
    let series: [Series]
    /// The cheapest hand-written way, by CPU time.
    let baseline: Series?

    init(_ workload: Workload, _ body: BodyKind, tasks: Int, _ series: [Series]) {
        (self.workload, self.body, self.tasks, self.series) = (workload, body, tasks, series)
        baseline = series.filter { $0.variant.role == .baseline }.min { $0.medianCPU < $1.medianCPU }
    }

    /// Prints the table and returns the figures.
    func report() -> [Figure?] {
        var table = Table(
            title: """
                \(workload.rawValue) \(workload.summary), \(body.rawValue) bodies, \
                \(workload.taskCount(for: tasks)) tasks; per task:
                """,
            header: ["", "CPU µs", "wall µs", "bytes", "CPU ratio"])
        var figures: [Figure?] = []
        for series in series {
            let ratio = baseline.flatMap { Ratio(of: series.cpu, to: $0.cpu).median }
            table.rows.append([
                label(of: series), series.medianCPU.text, series.wall.median.text, series.bytesPerTask.text, ratio.text,
            ])
            let prefix = prefix(of: series)
            if series.variant.role == .engine {
                figures.append(Figure("\(prefix).cpu_ratio", ratio, "x"))
            }
            figures.append(Figure("\(prefix).cpu_us", series.medianCPU, "us"))
            figures.append(Figure("\(prefix).wall_us", series.wall.median, "us"))
            figures.append(Figure("\(prefix).bytes_per_task", series.bytesPerTask, "B"))
        }
        table.print()
        return figures
    }

    private func label(of series: Series) -> String {
        switch series.variant.role {
        case .engine: series.variant.name
        case .reference: "\(series.variant.name) (reference)"
        case .baseline: series.variant.name == baseline?.variant.name ? "\(series.variant.name) *" : series.variant.name
        }
    }

    private func prefix(of series: Series) -> String {
        switch series.variant.role {
        case .engine: "\(workload.rawValue).\(body.rawValue)"
        case .baseline, .reference: "by_hand.\(workload.rawValue).\(body.rawValue).\(series.variant.name)"
        }
    }
}
