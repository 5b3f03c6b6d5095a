import TestSupport
import AsyncFlow
import Foundation
import Testing

@Suite("Services within arguments", .timeLimit(.minutes(1)))
struct ServiceNestingTests {
    enum Nesting: String, CaseIterable, Sendable {
        case arrays, optionals, dictionary, futureArrays, futureOptional, futureDictionary, all, map, deep
    }

    /// Calls a task that has the service somewhere in its argument, and goes on until the service is gone.
    private func call(_ nesting: Nesting, _ flow: WorkflowEngine, _ service: TaskFuture<ServiceHandle>, _ began: Gate)
        async throws -> TaskFuture<Void>
    {
        let handle = try await service.value
        @Sendable func wait() async throws {
            began.open()
            try await Gate().wait()
        }
        switch nesting {
        case .arrays:
            return flow.functionTask("t") { (_: [[ServiceHandle]]) async throws in try await wait() }([[handle]])
        case .optionals:
            return flow.functionTask("t") { (_: [ServiceHandle?]) async throws in try await wait() }([nil, handle])
        case .dictionary:
            return flow.functionTask("t") { (_: [String: ServiceHandle]) async throws in try await wait() }([
                "a": handle
            ])
        case .futureArrays:
            return flow.functionTask("t") { (_: [[ServiceHandle]]) async throws in try await wait() }([[service]])
        case .futureOptional:
            return flow.functionTask("t") { (_: ServiceHandle?) async throws in try await wait() }(Optional(service))
        case .futureDictionary:
            return flow.functionTask("t") { (_: [String: ServiceHandle]) async throws in try await wait() }([
                "a": service
            ])
        case .all:
            return flow.functionTask("t") { (_: [ServiceHandle]) async throws in try await wait() }(
                [service].all(in: flow))
        case .map:
            return flow.functionTask("t") { (_: ServiceHandle) async throws in try await wait() }(service.map { $0 })
        case .deep:
            return flow.functionTask("t") { (_: [String: [[ServiceHandle?]]]) async throws in try await wait() }(
                ["a": [[nil], [handle]]])
        }
    }

    @Test("the end of a service fails whoever has it in an argument, however deep", arguments: Nesting.allCases)
    func attached(nesting: Nesting) async throws {
        try await withTestEngine { flow async throws in
            let service = flow.serviceTask("service", ready: .logLine(/ready/)) {
                Command.shell("echo ready; exec sleep 1000")
            }()
            let began = Gate()
            let client = try await call(nesting, flow, service, began)
            try await began.wait()
            kill(try await service.value.processID!, SIGKILL)
            let failure = try #require((await client.error as? TaskFailedError)?.cause as? ServiceFailure)
            #expect(failure.signal == SIGKILL)
            // One that is called afterwards doesn't begin.
            let late = try await call(nesting, flow, service, Gate())
            let error = try #require(await late.error as? DependencyFailureError)
            #expect(error.rootCause is ServiceFailure)
        }
    }
}
