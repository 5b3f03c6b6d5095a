import AsyncFlow
import AsyncFlowPrometheus
import Foundation
#if canImport(FoundationNetworking)
import FoundationNetworking
#endif
import Logging
import TestSupport
import Testing

private struct TestError: Error {}

nonisolated(nonsending) private func withTestEngine<Result>(
    _ body: (WorkflowEngine) async throws -> Result
) async throws -> Result {
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    return try await withWorkflowEngine(
        WorkflowEngine.Configuration(workers: 2, logger: logger), signals: .ignored, body)
}

/// - Returns: the answer's media type and text.
private func get(_ url: String, accept: String? = nil) async throws -> (type: String, text: String) {
    let (data, status, type) = try await fetch(url, accept: accept)
    #expect(status == 200)
    return (type, String(decoding: data, as: UTF8.self))
}

private func fetch(_ url: String, accept: String? = nil) async throws -> (Data, Int, String) {
    let session = URLSession(configuration: .ephemeral)
    defer { session.invalidateAndCancel() }
    var request = URLRequest(url: URL(string: url)!)
    if let accept { request.setValue(accept, forHTTPHeaderField: "Accept") }
    let (data, response) = try await session.data(for: request)
    let answer = response as! HTTPURLResponse
    return (data, answer.statusCode, answer.value(forHTTPHeaderField: "Content-Type") ?? "")
}

private func runTasks(_ flow: WorkflowEngine) async throws {
    let good = flow.functionTask("good") { 1 }
    for _ in 0..<4 { _ = try await good().value }
    let known = flow.functionTask("good") { () -> Int in
        TaskContext.current!.reportReuse("a call of an earlier run")
        return 1
    }
    _ = try await known().value
    let bad = flow.functionTask("bad \"quoted\"\\\nline") { () throws -> Int in throw TestError() }
    _ = await bad().result
}

@Suite("A page of metrics for Prometheus", .timeLimit(.minutes(2)))
struct PrometheusEndpointTests {
    @Test("the page says what has happened, in the older form and as OpenMetrics")
    func page() async throws {
        try await withTestEngine { flow async throws in
            let endpoint = try await flow.startPrometheusEndpoint(port: 0)
            #expect(endpoint.url == "http://127.0.0.1:\(endpoint.port)/metrics")
            try await runTasks(flow)
            await endpoint.flush()
            let old = try await get(endpoint.url)
            #expect(old.type == "text/plain; version=0.0.4; charset=utf-8")
            #expect(old.text.contains("# TYPE tasks_completed_total counter\ntasks_completed_total 5\n"))
            #expect(old.text.contains("tasks_failed_total 1\n"))
            #expect(old.text.contains("tasks_reused_total 1\n"))
            #expect(old.text.contains("tasks_running 0.0\n"))
            #expect(old.text.contains("asyncflow_info{session_id=\"\(flow.id)\"} 1.0\n"))
            #expect(old.text.contains(#"task_duration_seconds_bucket{task_name="good",le="+Inf"} 5"#))
            #expect(old.text.contains(#"task_duration_seconds_count{task_name="bad \"quoted\"\\\nline"} 1"#))
            let new = try await get(endpoint.url, accept: "application/openmetrics-text;version=1.0.0,text/plain;q=0.5")
            #expect(new.type.hasPrefix("application/openmetrics-text; version=1.0.0"))
            #expect(new.text.contains("# TYPE tasks_completed counter\ntasks_completed_total 5\n"))
            #expect(new.text.hasSuffix("# EOF\n"))
            let (_, status, _) = try await fetch(endpoint.url.replacingOccurrences(of: "/metrics", with: "/other"))
            #expect(status == 404)
        }
    }

    @Test("a page in a browser can't read the metrics by another name for this machine")
    func otherHost() async throws {
        try await withTestEngine { flow async throws in
            let endpoint = try await flow.startPrometheusEndpoint(port: 0)
            var request = URLRequest(url: URL(string: endpoint.url)!)
            request.setValue("evil.example:\(endpoint.port)", forHTTPHeaderField: "Host")
            let session = URLSession(configuration: .ephemeral)
            let (data, response) = try await session.data(for: request)
            #expect((response as? HTTPURLResponse)?.statusCode == 421)
            #expect(!String(decoding: data, as: UTF8.self).contains("tasks_"))
            let local = endpoint.url.replacingOccurrences(of: "127.0.0.1", with: "localhost")
            #expect(try await fetch(local).1 == 200)
        }
    }

