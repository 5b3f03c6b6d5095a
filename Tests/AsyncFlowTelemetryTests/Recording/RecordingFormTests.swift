import AsyncFlow
import AsyncFlowBase
import Foundation
import Logging
import Testing

@testable import AsyncFlowTelemetry

@Suite("Compressed and rotated recordings", .timeLimit(.minutes(2)))
struct RecordingFormTests {
    private func record(
        in folder: String, _ configuration: TelemetryConfiguration, tasks: Int, flushing: Bool = false
    ) async throws -> String {
        var configuration = configuration
        configuration.recordingDirectory = .directory(folder)
        configuration.sampleInterval = nil
        return try await withTestEngine { [configuration] flow async throws in
            let telemetry = try flow.startTelemetry(configuration)
            let task = flow.functionTask("task") { (n: Int) in n }
            for n in 0..<tasks {
                _ = try await task(n).value
                if flushing, n.isMultiple(of: 50) { try await telemetry.flush() }
            }
            return telemetry.recordingPath!
        }
    }

    private func names(_ folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    }

    @Test("a compressed recording is a gzip file of the same lines, and much smaller")
    func compressed() async throws {
        let folder = try TemporaryFolder()
        let path = try await record(in: folder.path, .init(compresses: true), tasks: 2_000)
        #expect(path.hasSuffix(".telemetry.jsonl.gz"))
        let file = try RunFile.read(path)
        #expect(file.model.totals[Int(RunState.done.rawValue)] == 2_000)
        #expect(file.model.hasEnded && file.notes.skippedCount == 0 && !file.notes.isLastLineCut)
        let size = try Data(contentsOf: URL(filePath: path)).count
        #expect(size < 2_000 * 500, "\(size)")
        let gzip = Process()
        gzip.executableURL = URL(filePath: "/usr/bin/env")
        gzip.arguments = ["gzip", "-t", path]
        try gzip.run()
        gzip.waitUntilExit()
        #expect(gzip.terminationStatus == 0)
    }

    @Test("what was flushed of a compressed recording can be read before its end")
    func compressedUnfinished() async throws {
        let folder = try TemporaryFolder()
        let found = try await withTestEngine { flow async throws in
            let telemetry = try flow.startTelemetry(
                .init(recording: .directory(folder.path), sampleInterval: nil, compresses: true))
            for _ in 0..<10 { try await flow.functionTask("task") {}().value }
            try await telemetry.flush()
            return try RunFile.read(telemetry.recordingPath!)
        }
        #expect(found.model.totals[Int(RunState.done.rawValue)] == 10 && !found.model.hasEnded)
    }

    @Test("a rotated recording is read as one, the newest file naming all", arguments: [false, true])
    func rotated(compresses: Bool) async throws {
        let folder = try TemporaryFolder()
        let rotation = TelemetryConfiguration.Rotation(size: MemorySize(bytes: 64 << 10))
        let path = try await record(
            in: folder.path, .init(compresses: compresses, rotation: rotation), tasks: compresses ? 3_000 : 600,
            flushing: true)
        let files = try names(folder.path)
        #expect(files.count > 2, "\(files)")
        #expect(files.contains { $0.hasSuffix(".telemetry.00001.jsonl" + (compresses ? ".gz" : "")) })
        let file = try RunFile.read(path)
        #expect(file.model.totals[Int(RunState.done.rawValue)] == (compresses ? 3_000 : 600))
        #expect(file.model.hasEnded && file.notes.skippedCount == 0)
        #expect(file.model.started.allSatisfy { $0 >= 0 }, "the run begins where its first file does")
        for name in files {
            let part = try RunFile.read(folder.path + "/" + name)
            #expect(part.model.session.id == file.model.session.id, "every file says whose it is")
        }
        #expect(try RunListReport(folder: folder.path).rows.count == 1)
    }

    @Test("of a rotated recording only so many files are kept")
    func kept() async throws {
        let folder = try TemporaryFolder()
        let rotation = TelemetryConfiguration.Rotation(size: MemorySize(bytes: 1), kept: 1)
        #expect(rotation.size.bytes == 64 << 10)
        let path = try await record(in: folder.path, .init(rotation: rotation), tasks: 800, flushing: true)
        let files = try names(folder.path)
        #expect(files.count == 2, "\(files)")
        #expect(!files.contains { $0.contains("00001") })
        #expect(try RunFile.read(path).model.hasEnded)
    }

    @Test("the end of a recording that keeps no other files is in the file that is left")
    func end() async throws {
        let folder = try TemporaryFolder()
        let rotation = TelemetryConfiguration.Rotation(size: MemorySize(bytes: 1), kept: 0)
        let path = try await record(
            in: folder.path, .init(flushInterval: .seconds(3600), rotation: rotation), tasks: 40)
        let file = try RunFile.read(path)
        #expect(file.model.hasEnded && file.model.totals[Int(RunState.done.rawValue)] == 40)
        #expect(try names(folder.path).count == 1)
    }

    @Test("a file that can't be put aside grows on, and the log says so")
    func unrotatable() async throws {
        let folder = try TemporaryFolder()
        var file = try RecordingFile(path: folder.path + "/run.telemetry.jsonl")
        try FileManager.default.removeItem(atPath: folder.path + "/run.telemetry.jsonl")
        var problem: TelemetryError?
        do throws(TelemetryError) { try file.rotate(keeping: nil) } catch { problem = error }
        #expect(problem?.description.contains("can't be put aside") == true)
    }

    @Test("a line that was cut at the end of one file doesn't spoil the first line of the next one")
    func cutBetween() throws {
        let folder = try TemporaryFolder()
        let line = #"{"event_type":"TaskCreated","event_time":1800000001,"task_id":"task.00000N","attributes":{}}"#
        func write(_ name: String, _ text: String) throws {
            try text.write(toFile: folder.path + "/" + name, atomically: true, encoding: .utf8)
        }
        try write("a.telemetry.00001.jsonl", line.replacing("N", with: "1") + "\n{\"event_type\":\"Ta")
        try write("a.telemetry.00002.jsonl", line.replacing("N", with: "2") + "\n")
        try write("a.telemetry.jsonl", line.replacing("N", with: "3") + "\n")
        let file = try RunFile.read(folder.path + "/a.telemetry.jsonl")
        #expect(file.model.taskCount == 3 && file.notes.skippedLines == [2])
    }
}
