import AsyncFlow
import Foundation
import Logging
import Synchronization
import Testing

@testable import AsyncFlowTelemetry

/// Keeps what is logged as a warning.
private final class Warnings: Sendable {
    let messages = Mutex<[String]>([])
    var logger: Logger {
        var logger = Logger(label: "test") { [self] _ in Handler(warnings: self) }
        logger.logLevel = .warning
        return logger
    }

    private struct Handler: LogHandler {
        let warnings: Warnings
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.warning
        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }
        func log(event: LogEvent) { warnings.messages.withLock { $0.append("\(event.message)") } }
    }
}

@Suite("Recordings that can't be written", .timeLimit(.minutes(1)))
struct RecorderFaultTests {
    private func recorder(at path: String, _ warnings: Warnings) throws -> Recorder {
        Recorder(
            try RecordingFile(path: path),
            EventLineEncoder(
                sessionID: "session", identity: TraceIdentity(engineID: "session", parent: nil), node: "node",
                facts: RunSessionFacts()),
            flushInterval: .milliseconds(1), startTime: .now, logger: warnings.logger)
    }

    #if os(Linux)
    @Test("a full disk ends the recording with one warning, the run goes on, and what is missing is counted and said")
    func fullDisk() async throws {
        let warnings = Warnings()
        let recorder = try recorder(at: "/dev/full", warnings)
        try await withTestEngine { flow async throws in
            let attachment = flow.attach(recorder, overflow: .wait())
            for _ in 0..<100 { try await flow.functionTask("task") {}().value }
            await attachment.flush()
            #expect(throws: TelemetryError.self) { try recorder.synchronize() }
        }
        let messages = warnings.messages.withLock { $0 }
        #expect(messages.count == 2)
        #expect(messages.first?.contains("No space left on device") == true)
        #expect(messages.last?.contains("is without the last") == true)
        #expect(recorder.counts.missing > 0)
        #expect(recorder.counts.recorded == 0)
    }
    #endif

    @Test("a pipe that nobody reads doesn't hold up the run for long, and what is missing is counted")
    func hangingPipe() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/pipe"
        #expect(mkfifo(path, 0o600) == 0)
        // A reader that never reads, so that the pipe can be opened, and fills.
        let reader = open(path, O_RDONLY | O_NONBLOCK)
        let warnings = Warnings()
        let recorder = try recorder(at: path, warnings)
        let flow = try WorkflowEngine(
            .init(
                workers: 2, workDirectory: folder.path, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        )
        let attachment = flow.attach(recorder, overflow: .wait(limit: 1_000, patience: .milliseconds(50)))
        let task = flow.functionTask("task") {}
        for _ in 0..<20_000 { task() }
        await flow.waitUntilIdle()
        #expect(attachment.droppedCount > 0)
        close(reader)  // from now on writing fails, so that the recorder gets away
        await flow.shutdown()
        #expect(recorder.counts.missing > 0)
    }

    @Test("a directory that can't be made is an error that names it", arguments: ["/proc/nothing/here", "/dev/null/x"])
    func noDirectory(path: String) async throws {
        try await withTestEngine { flow async throws in
            let error = #expect(throws: TelemetryError.self) {
                try flow.startTelemetry(.init(recording: .directory(path)))
            }
            #expect(error?.description.contains(path) == true)
        }
    }

    @Test("a directory that is removed meanwhile doesn't matter")
    func removedDirectory() async throws {
        let folder = try TemporaryFolder()
        try await withTestEngine { flow async throws in
            let telemetry = try flow.startTelemetry(
                .init(recording: .directory(folder.path + "/gone"), sampleInterval: nil))
            try FileManager.default.removeItem(atPath: folder.path + "/gone")
            try await flow.functionTask("task") {}().value
            try await telemetry.flush(fsync: true)
        }
    }
}
