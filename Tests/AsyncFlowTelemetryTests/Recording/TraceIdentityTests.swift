import Testing

@testable import AsyncFlowTelemetry

@Suite("Ids of traces and spans")
struct TraceIdentityTests {
    @Test("the same run has the same ids, another one others")
    func deterministic() {
        let (a, b) = (TraceIdentity(engineID: "x", parent: nil), TraceIdentity(engineID: "x", parent: nil))
        #expect(a == b)
        #expect(a.span(ofTask: 5) == b.span(ofTask: 5))
        #expect(a.traceID != TraceIdentity(engineID: "y", parent: nil).traceID)
        #expect(a.traceID.hex.count == 32)
    }

    @Test("spans differ, and none is zero")
    func distinct() {
        let identity = TraceIdentity(engineID: "x", parent: nil)
        var spans: Set<UInt64> = [identity.sessionSpan]
        for number in 0..<10_000 as Range<UInt64> {
            spans.insert(identity.span(ofTask: number))
            spans.insert(identity.span(ofTask: number, attempt: 2))
            spans.insert(identity.span(ofWorkflow: "\(number)"))
        }
        #expect(spans.count == 30_001)
        #expect(!spans.contains(0))
    }

    @Test("a parent in the environment gives the trace and the parent's span")
    func parent() {
        let identity = TraceIdentity(
            engineID: "x", parent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
        #expect(identity.traceID.hex == "0af7651916cd43dd8448eb211c80319c")
        #expect(identity.parentSpan?.hex == "b7ad6b7169203331")
        #expect(identity.sessionSpan != identity.parentSpan)
        #expect(
            identity.traceparent(of: 1) == "00-0af7651916cd43dd8448eb211c80319c-0000000000000001-01")
    }

    @Test(
        "a parent that isn't well-formed counts as none",
        arguments: [
            "", "00", "00-0-0-01", "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0af7651916cd43dd8448eb211c80319x-b7ad6b7169203331-01",
        ])
    func malformed(parent: String) {
        #expect(TraceIdentity(engineID: "x", parent: parent) == TraceIdentity(engineID: "x", parent: nil))
    }
}
