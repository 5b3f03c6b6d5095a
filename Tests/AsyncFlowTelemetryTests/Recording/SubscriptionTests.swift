import AsyncFlow
import AsyncFlowBase
import Testing

@testable import AsyncFlowTelemetry

@Suite("Subscriptions", .timeLimit(.minutes(1)))
struct SubscriptionTests {
    @Test("a closure is called for the events that it wants, in order, until it is cancelled")
    func closure() async throws {
        try await withTestEngine { flow async throws in
            let telemetry = try flow.startTelemetry(.init(recording: nil))
            #expect(telemetry.recordingPath == nil)
            let names = Lock<[String]>([])
            let subscription = telemetry.subscribe(where: { $0.type == .taskCompleted }) { event in
                names.withLock { $0.append(event.task?.name ?? "?") }
            }
            for name in ["a", "b", "c"] { try await flow.functionTask(name) {}().value }
            await subscription.cancel()
            try await flow.functionTask("d") {}().value
            #expect(names.withLock { $0 } == ["a", "b", "c"])
            #expect(subscription.droppedCount == 0)
        }
    }

    @Test("events are a sequence, too")
    func sequence() async throws {
        let failed = try await withTestEngine { flow async throws in
            let telemetry = try flow.startTelemetry(.init(recording: nil))
            let events = telemetry.events { $0.type == .taskFailed }
            let task = flow.functionTask("task") { (n: Int) throws -> Int in
                if n > 2 { throw CancelledAtWill() } else { n }
            }
            for n in 0..<5 { _ = await task(n).result }
            return events
        }
        var count = 0
        for await _ in failed { count += 1 }
        #expect(count == 2)
    }

    private struct CancelledAtWill: Error {}
}
