import AsyncFlow
import AsyncFlowServiceLifecycle
import Logging
import ServiceLifecycle
import ServiceLifecycleTestKit
import Testing

@Suite("An engine as a service", .timeLimit(.minutes(1)))
struct WorkflowEngineServiceTests {
    @Test("a graceful shutdown of the group lets a running task finish and ends the engine")
    func gracefulShutdown() async throws {
        let flow = WorkflowEngine()
        let (started, start) = AsyncStream.makeStream(of: Void.self)
        let (released, release) = AsyncStream.makeStream(of: Void.self)
        let future = flow.functionTask("slow") { () async -> Int in
            start.yield()
            for await _ in released { break }
            return 42
        }()
        try await testGracefulShutdown { trigger in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await WorkflowEngineService(flow).run() }
                for await _ in started { break }
                trigger.triggerGracefulShutdown()
                release.yield()
                try await group.waitForAll()
            }
        }
        #expect(try await future.value == 42)
        #expect(await flow.functionTask("late") { 1 }().result.isCancelled)
    }

    @Test("cancelling the group cancels a running task and ends the engine")
    func cancellation() async throws {
        let flow = WorkflowEngine()
        let future = flow.functionTask("endless") { () async throws in try await Task.sleep(for: .seconds(3600)) }()
        let service = Task { try await WorkflowEngineService(flow).run() }
        service.cancel()
        await #expect(throws: CancellationError.self) { try await service.value }
        #expect(await future.result.isCancelled)
    }
}

extension Result where Failure == any Error {
    fileprivate var isCancelled: Bool {
        if case .failure(is TaskCancelledError) = self { return true }
        return false
    }
}
