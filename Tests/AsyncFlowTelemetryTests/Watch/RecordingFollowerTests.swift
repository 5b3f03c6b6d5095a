import AsyncFlowBase
import Foundation
import TestSupport
import Testing

@testable import AsyncFlowTelemetry

@Suite("Following a recording that is continued in other files", .timeLimit(.minutes(2)))
struct RecordingFollowerTests {
    private static func line(_ number: Int) -> String {
        let digits = String(number)
        let id = String(repeating: "0", count: max(0, 6 - digits.count)) + digits
        return #"{"event_type":"TaskCreated","event_time":1800000001,"task_id":"task.\#(id)","attributes":{}}"# + "\n"
    }

    private static func write(_ numbers: Range<Int>, to file: inout RecordingFile) {
        let bytes = Array(numbers.map(line).joined().utf8)
        bytes.withUnsafeBytes { _ = file.write($0) }
    }

    @Test("files that were put aside since the last look are all read", arguments: [false, true])
    func several(compresses: Bool) throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/a.telemetry.jsonl" + (compresses ? ".gz" : "")
        var file = try RecordingFile(path: path)
        Self.write(0..<2, to: &file)
        var follower = try RecordingFollower(path: path)
        #expect(try follower.advance())
        for turn in 1...5 {
            Self.write(turn * 10..<turn * 10 + 3, to: &file)
            try file.rotate(keeping: nil)
        }
        Self.write(100..<101, to: &file)
        #expect(try follower.advance())
        #expect(follower.reader.model.taskCount == 2 + 5 * 3 + 1)
        #expect(try !follower.advance())
    }

    @Test("files that were put aside and removed since the last look are no error")
    func removed() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/a.telemetry.jsonl"
        var file = try RecordingFile(path: path)
        Self.write(0..<2, to: &file)
        var follower = try RecordingFollower(path: path)
        #expect(try follower.advance())
        for turn in 1...5 {
            Self.write(turn * 10..<turn * 10 + 3, to: &file)
            try file.rotate(keeping: 1)
        }
        Self.write(100..<101, to: &file)
        #expect(try follower.advance())
        // The tasks of the file that was open, of the only one that is kept, and of the newest.
        #expect(follower.reader.model.taskCount == 2 + 3 + 3 + 1)
    }

    @Test("nothing is lost while the recording is continued in another file again and again")
    func race() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/a.telemetry.jsonl"
        // The first file is there before anybody follows it.
        try Data().write(to: URL(filePath: path))
        let turns = 400
        let writer = Task.detached {
            var file = try RecordingFile(path: path)
            for turn in 0..<turns {
                Self.write(turn * 10..<turn * 10 + 5, to: &file)
                Self.write(turn * 10 + 5..<turn * 10 + 10, to: &file)
                try file.rotate(keeping: nil)
            }
        }
        var follower = try RecordingFollower(path: path)
        while follower.reader.model.taskCount < turns * 10, try await !Self.hasEnded(writer, path, turns) {
            _ = try follower.advance()
        }
        try await writer.value
        _ = try follower.advance()
        #expect(follower.reader.model.taskCount == turns * 10)
        #expect(follower.reader.notes.skippedCount == 0)
    }

    /// Whether the last file was put aside.
    private static func hasEnded(_ writer: Task<Void, any Error>, _ path: String, _ turns: Int) async throws -> Bool {
        await Task.yield()
        return FileManager.default.fileExists(atPath: RecordingParts(of: path).path(turns))
    }
}
