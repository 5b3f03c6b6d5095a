import AsyncFlow
import Foundation
import Logging
import NIOConcurrencyHelpers
import ScriptedHTTPServer
import Testing

@testable import AsyncFlowOpenTelemetry

/// Goes on for `ASYNCFLOW_FUZZ_SECONDS` (10 by default); `ASYNCFLOW_FUZZ_SEED` repeats a failure.
@Suite("Hostile collectors")
struct HostileCollectorTests {
    private static let answers = [
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 62\r\n\r\n"
            + #"{"partialSuccess":{"rejectedSpans":"3","errorMessage":"sk-01"}}"#,
        "HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 9\r\n\r\n\n\u{7}\u{8}\u{3}\u{12}\u{3}old",
        "HTTP/1.1 429 X\r\nRetry-After: 9223372036854775807\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 503 X\r\nRetry-After: Fri, 31 Dec 9999 23:59:59 GMT\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 401 X\r\nContent-Length: 40\r\n\r\nyour key sk-0123456789 of bob:hunter2\u{1B}[",
        "HTTP/1.1 307 X\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n", "SSH-2.0-x\r\n", "",
    ]

    @Test("a run goes well, ends in time, and logs nothing that is secret or harmful", .timeLimit(.minutes(60)))
    func answers() async throws {
        let hostile = NIOLockedValueBox(HostileText(Self.answers))
        let seed = hostile.withLockedValue { $0.seed }
        var rounds = 0
        try await ScriptedServer.run({ _ in
            hostile.withLockedValue { .bytes([$0.nextText()], Bool.random(using: &$0) ? .close : .hang) }
        }) { collector in
            let endpoint = collector.url("").replacing("http://", with: "http://bob:hunter2@")
            while !hostile.withLockedValue({ $0.isOver }) {
                rounds += 1
                let log = LogLines()
                try await withTestEngine(log: log) { flow async throws in
                    var configuration = OpenTelemetryExport.Configuration.test(
                        endpoint,
                        [
                            "OTEL_EXPORTER_OTLP_HEADERS": "api-key=sk-0123456789", "OTEL_EXPORTER_OTLP_TIMEOUT": "50",
                            "OTEL_METRIC_EXPORT_INTERVAL": "10", "OTEL_BSP_EXPORT_TIMEOUT": "100",
                            "OTEL_BLRP_EXPORT_TIMEOUT": "100",
                        ])
                    configuration.shutdownTimeout = .milliseconds(100)
                    let export = try flow.startOpenTelemetry(configuration)
                    let task = flow.functionTask("task") { 1 }
                    for _ in 0..<5 { #expect(try await task().value == 1) }
                    await export.flush(within: .milliseconds(100))
                }
                let text = log.all.joined()
                #expect(
                    !text.contains("hunter2") && !text.contains("sk-0123456789"),
                    "seed \(seed), round \(rounds): \(text)")
                let isHarmless = text.unicodeScalars.allSatisfy {
                    $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value)
                }
                #expect(isHarmless, "seed \(seed), round \(rounds): \(text.debugDescription)")
            }
        }
        #expect(rounds > 0)
    }

    @Test("any bytes are an answer of some kind", .timeLimit(.minutes(60)))
    func bytes() {
        var hostile = HostileText([
            #"{"partialSuccess":{"rejectedSpans":"3","errorMessage":"old"}}"#, "\n\u{7}\u{8}\u{3}\u{12}\u{3}old", "no",
        ])
        repeat {
            let body = hostile.nextText()
            let status = Int.random(in: 100...599, using: &hostile)
            let media = ["application/json", "application/x-protobuf", nil].randomElement(using: &hostile)!
            let answer = OTLPAnswer(status: status, retryAfter: nil, mediaType: media, body: body)
            if case .accepted(let rejected, _) = answer { #expect(rejected >= 0, "seed \(hostile.seed)") }
            #expect((answer.problem ?? "").count < 400, "seed \(hostile.seed)")
        } while !hostile.isOver
    }
}
