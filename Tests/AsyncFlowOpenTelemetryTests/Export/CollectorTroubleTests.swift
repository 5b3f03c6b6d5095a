import AsyncFlow
import AsyncFlowOpenTelemetry
import Foundation
import Logging
import NIOConcurrencyHelpers
import NIOHTTP1
import ScriptedHTTPServer
import Testing

@Suite("Collectors that aren't as they should be", .timeLimit(.minutes(2)))
struct CollectorTroubleTests {
    private static let tracesOnly = ["OTEL_METRICS_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none"]

    /// Runs some tasks.
    ///
    /// - Returns: what became of the spans, what was logged, and how long the end took.
    private func run(
        _ endpoint: String, _ variables: [String: String] = tracesOnly, tasks: Int = 20,
        shutdown: Duration = .seconds(3),
        _ meanwhile: @Sendable (OpenTelemetryExport) async throws -> Void = { _ in }
    ) async throws -> (statistics: OpenTelemetryExport.Statistics, log: [String], end: Duration) {
        let log = LogLines()
        let box = NIOLockedValueBox<OpenTelemetryExport?>(nil)
        let clock = ContinuousClock()
        var start = clock.now
        try await withTestEngine(log: log) { flow async throws in
            var configuration = OpenTelemetryExport.Configuration.test(endpoint, variables)
            configuration.shutdownTimeout = shutdown
            let export = try flow.startOpenTelemetry(configuration)
            box.withLockedValue { $0 = export }
            let task = flow.functionTask("task") { 1 }
            for _ in 0..<tasks { #expect(try await task().value == 1) }
            try await meanwhile(export)
            start = clock.now
        }
        let end = clock.now - start
        return (box.withLockedValue { $0! }.statistics, log.all, end)
    }

    @Test("a proxy of the environment is asked, with the collector's user and password in a header and not in the log")
    func proxy() async throws {
        try await ScriptedServer.run({ $0.path.hasSuffix("traces") ? .answer() : .answer(403) }) { proxy in
            let variables = Self.tracesOnly.merging(["http_proxy": "http://127.0.0.1:\(proxy.port)"]) { $1 }
            let (statistics, log, _) = try await run("http://bob:hunter2@collector.example.org:4318", variables)
            #expect(statistics.lost == 0)
            #expect(statistics.sent == 21)
            #expect(proxy.requests.first?.path == "http://collector.example.org:4318/v1/traces")
            #expect(proxy.requests.first?.headers["authorization"].count == 1)
            #expect(!log.joined().contains("hunter2"))
            let refused = try await run(
                "https://bob:hunter2@collector.example.org:4318",
                Self.tracesOnly.merging(["https_proxy": "http://127.0.0.1:\(proxy.port)"]) { $1 },
                shutdown: .milliseconds(100))
            #expect(refused.log.contains { $0.contains("the proxy refused to open a connection") })
            #expect(!refused.log.joined().contains("hunter2"))
        }
    }

    @Test("a password that the collector repeats, plain or encoded, is in no line of the log")
    func repeatedPassword() async throws {
        let encoded = Data("bob:hunter2".utf8).base64EncodedString()
        try await ScriptedServer.run({ _ in .answer(400, body: "no hunter2 here, nor \(encoded)") }) { collector in
            let endpoint = "http://bob:hunter2@127.0.0.1:\(collector.port)"
            let log = try await run(endpoint).log.joined()
            #expect(log.contains("no [redacted] here"), "\(log)")
            #expect(!log.contains("hunter2") && !log.contains(encoded), "\(log)")
        }
    }

    @Test("429 with Retry-After is waited for, and nothing is lost")
    func busy() async throws {
        try await ScriptedServer.run({ request in
            request.number == 1 ? .answer(429, [("Retry-After", "1")]) : .answer(200)
        }) { collector in
            let (statistics, log, _) = try await run(collector.url("")) { _ = await $0.flush(within: .seconds(60)) }
            #expect(statistics.lost == 0)
            #expect(statistics.sent == 21)
            #expect(statistics.retries == 1)
            #expect(collector.requests[0].bytes == collector.requests[1].bytes)
            #expect(log.filter { $0.contains("429") }.count == 1)
        }
    }

    @Test("503, a hanging request and a broken answer are tried again")
    func transient() async throws {
        let variables = Self.tracesOnly.merging(["OTEL_EXPORTER_OTLP_TIMEOUT": "300"]) { _, new in new }
        try await ScriptedServer.run({ request in
            switch request.number {
            case 1: .answer(503)
            case 2: .raw("", .hang)
            case 3: .answer(body: "half", length: 100, .close)
            default: .answer(200)
            }
        }) { collector in
            let (statistics, _, _) = try await run(collector.url(""), variables) {
                _ = await $0.flush(within: .seconds(60))
            }
            #expect(statistics.lost == 0)
            #expect(statistics.sent == 21)
            #expect(statistics.retries == 3)
        }
    }

    @Test("what a collector refuses, wholly or in part, is counted and said at the end")
    func refusal() async throws {
        try await ScriptedServer.run({ _ in .answer(400, body: "wrong tenant") }) { collector in
            let (statistics, log, _) = try await run(collector.url(""))
            #expect(statistics.sent == 0)
            #expect(statistics.lost == 21)
            #expect(log.last?.contains("21 spans didn't reach") == true)
            #expect(log.last?.contains("wrong tenant") == true)
        }
        try await ScriptedServer.run({ _ in
            .answer(
                200, [("Content-Type", "application/json")],
                body: #"{"partialSuccess":{"rejectedSpans":"1","errorMessage":"too long"}}"#)
        }) { collector in
            let (statistics, log, _) = try await run(collector.url(""), tasks: 1) { await $0.flush() }
            #expect(statistics.lost == collector.requests.count)
            #expect(log.last?.contains("too long") == true)
        }
    }

    @Test("a port that nobody listens on costs nothing, and the log says so")
    func deadPort() async throws {
        let port = try await ScriptedServer.run { $0.port }
        let (statistics, log, end) = try await run("http://127.0.0.1:\(port)", [:], shutdown: .seconds(60))
        #expect(statistics.sent == 0)
        #expect(statistics.lost >= 22)
        #expect(log.contains { $0.contains("can't be exported to http://127.0.0.1:\(port)/v1/traces") })
        #expect(log.contains { $0.contains("21 spans didn't reach http://127.0.0.1:\(port)/v1/traces") })
        #expect(end < .seconds(60))
    }

    @Test("a collector that never answers is waited for no longer than allowed", arguments: [0, 300])
    func hanging(milliseconds: Int) async throws {
        try await ScriptedServer.run({ _ in .raw("", .hang) }) { collector in
            let (statistics, log, end) = try await run(
                collector.url(""), [:], shutdown: .milliseconds(milliseconds))
            #expect(statistics.sent == 0)
            #expect(statistics.lost >= 21)
            #expect(log.contains { $0.contains("spans didn't reach") })
            #expect(end < .seconds(60))
        }
    }

    @Test("what there is no room for is counted, and the tasks don't notice")
    func overflow() async throws {
        let small = Self.tracesOnly.merging([
            "OTEL_BSP_MAX_QUEUE_SIZE": "10", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "5",
        ]) { _, new in new }
        try await ScriptedServer.run({ _ in .raw("", .hang) }) { collector in
            let (statistics, log, _) = try await run(collector.url(""), small, tasks: 200, shutdown: .zero)
            #expect(statistics.lost == 201)
            #expect(log.contains { $0.contains("because too many waited") })
        }
    }

    @Test(
        "after the end no descriptor and no thread is left",
        .enabled(if: FileManager.default.fileExists(atPath: "/proc/self")))
    func nothingLeft() async throws {
        func count(_ folder: String) throws -> Int {
            try FileManager.default.contentsOfDirectory(atPath: "/proc/self/\(folder)").count
        }
        let dead = try await ScriptedServer.run { $0.port }
        try await ScriptedServer.run { collector in
            _ = try await run(collector.url(""), [:])  // threads that stay for good are there now
            _ = try await run("http://127.0.0.1:\(dead)", [:])
            // Dispatch's own threads come and go; one that is left by each run would be ten more.
            let before = (try count("fd"), try count("task") + 4)
            for _ in 0..<5 {
                _ = try await run(collector.url(""), [:])
                _ = try await run("http://127.0.0.1:\(dead)", [:])
            }
            // The other side closes its connections, and threads leave the list, a moment after.
            for _ in 0..<400 where (try count("fd"), try count("task")) > before {
                try await Task.sleep(for: .milliseconds(10))
            }
            #expect(try count("fd") <= before.0)
            #expect(try count("task") <= before.1)
        }
    }

    @Test("stopping twice, flushing afterwards, and an engine that ends meanwhile")
    func stopping() async throws {
        try await ScriptedServer.run { collector in
            let (statistics, _, _) = try await run(collector.url(""), [:]) { export in
                await export.stop()
                await export.stop()
                #expect(await export.flush())
            }
            #expect(statistics.lost == 0)
            #expect(statistics.sent == 22)
        }
    }

    @Test("a header with a key goes with each request, but is not in the log")
    func headers() async throws {
        try await ScriptedServer.run({ _ in .answer(401) }) { collector in
            let (_, log, _) = try await run(
                collector.url(""),
                [
                    "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20hunter2",
                    "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL": "http/json",
                ])
            #expect(!collector.requests.isEmpty)
            #expect(collector.requests.allSatisfy { $0.headers.first(name: "authorization") == "Bearer hunter2" })
            let types = Set(collector.requests.map { "\($0.path) \($0.headers.first(name: "Content-Type") ?? "")" })
            #expect(
                types.isSubset(of: [
                    "/v1/traces application/x-protobuf", "/v1/metrics application/x-protobuf",
                    "/v1/logs application/json",
                ]))
            #expect(!log.contains { $0.contains("hunter2") })
        }
    }

    @Test("a URL that can't be is an error that names it")
    func badURL() async throws {
        try await withTestEngine { flow async throws in
            var configuration = OpenTelemetryExport.Configuration(environment: [:])
            configuration.logs = .init(url: "collector")
            let error = #expect(throws: OpenTelemetryError.self) { try flow.startOpenTelemetry(configuration) }
            #expect(error?.description.contains("logs can't be exported to 'collector'") == true)
        }
    }
}
