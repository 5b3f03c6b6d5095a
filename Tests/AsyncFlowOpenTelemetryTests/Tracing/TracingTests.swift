import AsyncFlow
import AsyncFlowOpenTelemetry
import InMemoryTracing
import Logging
import Testing
import Tracing

/// Tells programs of its spans as real tracers do.
private struct W3CTracer: Tracer {
    let memory = InMemoryTracer()

    func startSpan<Instant: TracerInstant>(
        _ operationName: String, context: @autoclosure () -> ServiceContext, ofKind kind: SpanKind,
        at instant: @autoclosure () -> Instant, function: String, file fileID: String, line: UInt
    ) -> InMemorySpan {
        memory.startSpan(
            operationName, context: context(), ofKind: kind, at: instant(), function: function, file: fileID, line: line
        )
    }
    func inject<Carrier, Inject: Injector>(
        _ context: ServiceContext, into carrier: inout Carrier, using injector: Inject
    ) where Inject.Carrier == Carrier {
        guard let span = context.inMemorySpanContext else { return }
        injector.inject("00-\(span.traceID)-\(span.spanID)-01", forKey: "traceparent", into: &carrier)
    }
    func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier, into context: inout ServiceContext, using extractor: Extract
    ) where Extract.Carrier == Carrier {}
    func forceFlush() {}
}

@Suite("Tasks as spans of the program's own tracer", .timeLimit(.minutes(1)))
struct TracingTests {
    @Test("tasks, blocks and scopes nest, task code's spans are within, and all of them end")
    func nesting() async throws {
        let tracer = W3CTracer()
        var environment = ""
        try await withTestEngine { flow async throws in
            try flow.startTracing(tracer)
            let synchronous = flow.functionTask("sync") { tracer.withSpan("in sync") { _ in 1 } }
            let suspending = flow.functionTask("async") { () async -> Int in
                await Task.yield()
                return await Task { tracer.withSpan("in async") { _ in 1 } }.value
            }
            _ = try await flow.block("block") { try await synchronous().value }().value
            try await flow.withWorkflowScope("campaign") {
                async let first = suspending().value
                async let second = suspending().value
                _ = try await (first, second)
            }
            environment = try await flow.executableTask("command") { "printenv TRACEPARENT" }().value
            let failing = flow.functionTask("failing", .retry(1)) { () throws -> Int in
                throw TestError(description: "no")
            }
            let dependent = flow.functionTask("dependent") { (value: Int) in value }
            _ = await dependent(failing()).result
        }
        #expect(tracer.memory.activeSpans.isEmpty)
        let spans = tracer.memory.finishedSpans
        func one(_ name: String) throws -> FinishedInMemorySpan {
            let found = spans.filter { $0.operationName == name }
            #expect(found.count == 1, "\(name)")
            return try #require(found.first)
        }
        let session = try one("session")
        #expect(Set(spans.map(\.traceID)) == [session.traceID])
        let block = try one("block")
        #expect(block.parentSpanID == session.spanID)
        #expect(try one("sync").parentSpanID == block.spanID)
        #expect(try one("in sync").parentSpanID == one("sync").spanID)
        let campaign = try one("campaign")
        #expect(campaign.parentSpanID == session.spanID)
        let members = spans.filter { $0.operationName == "async" }
        #expect(members.count == 2)
        #expect(members.allSatisfy { $0.parentSpanID == campaign.spanID })
        #expect(Set(spans.filter { $0.operationName == "in async" }.map(\.parentSpanID)) == Set(members.map(\.spanID)))
        let command = try one("command")
        #expect(environment == "00-\(command.traceID)-\(command.spanID)-01\n")
        let failing = try one("failing")
        #expect(failing.status?.code == .error)
        #expect(failing.errors.count == 1)
        #expect(try one("dependent").status?.code == .error)
        #expect(spans.allSatisfy { $0.startInstant.nanosecondsSinceEpoch <= $0.endInstant.nanosecondsSinceEpoch })
    }

    @Test("without a tracer, task code and commands know the ids that our own export has")
    func ids() async throws {
        try await withTestEngine { flow async throws in
            let tracing = try flow.startTracing()
            #expect(TaskTrace.current == nil)
            let first = try #require(try await flow.functionTask("a") { TaskTrace.current }().value)
            let second = try #require(try await flow.functionTask("b") { () async in TaskTrace.current }().value)
            #expect(first.traceID == second.traceID)
            #expect(first.spanID != second.spanID)
            #expect(first.traceparent == "00-\(first.traceID)-\(first.spanID)-01")
            let environment = try await flow.executableTask("c") { "printenv TRACEPARENT" }().value
            #expect(environment.hasPrefix("00-\(first.traceID)-"))
            let given = flow.executableTask("d") {
                Command("printenv", "TRACEPARENT").environment(["TRACEPARENT": "own"])
            }
            #expect(try await given().value == "own\n")
            #expect(throws: OpenTelemetryError.self) { try flow.startTracing() }
            await tracing.stop()
            #expect(try await flow.functionTask("e") { TaskTrace.current }().value == nil)
        }
    }

    @Test("our tracer carries the context to other programs and back")
    func propagation() throws {
        struct Headers: Injector, Extractor {
            func inject(_ value: String, forKey key: String, into carrier: inout [String: String]) {
                carrier[key] = value
            }
            func extract(key: String, from carrier: [String: String]) -> String? { carrier[key] }
        }
        let tracer = OTLPTracer()
        var context = ServiceContext.topLevel
        let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
        tracer.extract(["traceparent": parent], into: &context, using: Headers())
        var carrier: [String: String] = [:]
        tracer.inject(context, into: &carrier, using: Headers())
        #expect(carrier == ["traceparent": parent])
        let span = tracer.startSpan("span", context: context)
        #expect(!span.isRecording)
        tracer.inject(span.context, into: &carrier, using: Headers())
        #expect(carrier["traceparent"]?.hasPrefix("00-0af7651916cd43dd8448eb211c80319c-") == true)
        #expect(carrier["traceparent"] != parent)
        span.end()
        for nonsense in [
            "", "00-1-2-01", "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        ] {
            var context = ServiceContext.topLevel
            tracer.extract(["traceparent": nonsense], into: &context, using: Headers())
            #expect(context.isEmpty, "\(nonsense)")
        }
    }

    @Test("a log's own lines carry the ids, when its provider is asked to")
    func metadataProvider() async throws {
        try await withTestEngine { flow async throws in
            try flow.startTracing()
            #expect(Logger.MetadataProvider.asyncFlowTrace.get().isEmpty)
            let (trace, metadata) = try await flow.functionTask("a") {
                (TaskTrace.current, Logger.MetadataProvider.asyncFlowTrace.get())
            }().value
            #expect(metadata["trace_id"] == "\(trace?.traceID ?? "")")
            #expect(metadata["span_id"] == "\(trace?.spanID ?? "")")
        }
    }
}
