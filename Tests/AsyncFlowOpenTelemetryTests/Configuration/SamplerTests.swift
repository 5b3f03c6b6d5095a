import AsyncFlow
import AsyncFlowTelemetry
import Foundation
import NIOConcurrencyHelpers
import ScriptedHTTPServer
import Testing

@testable import AsyncFlowOpenTelemetry

@Suite("Which traces are exported", .timeLimit(.minutes(1)))
struct SamplerTests {
    private static let parent = "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331"

    @Test("a ratio is decided by the trace's id, as other implementations do, and a parent goes before it")
    func decisions() {
        func sampler(_ share: Double) -> OpenTelemetryExport.Sampler { .ratio(share) }
        func trace(_ low: UInt64) -> TraceID { TraceID(high: 1, low: low) }
        #expect(sampler(0.5).samples(trace(0x7FFF_FFFF_FFFF_FFFF), parent: nil))
        #expect(!sampler(0.5).samples(trace(0x8000_0000_0000_0000), parent: nil))
        #expect(sampler(1).samples(trace(.max), parent: false))
        #expect(!sampler(0).samples(trace(0), parent: true))
        #expect(sampler(.nan) == .alwaysOff && sampler(7) == .alwaysOn && sampler(-1) == .alwaysOff)
        #expect(OpenTelemetryExport.Sampler.parentBased(.alwaysOff).samples(trace(1), parent: true))
        #expect(!OpenTelemetryExport.Sampler.parentBased(.alwaysOff).samples(trace(1), parent: nil))
        #expect(!OpenTelemetryExport.Sampler.parentBased(.alwaysOn).samples(trace(1), parent: false))
    }

    /// - Returns: what a command of the run finds as `TRACEPARENT`, and where requests went.
    private func run(_ variables: [String: String]) async throws -> (parent: String, paths: Set<String>) {
        try await ScriptedServer.run { collector in
            let found = try await withTestEngine { flow async throws in
                let export = try flow.startOpenTelemetry(.test(collector.url(""), variables))
                let show = flow.executableTask("show") { Command.shell("echo \"$TRACEPARENT\"") }
                let found = try await show().value
                let failing = flow.functionTask("fails") { () throws -> Int in throw TestError(description: "x") }
                _ = await failing().result
                _ = await export.flush(within: .seconds(30))
                return found
            }
            return (found.trimmingCharacters(in: .whitespacesAndNewlines), Set(collector.requests.map(\.path)))
        }
    }

    @Test("a parent that isn't sampled: no spans, but metrics and logs, and commands are told so")
    func unsampled() async throws {
        let (parent, paths) = try await run(["TRACEPARENT": "00-\(Self.parent)-00"])
        #expect(parent.hasPrefix("00-0af7651916cd43dd8448eb211c80319c-") && parent.hasSuffix("-00"))
        #expect(paths == ["/v1/metrics", "/v1/logs"])
        let off = try await run(["OTEL_TRACES_SAMPLER": "always_off", "TRACEPARENT": "00-\(Self.parent)-01"])
        #expect(off.parent.hasSuffix("-00"))
        #expect(off.paths == ["/v1/metrics", "/v1/logs"])
    }

    @Test("always_on goes before the parent, and without propagators commands aren't told")
    func sampled() async throws {
        let on = try await run(["OTEL_TRACES_SAMPLER": "always_on", "TRACEPARENT": "00-\(Self.parent)-00"])
        #expect(on.parent.hasSuffix("-01"))
        #expect(on.paths.contains("/v1/traces"))
        let silent = try await run(["OTEL_PROPAGATORS": "none"])
        #expect(silent.parent.isEmpty)
        #expect(silent.paths.contains("/v1/traces"))
    }

    @Test("attributes beyond the limits are left out, and texts shortened")
    func limits() {
        var limits = OpenTelemetryExport.AttributeLimits()
        limits.count = 2
        limits.valueLength = 3
        let attributes = [
            Attribute("a", "abcd"), Attribute("b", .array([.string("äöüß"), .integer(1)])), Attribute("c", "x"),
        ]
        #expect(
            limits.applied(to: attributes) == [
                Attribute("a", "abc"), Attribute("b", .array([.string("äöü"), .integer(1)])),
            ])
    }
}
