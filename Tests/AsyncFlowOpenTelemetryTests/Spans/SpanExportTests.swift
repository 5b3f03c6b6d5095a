import AsyncFlow
import AsyncFlowOpenTelemetry
import Foundation
import Logging
import ScriptedHTTPServer
import Testing
import Tracing

@Suite(
    "Spans, metrics and logs as a collector gets them", .timeLimit(.minutes(2)),
    .enabled(if: OfficialProtocol.isInstalled, "scripts/install-tools telemetry installs what decodes them"))
struct SpanExportTests {
    private static let hostile = "a \"name\"\\ with\n\u{1}\u{7f} \u{2028} and 🧪 é"

    @Test("a run with everything in it", arguments: ["http/json", "http/protobuf"], ["none", "gzip"])
    func everything(encoding: String, compression: String) async throws {
        try await ScriptedServer.run { collector in
            let trace = try await run(
                collector, ["OTEL_EXPORTER_OTLP_PROTOCOL": encoding, "OTEL_EXPORTER_OTLP_COMPRESSION": compression])
            let spans = try collector.decoded("traces")
            let byName = Dictionary(grouping: spans) { $0["name"] }
            #expect(spans.allSatisfy { $0["traceId"] == trace })
            #expect(Set(spans.map { $0["spanId"] }).count == spans.count)
            func one(_ name: String) throws -> Decoded {
                #expect(byName[name]?.count == 1, "\(name)")
                return try #require(byName[name]?.first)
            }
            let session = try one("session")
            #expect(session["parentSpanId"] == "b7ad6b7169203331")
            #expect(session.resource["service.name"] == "test")
            #expect(session.resource["telemetry.sdk.language"] == "swift")

            let scope = try one("campaign")
            #expect(scope["parentSpanId"] == session["spanId"])
            let first = try one("first")
            #expect(first["parentSpanId"] == scope["spanId"])
            #expect(first.attributes["asyncflow.workflow_id"] == "campaign")
            #expect(first.attributes["asyncflow.task_type"] == "function")
            #expect(first.attributes["asyncflow.status"] == "completed")
            #expect(first[object: "status"]["code"] == "1")
            #expect(first.attributes["gen_ai.response.model"] == "tiny")
            #expect(first.attributes["asyncflow.reused"] == "a call of an earlier run")
            #expect(session.attributes["asyncflow.reused"] == nil)
            #expect(first.attributes["gen_ai.usage.input_tokens"] == "10")
            #expect(UInt64(first["startTimeUnixNano"])! >= UInt64(scope["startTimeUnixNano"])!)
            #expect(UInt64(first["endTimeUnixNano"])! <= UInt64(scope["endTimeUnixNano"])!)
            let now = UInt64(Date().timeIntervalSince1970 * 1e9)
            #expect(
                UInt64(first["endTimeUnixNano"])! > now - 120_000_000_000 && UInt64(first["endTimeUnixNano"])! < now)

            let second = try one(Self.hostile)
            #expect(second[list: "links"].map { $0["spanId"] } == [first["spanId"]])

            let block = try one("block")
            #expect(block["parentSpanId"] == session["spanId"])
            let member = try #require(byName["member"]?.first { $0["parentSpanId"] == block["spanId"] })
            #expect(member.attributes["asyncflow.block_id"] == block.attributes["asyncflow.task_id"])

            let failing = try one("failing")
            #expect(failing[object: "status"]["code"] == "2")
            #expect(failing[object: "status"]["message"].contains("no luck"))
            let exception = try #require(failing[list: "events"].first)
            #expect(exception["name"] == "exception")
            #expect(exception.attributes["exception.type"]?.hasSuffix("TestError") == true)
            #expect(failing.attributes["asyncflow.attempt"] == "2")
            let attempts = [try one("attempt 1"), try one("attempt 2")]
            #expect(attempts.allSatisfy { $0["parentSpanId"] == failing["spanId"] })
            #expect(attempts.allSatisfy { $0[object: "status"]["code"] == "2" })

            let dependent = try one("dependent")
            #expect(dependent.attributes["asyncflow.incomplete_lifecycle"] == "1")
            #expect(dependent[list: "links"].map { $0["spanId"] } == [failing["spanId"]])

            let command = try one("command")
            #expect(command.attributes["asyncflow.cpu_seconds"] != nil)
            // What the command found in its environment.
            let seen = try one("seen")
            #expect(seen.attributes["traceparent"] == "00-\(trace)-\(command["spanId"])-01\n")

            let many = try one("many")
            #expect(many[list: "links"].count == 128)
            #expect(many["droppedLinksCount"] == "22")
            let inner = try one("inner")
            #expect(inner["parentSpanId"] == first["spanId"])
            #expect(inner["kind"] == "3")
            #expect(inner.attributes["numbers"] == "[1,2]")

            try checkMetrics(collector)
            try checkLogs(collector, trace: trace, failing: failing, first: first)
        }
    }

    private func checkMetrics(_ collector: ScriptedServer) throws {
        let metrics = try collector.decoded("metrics")
        let last = Dictionary(metrics.map { ($0["name"], $0) }) { _, last in last }
        func sum(_ name: String) -> String { last[name]?[object: "sum"][list: "dataPoints"].first?["asInt"] ?? "" }
        #expect(sum("tasks_failed") == "2")
        #expect(sum("tasks_completed") == "157")
        #expect(sum("tasks_reused") == "1")
        #expect(sum("tasks_canceled") == "0")
        #expect(sum("tasks_running") == "0")
        #expect(last["tasks_completed"]?[object: "sum"]["isMonotonic"] == "1")
        #expect(last["tasks_completed"]?[object: "sum"]["aggregationTemporality"] == "2")
        let durations = last["task_duration_seconds"]?[object: "histogram"][list: "dataPoints"] ?? []
        let first = try #require(durations.first { $0.attributes["asyncflow.task_name"] == "first" })
        #expect(first["count"] == "1")
        #expect(first[texts: "bucketCounts"].count == first[texts: "explicitBounds"].count + 1)
        #expect(first[texts: "bucketCounts"].compactMap { Int($0) }.reduce(0, +) == 1)
    }

    private func checkLogs(
        _ collector: ScriptedServer, trace: String, failing: Decoded, first: Decoded
    ) throws {
        let records = try collector.decoded("logs")
        func record(_ text: String) throws -> Decoded {
            let found = records.filter { $0[object: "body"].text.contains(text) }
            #expect(found.count == 1, "\(text)")
            return try #require(found.first)
        }
        #expect(records.allSatisfy { $0["traceId"] == trace || $0["traceId"].isEmpty })
        let failure = try record("failed in attempt 1")
        #expect(failure["severityNumber"] == "13")
        let final = try #require(records.first { $0["severityNumber"] == "17" })
        #expect(final["spanId"] == failing["spanId"])
        #expect(final.attributes["exception.message"]?.contains("no luck") == true)
        let own = try record("said by task code")
        #expect(own["spanId"] == first["spanId"])
        #expect(own.attributes["answer"] == "42")
        let custom = try record("test.happened")
        #expect(custom["eventName"] == "test.happened")
        #expect(custom.attributes["where"] == Self.hostile)
        #expect(custom["spanId"] == first["spanId"])
    }

    /// - Returns: the trace's id.
    private func run(_ collector: ScriptedServer, _ variables: [String: String]) async throws -> String {
        var variables = variables
        variables["TRACEPARENT"] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        let log = LogLines()
        let trace = try await withTestEngine(log: log) { flow async throws -> String in
            let export = try flow.startOpenTelemetry(.test(collector.url(""), variables))
            let logger = Logger(label: "user") { label in
                OpenTelemetryLogHandler(CollectingLogHandler(lines: log), label: label)
            }
            let first = flow.functionTask("first") { () -> Int in
                TaskContext.current!.reportReuse("a call of an earlier run")
                logger.info("said by task code", metadata: ["answer": "42"])
                try flow.record("test.happened", ["where": .string(Self.hostile)])
                for _ in 0..<2 { try TaskContext.current?.record("gen_ai.completed", MetricsTests.answer) }
                return OTLPTracer().withSpan("inner", ofKind: .client) { span in
                    span.attributes["numbers"] = SpanAttribute.int64Array([1, 2])
                    return 1
                }
            }
            let second = flow.functionTask(Self.hostile) { (value: Int) in value + 1 }
            try await flow.withWorkflowScope("campaign") { _ = try await second(first()).value }
            let member = flow.functionTask("member") { 1 }
            _ = try await flow.block("block") { try await member().value }().value
            let failing = flow.functionTask("failing", .retry(1)) { () throws -> Int in
                throw TestError(description: "no luck")
            }
            let dependent = flow.functionTask("dependent") { (value: Int) in value }
            _ = await dependent(failing()).result
            let seen = flow.functionTask("look") { (environment: String) in
                OTLPTracer().withSpan("seen") { $0.attributes["traceparent"] = environment }
                return environment.count
            }
            _ = try await seen(flow.executableTask("command") { "printenv TRACEPARENT" }()).value
            let many = flow.functionTask("many") { (values: [Int]) in values.count }
            #expect(try await many((0..<150).map { _ in member() }).value == 150)
            #expect(await export.flush(within: .seconds(30)))
            return export.traceID ?? ""
        }
        #expect(log.all.filter { $0.contains("OpenTelemetry") }.isEmpty)
        return trace
    }
}
