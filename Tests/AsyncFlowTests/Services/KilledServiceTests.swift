import TestSupport
import Foundation
import Logging
import Testing

@testable import AsyncFlow
@testable import AsyncFlowProcesses
@testable import AsyncFlowPolicies

@Suite("Services that are killed from outside", .timeLimit(.minutes(2)))
struct KilledServiceTests {
    /// Runs a command only in name: ends as it is told to, whatever happens.
    private struct Deaf: CommandBackend {
        let name = "deaf"
        let gate = Gate()
        let error: any Error

        func execute(_ request: CommandRequest) async throws -> CommandResult {
            await gate.waitStubbornly()
            throw error
        }
    }

    private func log(_ lines: Recorder<String>) -> WorkflowEngine.Configuration {
        var configuration = WorkflowEngine.Configuration.quiet()
        configuration.logger = Logger(label: "test") {
            ConsoleLogHandler(label: $0, format: .plain) { lines.append($0) }
        }
        configuration.logger.logLevel = .debug
        return configuration
    }

    @Test("one that had died when it was told to stop has failed, and the log says by what")
    func diedBeforeItWasStopped() async throws {
        let lines = Recorder<String>()
        let backend = Deaf(error: CommandError(.signalled(signal: SIGKILL), "server"))
        try await withWorkflowEngine(log(lines), backends: [backend], signals: .ignored) { flow in
            let handle = try await flow.serviceTask("server", ready: .immediately) { "server" }().value
            let failures = Recorder<ServiceFailure?>()
            handle.onExit { failures.append($0) }
            async let stop: Void = handle.stop()
            while handle.state != .stopping { await Task.yield() }
            backend.gate.open()
            await stop
            #expect(handle.state == .failed)
            #expect(failures.values.count == 1 && failures.values[0]?.signal == SIGKILL)
        }
        let text = lines.values.joined()
        #expect(text.contains("server (task.000001) failed: service ended: "), "\(text)")
        #expect(text.contains("signal 9"))
        #expect(!text.contains("stopped"))
    }

    @Test("one that ends because it was told to has been stopped")
    func stopped() async throws {
        let backend = Deaf(error: CancellationError())
        try await withTestEngine(backends: [backend]) { flow in
            let handle = try await flow.serviceTask("server", ready: .immediately) { "server" }().value
            backend.gate.open()
            await handle.stop()
            #expect(handle.state == .stopped || handle.state == .failed)
        }
    }

    @Test("a client that fails because its service is gone says so, and what it saw itself")
    func client() async throws {
        for round in 0..<30 {
            let folder = try TemporaryFolder("killed")
            let fifo = folder["fifo"]
            #expect(mkfifo(fifo, 0o600) == 0)
            let lines = Recorder<String>()
            let error = await Result {
                try await withWorkflowEngine(log(lines), signals: .ignored) { flow in
                    let service = flow.serviceTask("server", ready: .logLine(/ready/)) {
                        Command.shell("echo ready; exec sh -c 'echo up; exec sleep 1000' > '\(fifo)'")
                    }
                    // Reads until the server's end of the pipe is closed: as a client sees the end of a connection.
                    let client = flow.functionTask("client") { (server: ServiceHandle) throws in
                        let file = open(fifo, O_RDONLY)
                        defer { close(file) }
                        var byte: UInt8 = 0
                        _ = read(file, &byte, 1)  // it has opened its end, and not only begun to
                        kill(server.processID!, SIGKILL)
                        while read(file, &byte, 1) > 0 {}
                        throw TestError("connection lost")
                    }
                    try await client(service()).value
                }
            }
            guard case .failure(let thrown) = error, let failed = thrown as? TaskFailedError else {
                Issue.record("round \(round): \(error)")
                continue
            }
            let failure = failed.cause as? ServiceFailure
            #expect(failure?.signal == SIGKILL, "round \(round): \(failed)")
            #expect(failed.message.contains("connection lost"), "round \(round): \(failed)")
            #expect("\(failed.rootCause)".contains("signal 9"), "round \(round)")
            let text = lines.values.joined()
            #expect(text.contains("server (task.000001) failed: service ended: "), "round \(round): \(text)")
            #expect(!text.contains("server (task.000001) stopped"), "round \(round)")
        }
    }

    @Test("a client's own failure stays its own while the service lives")
    func ownFailure() async throws {
        try await withTestEngine { flow in
            let service = flow.serviceTask("server", ready: .logLine(/ready/)) {
                Command.shell("echo ready; exec sleep 1000")
            }
            let client = flow.functionTask("client") { (_: ServiceHandle) throws in throw TestError("mine") }
            let error = try #require(await client(service()).error as? TaskFailedError)
            #expect(error.cause as? TestError == TestError("mine"))
        }
    }
}

extension Result where Failure == any Error {
    fileprivate init(_ body: () async throws -> Success) async {
        do {
            self = .success(try await body())
        } catch {
            self = .failure(error)
        }
    }
}
