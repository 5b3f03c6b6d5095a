import ArgumentParser
import AsyncFlow
import BenchmarkSupport
import CProcessUsage

/// Whether memory stays where it is: over millions of tasks through one engine, and after a finished graph was dropped.
struct MemoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "memory",
        abstract: "Resident memory while ten million tasks stream through one engine, and after a graph was dropped.")

    @Option(help: "Tasks to stream.")
    var tasks = 10_000_000

    @Option(help: "Tasks of the graph that is dropped.")
    var graph = 1_000_000

    @Option(help: "How many tasks may be unfinished while streaming.")
    var window = 1_000

    func validate() throws {
        guard tasks >= 10, graph >= 1, window >= 1 else {
            throw ValidationError("--graph and --window take numbers of 1 or more, --tasks of 10 or more.")
        }
    }

    func run() async throws {
        let (streamed, dropped) = try await withWorkflowEngine { flow in
            let increment = flow.functionTask("increment") { (a: Int) in taskBody(a) }
            let streamed = try await growthWhileStreaming(flow, increment)
            return (streamed, try await growthAfterDropping(increment))
        }
        var table = Table(title: "Growth of resident memory:", header: ["", "MiB"])
        table.rows.append(["\(tasks) tasks streamed, \(window) at a time", streamed.text])
        table.rows.append(["a chain of \(graph) tasks, finished and dropped", dropped.text])
        table.print()
        Figure.print(
            [
                Figure("memory.streamed_growth_mib", streamed, "MiB"),
                Figure("memory.dropped_growth_mib", dropped, "MiB"),
            ].compactMap { $0 })
    }

    /// From the first tenth of the tasks on, when everything that is reused has been made, to the last.
    private func growthWhileStreaming(
        _ flow: WorkflowEngine, _ increment: FunctionTask<Int, Int>
    ) async throws -> Double {
        var before = 0
        var sum = 0
        var count = 0
        for try await value in flow.stream(0..<tasks, window: window, { increment($0) }) {
            sum &+= value
            count += 1
            if count == tasks / 10 { before = Self.residentBytes() }
        }
        guard sum == (0..<tasks).reduce(0, { $0 &+ $1 &+ 1 }) else {
            throw ValidationError("The sum of the streamed values is wrong: its figures would mean nothing.")
        }
        return Self.mebibytes(Self.residentBytes() - before)
    }

    private func growthAfterDropping(_ increment: FunctionTask<Int, Int>) async throws -> Double {
        let before = Self.residentBytes()
        var futures = [increment(0)]
        futures.reserveCapacity(graph)
        for _ in 1..<graph { futures.append(increment(futures.last!)) }
        _ = try await futures.last!.value
        futures = []
        return Self.mebibytes(Self.residentBytes() - before)
    }

    private static func residentBytes() -> Int {
        process_usage_release_freed_memory()
        return Int(process_usage_resident_bytes())
    }

    private static func mebibytes(_ bytes: Int) -> Double { Double(bytes) / Double(1 << 20) }
}