    @Test("a port that is in use is an error that says so, and a number that isn't a port, too")
    func portInUse() async throws {
        try await withTestEngine { flow async throws in
            let endpoint = try await flow.startPrometheusEndpoint(port: 0)
            let port = endpoint.port
            let error = await #expect(throws: PrometheusEndpointError.self) {
                _ = try await flow.startPrometheusEndpoint(port: port)
            }
            #expect(error?.description.contains("port \(port)") == true)
            #expect(error?.description.contains("give another port") == true)
            await #expect(throws: PrometheusEndpointError.self) {
                _ = try await flow.startPrometheusEndpoint(port: 70_000)
            }
        }
    }

    @Test("the port is closed by stopping and by the engine's end, and can be used again at once")
    func ends() async throws {
        let port = try await withTestEngine { flow async throws -> Int in
            let endpoint = try await flow.startPrometheusEndpoint(port: 0)
            await endpoint.stop()
            await endpoint.stop()
            return try await flow.startPrometheusEndpoint(port: endpoint.port).port
        }
        try await withTestEngine { flow async throws in
            let endpoint = try await flow.startPrometheusEndpoint(port: port)
            _ = try await get(endpoint.url)
        }
        await #expect(throws: (any Error).self) { try await get("http://127.0.0.1:\(port)/metrics") }
    }

    @Test(
        "a real Prometheus scrapes it, and its values can be asked for",
        .enabled(if: RealPrometheus.isInstalled, "scripts/install-tools telemetry installs Prometheus"))
    func realPrometheus() async throws {
        try await withTestEngine { flow async throws in
            let endpoint = try await flow.startPrometheusEndpoint(port: 0)
            try await runTasks(flow)
            await endpoint.flush()
            let server = try await RealPrometheus.start(scraping: endpoint.port)
            defer { server.stop() }
            #expect(try await server.value(of: "tasks_completed_total") == "5")
            #expect(try await server.value(of: "tasks_failed_total") == "1")
            #expect(try await server.value(of: "task_duration_seconds_count{task_name=\"good\"}") == "5")
            let name = #"task_duration_seconds_count{task_name="bad \"quoted\"\\\nline"}"#
            #expect(try await server.value(of: name) == "1")
            let quantile = "histogram_quantile(0.5, task_duration_seconds_bucket{task_name=\"good\"})"
            #expect(Double(try await server.value(of: quantile) ?? "") ?? .infinity < 60)
        }
    }
}

/// The program of Debian's package `prometheus`.
private final class RealPrometheus: Sendable {
    private static let path = ["/usr/bin/prometheus", "/usr/local/bin/prometheus"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }
    static var isInstalled: Bool { !TestRun.isQuick && path != nil }

    private let process: Process
    private let port: Int
    private let folder: URL

    private init(_ process: Process, port: Int, folder: URL) {
        self.process = process
        self.port = port
        self.folder = folder
    }

    static func start(scraping target: Int) async throws -> RealPrometheus {
        let folder = URL.temporaryDirectory.appending(path: "prometheus-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let configuration = """
            global: {scrape_interval: 1s, scrape_timeout: 1s}
            scrape_configs:
              - job_name: asyncflow
                static_configs: [{targets: ["127.0.0.1:\(target)"]}]
            """
        let file = folder.appending(path: "prometheus.yml")
        try Data(configuration.utf8).write(to: file)
        // It can't choose a port itself: one of those that are free is tried, and another one if it was taken
        // meanwhile.
        for _ in 0..<5 {
            let port = Int.random(in: 20_000...29_999)
            let process = Process()
            process.executableURL = URL(filePath: path!)
            process.arguments = [
                "--config.file=\(file.path)", "--storage.tsdb.path=\(folder.appending(path: "data").path)",
                "--web.listen-address=127.0.0.1:\(port)",
            ]
            process.standardError = FileHandle.nullDevice
            process.standardOutput = FileHandle.nullDevice
            try process.run()
            let server = RealPrometheus(process, port: port, folder: folder)
            while process.isRunning {
                if case (_, 200, _)? = try? await fetch("http://127.0.0.1:\(port)/-/ready") { return server }
                try await Task.sleep(for: .milliseconds(50))
            }
        }
        throw TestError()
    }

    /// What its API says, once it says anything.
    func value(of query: String) async throws -> String? {
        struct Answer: Decodable {
            struct Result: Decodable {
                struct Value: Decodable {
                    let text: String
                    init(from decoder: any Decoder) throws {
                        var container = try decoder.unkeyedContainer()
                        _ = try container.decode(Double.self)
                        text = try container.decode(String.self)
                    }
                }
                let value: Value
            }
            struct Data: Decodable { let result: [Result] }
            let data: Data
        }
        var components = URLComponents(string: "http://127.0.0.1:\(port)/api/v1/query")!
        components.queryItems = [URLQueryItem(name: "query", value: query)]
        while !Task.isCancelled {
            let (data, _, _) = try await fetch(components.url!.absoluteString)
            let answer = try JSONDecoder().decode(Answer.self, from: data)
            if let first = answer.data.result.first { return first.value.text }
            try await Task.sleep(for: .milliseconds(100))
        }
        return nil
    }

    func stop() {
        process.terminate()
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: folder)
    }
}
