import AsyncFlowTelemetry
import Foundation
import Testing

/// Runs the command as it is built.
@Suite("The command asyncflow", .timeLimit(.minutes(2)))
struct CommandTests {
    struct Outcome {
        let code: Int32
        let output: String
        let errors: String
    }

    private final class Folder {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("asyncflow-command-\(UUID())")
        init() throws { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) }
        deinit { try? FileManager.default.removeItem(at: url) }
        func path(_ name: String) -> String { url.appendingPathComponent(name).path }
        func write(_ name: String, _ text: String) throws -> String {
            try Data(text.utf8).write(to: URL(fileURLWithPath: path(name)))
            return path(name)
        }
    }

    static let recording = """
        {"event_type":"SessionStarted","event_time":1800000000,"session_id":"s","section":"event"}
        {"event_type":"TaskCreated","event_time":1800000001,"session_id":"s","task_id":"task.000001","attributes":{"executable":"work","task_type":"function","depends_on":[]}}
        {"event_type":"TaskStarted","event_time":1800000002,"session_id":"s","task_id":"task.000001","attributes":{}}
        {"event_type":"TaskCompleted","event_time":1800000004,"session_id":"s","task_id":"task.000001","attributes":{}}
        {"event_type":"SessionEnded","event_time":1800000005,"session_id":"s"}

        """

    private func shell(_ script: String, _ arguments: String...) throws -> Outcome {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", script, CommandProgram.path] + arguments
        let (output, errors) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = errors
        process.standardInput = FileHandle.nullDevice
        try process.run()
        // What it writes to both is short: neither pipe fills while the other is read.
        let written = output.fileHandleForReading.readDataToEndOfFile()
        let said = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return Outcome(
            code: process.terminationStatus, output: String(decoding: written, as: UTF8.self),
            errors: String(decoding: said, as: UTF8.self))
    }

    @Test("Every report is made of a recording, to a file and from the standard input")
    func reports() throws {
        let folder = try Folder()
        let file = try folder.write("run.jsonl", Self.recording)
        let summary = try shell("\"$0\" summary - < \"$1\"", file)
        #expect(summary.code == 0 && summary.output.contains("1 task named 'work'") && summary.errors.isEmpty)
        for words in ["summary --json", "trace", "report --data"] {
            let output = folder.path("out.json")
            #expect(try shell("\"$0\" \(words) \"$1\" -o \"$2\"", file, output).code == 0, "\(words)")
            let data = try Data(contentsOf: URL(fileURLWithPath: output))
            #expect(try JSONSerialization.jsonObject(with: data) is [String: Any], "\(words)")
        }
        let page = try shell("\"$0\" report \"$1\"", file).output
        #expect(page.hasPrefix("<!doctype html>") && page.contains("\"name\":\"work\"") && !page.contains("{{"))
        for format in ["dot", "mermaid", "svg"] {
            #expect(try shell("\"$0\" graph \"$1\" --format \(format)", file).output.contains("work"), "\(format)")
        }
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder.url.path).sorted() == ["out.json", "run.jsonl"])
    }

    @Test("What can't be read has an exit code of its own and a sentence that says why")
    func unreadable() throws {
        let folder = try Folder()
        let cases: [(String, Int32, String)] = [
            (folder.path("missing"), 66, "There is no file"), (folder.url.path, 66, "is a folder"),
            (try folder.write("empty", ""), 65, "is empty"),
            (try folder.write("text", "hello\nworld\n"), 65, "isn't a recording"),
            (try folder.write("binary", "\u{7F}ELF\0\0\0"), 65, "isn't a recording"),
            (try folder.write("other.json", "{\"a\": 1}\n"), 65, "isn't a recording"),
        ]
        for (path, code, text) in cases {
            let outcome = try shell("\"$0\" summary \"$1\"", path)
            #expect(outcome.code == code && outcome.errors.contains(text) && outcome.output.isEmpty, "\(path)")
        }
        #expect(try shell("\"$0\" summary").code == 64)
    }

    @Test("A cut last line and a corrupt one are said, and the rest is shown")
    func damaged() throws {
        let folder = try Folder()
        let lines = Self.recording.split(separator: "\n").map(String.init)
        let file = try folder.write(
            "run", ([lines[0], "gar{bage"] + lines[1...3]).joined(separator: "\n") + "\n{\"event_")
        let outcome = try shell("\"$0\" summary \"$1\"", file)
        #expect(outcome.code == 0 && outcome.output.contains("1 tasks: 1 done") || outcome.output.contains("1 done"))
        #expect(outcome.errors.contains("line 2") && outcome.errors.contains("cut off"))
    }

    @Test("The recording is never overwritten; a failed write leaves what was there")
    func overwriting() throws {
        let folder = try Folder()
        let file = try folder.write("run", Self.recording)
        let same = try shell("\"$0\" trace \"$1\" -o \"$1\"", file)
        #expect(same.code == 64 && same.errors.contains("the recording itself"))
        #expect(try String(contentsOfFile: file, encoding: .utf8) == Self.recording)
        let nowhere = try shell("\"$0\" trace \"$1\" -o \"$1/x/y\"", file)
        #expect(nowhere.code == 73 && nowhere.errors.contains("Can't write"))
    }

    @Test("A full disk is said", .enabled(if: FileManager.default.fileExists(atPath: "/dev/full")))
    func fullDisk() throws {
        let folder = try Folder()
        let file = try folder.write("run", Self.recording)
        let outcome = try shell("\"$0\" trace \"$1\" > /dev/full", file)
        #expect(outcome.code == 73 && outcome.errors.contains("No space left"))
    }

    @Test("A closed pipe is no error")
    func brokenPipe() throws {
        let folder = try Folder()
        let file = try folder.write("run", Self.recording)
        let outcome = try shell("(\"$0\" trace \"$1\"; echo \"code $?\" >&2) | true", file)
        #expect(outcome.errors == "code 0\n")
    }

    @Test("Help, version and completions", arguments: ["--help", "--version", "--generate-completion-script bash"])
    func help(words: String) throws {
        let outcome = try shell("\"$0\" \(words)")
        #expect(outcome.code == 0 && !outcome.output.isEmpty)
        if words == "--help" { #expect(outcome.output.contains("Exit codes")) }
    }
}
