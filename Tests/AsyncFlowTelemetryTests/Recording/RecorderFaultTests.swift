import AsyncFlow
import AsyncFlowBase
import Foundation
import Logging
import Testing

@testable import AsyncFlowTelemetry

/// Keeps what is logged as a warning.
private final class Warnings: Sendable {
    let messages = Lock<[String]>([])
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
        #expect(messages.first?.contains("the disk is full (No space left on device)") == true)
        #expect(messages.last?.contains("lacks the last") == true)
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

    @Test(
        "a recording that is removed or moved goes on in a new one at its path, and that is said once",
        arguments: [true, false])
    func gone(isRemoved: Bool) async throws {
        let folder = try TemporaryFolder()
        let warnings = Warnings()
        var path = ""
        try await withTestEngine(logger: warnings.logger) { flow async throws in
            let directory = folder.path + "/gone"
            let telemetry = try flow.startTelemetry(.init(recording: .directory(directory), sampleInterval: nil))
            path = try #require(telemetry.recordingPath)
            try await flow.functionTask("before") {}().value
            try await telemetry.flush()
            if isRemoved {
                try FileManager.default.removeItem(atPath: directory)
            } else {
                try FileManager.default.moveItem(atPath: path, toPath: folder.path + "/moved")
            }
            for _ in 0..<3 {
                try await flow.functionTask("after") {}().value
                try await telemetry.flush(fsync: true)
            }
        }
        let messages = warnings.messages.withLock { $0 }
        #expect(messages.count == 1)
        #expect(messages.first?.contains("was moved or removed") == true)
        #expect(messages.first?.contains(path) == true)
        let recording = try Recording(path)
        #expect(recording.lines.first?["event_type"] as? String == "SessionStarted")
        #expect(recording.lines.first?.attributes["asyncflow.continues"] as? Bool == true)
        #expect(recording.lines(of: "after").count { $0["event_type"] as? String == "TaskCompleted" } == 3)
        #expect(recording.lines(of: "before").isEmpty)
        if !isRemoved { #expect(try Recording(folder.path + "/moved").types(of: "before").last == "TaskCompleted") }
        #expect(try RunFile.read(path).model.hasEnded)
    }

    @Test("where it can't go on, it goes on in the file that was moved, and that is said once")
    func goneForGood() async throws {
        let folder = try TemporaryFolder()
        let warnings = Warnings()
        try await withTestEngine(logger: warnings.logger) { flow async throws in
            let telemetry = try flow.startTelemetry(.init(recording: .directory(folder.path), sampleInterval: nil))
            let path = try #require(telemetry.recordingPath)
            try FileManager.default.moveItem(atPath: path, toPath: folder.path + "/moved")
            try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: folder.path + "/elsewhere")
            for _ in 0..<3 {
                try await flow.functionTask("after") {}().value
                try await telemetry.flush()
            }
            #expect(!FileManager.default.fileExists(atPath: folder.path + "/elsewhere"))
        }
        #expect(try Recording(folder.path + "/moved").lines(of: "after").count == 18)
        #expect(warnings.messages.withLock { $0 }.count == 1)
    }

    @Test("a recording is its owner's alone, and isn't written through a link that waits at its place")
    func privateFile() async throws {
        let folder = try TemporaryFolder()
        var file = try RecordingFile(path: folder.path + "/new/recording")
        #expect(file.write(UnsafeRawBufferPointer(start: nil, count: 0)).problem == nil)
        func mode(_ path: String) throws -> Int {
            try #require(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
        }
        #expect(try mode(folder.path + "/new/recording") == 0o600)
        #expect(try mode(folder.path + "/new") == 0o700)
        try FileManager.default.createSymbolicLink(
            atPath: folder.path + "/link", withDestinationPath: folder.path + "/target")
        let error = #expect(throws: TelemetryError.self) { _ = try RecordingFile(path: folder.path + "/link").path }
        #expect(error?.description.contains("symbolic link") == true)
        #expect(!FileManager.default.fileExists(atPath: folder.path + "/target"))
        _ = try RecordingFile(path: folder.path + "/new/recording").path  // one's own is gone on with
    }
}
