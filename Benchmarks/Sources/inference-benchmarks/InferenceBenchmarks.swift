import ArgumentParser
import AsyncFlow
import AsyncFlowInference
import AsyncHTTPClient
import BenchmarkSupport
import CProcessUsage
import Logging
import NIOCore
import NIOHTTP1

/// What a prompt task costs besides the request that it makes.
@main
struct InferenceBenchmarks: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inference-benchmarks",
        abstract:
            "Prompts to a server in this process that answers at once: next to bare requests, many, and cancelled.")

    @Option(help: "Prompts of a round, one after the other.")
    var prompts = 2_000

    @Option(help: "Prompts that are under way at once.")
    var inFlight = 1_000

    @Option(help: "Rounds; figures are medians over them.")
    var rounds = 5

    func validate() throws {
        guard prompts >= 10, inFlight >= 1, rounds >= 2 else {
            throw ValidationError("--prompts takes 10 or more, --in-flight 1 or more, --rounds 2 or more.")
        }
    }

    func run() async throws {
        try await withModelServer { server in
            let backend = try InferenceBackend("model", model: "none", baseURL: server.baseURL, apiKey: "")
            let quiet = Logger(label: "benchmark") { _ in SwiftLogNoOpLogHandler() }
            try await withWorkflowEngine(.init(logger: quiet), backends: [LocalBackend(), backend]) { flow in
                let overhead = try await overhead(flow, server)
                let memory = try await flood(flow, server)
                let cancelled = try await cancellation(flow, server)
                Figure.print(
                    [
                        Figure("prompt.overhead_us", overhead, "us"),
                        Figure("prompt.flood_growth_mib", memory, "MiB"),
                        Figure("prompt.cancel_ms", cancelled, "ms"),
                    ].compactMap(\.self))
            }
        }
    }

    /// - Returns: the time of a prompt task beyond that of a bare request, in microseconds.
    private func overhead(_ flow: WorkflowEngine, _ server: ModelServer) async throws -> Double? {
        let ask = flow.promptTask("ask", .temperature(0)) { (number: Int) in "What is \(number)?" }
        func bare() async throws -> [Double] {
            let clock = ContinuousClock()
            var times: [Double] = []
            for number in 0..<prompts {
                let start = clock.now
                var request = HTTPClientRequest(url: server.baseURL + "/chat/completions")
                request.method = .POST
                request.headers.add(name: "content-type", value: "application/json")
                request.body = .bytes(
                    ByteBuffer(
                        string:
                            #"{"messages":[{"content":"What is \#(number)?","role":"user"}],"model":"none","temperature":0}"#
                    ))
                let response = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
                _ = try await response.body.collect(upTo: 1 << 20)
                times.append((clock.now - start).microseconds)
            }
            return times
        }
        func tasks() async throws -> [Double] {
            let clock = ContinuousClock()
            var times: [Double] = []
            for number in 0..<prompts {
                let start = clock.now
                _ = try await ask(number).value
                times.append((clock.now - start).microseconds)
            }
            return times
        }
        _ = try await (bare(), tasks())
        var table = Table(
            title: "\(prompts) requests one after the other, µs each:", header: ["", "median", "p99"])
        var differences: [Double] = []
        var (bareTimes, taskTimes): ([Double], [Double]) = ([], [])
        for _ in 0..<rounds {
            let (request, task) = try await (bare(), tasks())
            if let a = request.median, let b = task.median { differences.append(b - a) }
            bareTimes += request
            taskTimes += task
        }
        table.rows = [
            ["bare requests", bareTimes.median.text, bareTimes.percentile(0.99).text],
            ["prompt tasks", taskTimes.median.text, taskTimes.percentile(0.99).text],
        ]
        table.print()
        return differences.median
    }

    /// Prompts that the server answers only when all of them are there.
    ///
    /// - Returns: by how much resident memory grew from the second round to the last one, in MiB.
    private func flood(_ flow: WorkflowEngine, _ server: ModelServer) async throws -> Double? {
        let ask = flow.promptTask("ask") { (number: Int) in "What is \(number)?" }
        var resident: [Double] = []
        for _ in 0..<max(rounds, 3) {
            server.hold(until: inFlight)
            let answers = try await (0..<inFlight).map { ask($0) }.values()
            guard answers.count == inFlight else { throw ValidationError("answers are missing") }
            process_usage_release_freed_memory()
            resident.append(Double(process_usage_resident_bytes()) / Double(1 << 20))
        }
        server.hold(until: 0)
        print(
            "\n\(inFlight) prompts under way at once, resident MiB after each round: \(resident.map(\.text).joined(separator: ", "))"
        )
        return resident.last.flatMap { last in resident.dropFirst().first.map { last - $0 } }
    }

    /// - Returns: the time from a task's cancellation until the server sees that its connection is closed, in
    ///   milliseconds.
    private func cancellation(_ flow: WorkflowEngine, _ server: ModelServer) async throws -> Double? {
        let ask = flow.promptTask("ask") { "?" }
        let clock = ContinuousClock()
        var times: [Double] = []
        for _ in 0..<50 {
            server.hold(until: .max)
            let future = ask()
            await server.waitForArrival()
            let start = clock.now
            future.cancel()
            await server.waitForDeparture()
            times.append((clock.now - start).microseconds / 1e3)
        }
        print(
            "\n50 cancelled prompts, ms until the server knows: median \(times.median.text), longest \(times.max().text)"
        )
        return times.max()
    }
}
