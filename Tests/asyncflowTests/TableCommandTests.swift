import Foundation
import Testing

/// Runs the verbs that show tables, export and watch, as they are built.
@Suite("The verbs tasks, runs, compare, export and watch", .timeLimit(.minutes(5)))
struct TableCommandTests {
    private final class Folder {
        let path = FileManager.default.temporaryDirectory.path + "/asyncflow-tables-\(UUID())"
        init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
        deinit { try? FileManager.default.removeItem(atPath: path) }
        func write(_ name: String, _ text: String) throws -> String {
            try text.write(toFile: path + "/" + name, atomically: true, encoding: .utf8)
            return path + "/" + name
        }
    }

    private struct Outcome {
        let code: Int32
        let output: String
        let errors: String
        var lines: [Substring] { output.split(separator: "\n") }
    }

    private func run(_ words: String...) throws -> Outcome {
        let outcome = try CommandProgram.run(words)
        return Outcome(
            code: outcome.code, output: String(decoding: outcome.output, as: UTF8.self),
            errors: String(decoding: outcome.errors, as: UTF8.self))
    }

    /// A run of four tasks: two named fast, one slow, one broken.
    ///
    /// - Parameter factor: how long its tasks take, in seconds for the fast ones.
    private func recording(factor: Double = 1, ended: Bool = true) -> String {
        var lines = [#"{"event_type":"SessionStarted","event_time":1800000000,"session_id":"s\#(factor)"}"#]
        func task(_ number: Int, _ name: String, _ seconds: Double, _ end: String, _ attributes: String = "") {
            let id = "task.00000\(number)"
            for (type, time) in [("TaskCreated", 0), ("TaskStarted", 1), (end, 1 + seconds)] {
                lines.append(
                    #"{"event_type":"\#(type)","event_time":\#(1_800_000_000 + time),"session_id":"s\#(factor)","#
                        + #""task_id":"\#(id)","error_type":"Broken","attributes":{"executable":"\#(name)"\#(attributes)}}"#
                )
            }
        }
        task(1, "fast", factor, "TaskCompleted")
        task(2, "fast", factor * 2, "TaskCompleted")
        task(3, "=slow,er", factor * 5, "TaskCompleted", #","command":["sh","-c","x y"],"exit_code":0"#)
        task(4, "broken", factor, "TaskFailed", #","error_message":"a \"quoted\"\nreason","exit_code":3"#)
        if ended { lines.append(#"{"event_type":"SessionEnded","event_time":1800000020,"session_id":"s\#(factor)"}"#) }
        return lines.joined(separator: "\n") + "\n"
    }

    // MARK: tasks

    @Test("tasks: all of them for people, one line each")
    func tasks() throws {
        let folder = try Folder()
        let file = try folder.write("run", recording())
        let outcome = try run("tasks", file)
        #expect(outcome.code == 0 && outcome.errors.isEmpty)
        #expect(outcome.lines.count { $0.contains("task.00000") } == 4)
        #expect(outcome.output.contains("Broken: a \"quoted\" reason"))
    }

    @Test(
        "tasks: those that are asked for, in the order that is asked for",
        arguments: [
            (["--failed"], ["task.000004"]), (["--name", "f*"], ["task.000001", "task.000002"]),
            (
                ["--state", "done", "--sort", "duration", "--descending"],
                ["task.000003", "task.000002", "task.000001"]
            ),
            (["--slowest", "2"], ["task.000003", "task.000002"]), (["--limit", "1"], ["task.000001"]),
            (["--name", "nobody"], []), (["--sort", "exit_code", "--limit", "2"], ["task.000003", "task.000004"]),
        ])
    func chosen(options: [String], ids: [String]) throws {
        let folder = try Folder()
        let file = try folder.write("run", recording())
        let outcome = try CommandProgram.run(["tasks", file, "--json"] + options)
        let rows = try #require(try JSONSerialization.jsonObject(with: Data(outcome.output)) as? [[String: Any]])
        #expect(rows.map { $0["id"] as? String } == ids)
    }

    @Test("tasks: what isn't shown is said")
    func hidden() throws {
        let folder = try Folder()
        let file = try folder.write("run", recording())
        #expect(try run("tasks", file, "--limit", "1").errors.contains("1 of 4 tasks are shown"))
    }

    @Test("tasks: CSV and TSV have the same cells, and none of them is a formula")
    func cells() throws {
        let folder = try Folder()
        let file = try folder.write("run", recording())
        let csv = try run("tasks", file, "--csv")
        let tsv = try run("tasks", file, "--tsv")
        #expect(csv.lines.count == 5 && tsv.lines.count == 5)
        #expect(csv.output.contains("\"'=slow,er\"") && tsv.output.contains("\t'=slow,er\t"))
        let columns = tsv.lines[0].split(separator: "\t")
        #expect(columns.contains("exit_code") && columns.contains("command"))
        let slow = tsv.lines[3].split(separator: "\t", omittingEmptySubsequences: false)
        let command = try #require(columns.firstIndex(of: "command"))
        #expect(slow[command] == "sh -c x y")
    }

    @Test(
        "tasks: options that make no sense are refused",
        arguments: [["--limit", "-1"], ["--slowest", "0"], ["--sort", "size"], ["--slowest", "1", "--sort", "id"]])
    func refused(options: [String]) throws {
        let folder = try Folder()
        let file = try folder.write("run", recording())
        let outcome = try CommandProgram.run(["tasks", file] + options)
        #expect(outcome.code == 64 && outcome.output.isEmpty)
    }

    // MARK: runs

    @Test("runs: the recordings of a folder, also in folders in it, the oldest first; others aren't among them")
    func runs() throws {
        let folder = try Folder()
        _ = try folder.write("b.telemetry.jsonl", recording(factor: 2, ended: false))
        _ = try folder.write("empty.telemetry.jsonl", "")
        _ = try folder.write("other.jsonl", recording())
        try FileManager.default.createDirectory(atPath: folder.path + "/in", withIntermediateDirectories: true)
        _ = try folder.write("in/a.telemetry.jsonl", recording())
        let outcome = try run("runs", folder.path, "--json")
        let rows = try #require(
            try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [[String: Any]])
        #expect(
            rows.map { $0["recording"] as? String } == [
                "b.telemetry.jsonl", "in/a.telemetry.jsonl", "empty.telemetry.jsonl",
            ])
        #expect(rows[0]["ended"] as? Bool == false && rows[1]["done"] as? Int == 3 && rows[2]["error"] is String)
        let text = try run("runs", folder.path)
        #expect(text.code == 0 && text.lines.contains { $0.contains("empty") && $0.contains("empty.telemetry.jsonl") })
        #expect(text.output.contains("no end is recorded"))
    }

    @Test("runs: a folder without any says so; one that isn't there is an error")
    func noRuns() throws {
        let folder = try Folder()
        #expect(try run("runs", folder.path).errors.contains("There is no recording"))
        #expect(try run("runs", folder.path + "/nowhere").code == 66)
    }

    // MARK: compare

    @Test("compare: names side by side, and what got slower")
    func compare() throws {
        let folder = try Folder()
        let before = try folder.write("before", recording())
        let after = try folder.write("after", recording(factor: 3))
        let text = try run("compare", before, after)
        #expect(text.code == 0 && text.output.contains("fast") && text.output.contains("Slower tasks:"))
        let json = try run("compare", before, after, "--json")
        #expect(try JSONSerialization.jsonObject(with: Data(json.output.utf8)) is [String: Any])
        #expect(try run("compare", "-", "-").code == 64)
        #expect(try run("compare", before, folder.path + "/nowhere").code == 66)
    }

    // MARK: export

    @Test(
        "export: each format is written to a file or to the standard output",
        arguments: ["wfformat", "nextflow-trace", "dot"])
    func export(format: String) throws {
        let folder = try Folder()
        let file = try folder.write("run", recording())
        let printed = try run("export", file, "--to", format)
        #expect(printed.code == 0 && printed.output.contains("task.000003") && printed.errors.isEmpty)
        #expect(try run("export", file, "--to", format, "-o", folder.path + "/out").code == 0)
        #expect(try String(contentsOfFile: folder.path + "/out", encoding: .utf8) == printed.output)
        #expect(try run("export", file, "--to", format, "-o", file).code == 64)
    }

    @Test("export: a crate is a folder, which is made; it says its license")
    func crate() throws {
        let folder = try Folder()
        let file = try folder.write("run", recording())
        let license = "https://spdx.org/licenses/CC-BY-4.0"
        #expect(try run("export", file, "--to", "ro-crate", "-o", folder.path + "/a/b", "--license", license).code == 0)
        let text = try String(contentsOfFile: folder.path + "/a/b/ro-crate-metadata.json", encoding: .utf8)
        #expect(text.contains(license))
        #expect(try run("export", file, "--to", "ro-crate").output.contains("No license"))
        #expect(try run("export", file, "--to", "dot", "--license", license).code == 64)
        #expect(try run("export", file, "--to", "ro-crate", "-o", file).code == 73)
        #expect(try run("export", file, "--to", "something").code == 64)
    }

    @Test("export: a run without tasks can't be written as WfFormat")
    func nothing() throws {
        let folder = try Folder()
        let file = try folder.write("run", #"{"event_type":"SessionStarted","event_time":1800000000}"# + "\n")
        let outcome = try run("export", file, "--to", "wfformat")
        #expect(outcome.code == 65 && outcome.errors.contains("no tasks") && outcome.output.isEmpty)
    }

    // MARK: watch

    @Test("watch: a run that has ended is shown as it ended")
    func watchEnded() throws {
        let folder = try Folder()
        let file = try folder.write("run", recording())
        let outcome = try run("watch", file)
        #expect(outcome.code == 0)
        #expect(outcome.output.contains("4 tasks in 20.0 s: 3 done, 1 failed; last failure: broken: a \"quoted\""))
        #expect(outcome.lines.contains { $0.hasPrefix("fast") && $0.contains("100%") })
    }

    @Test("watch: follows a recording until its end is written, into another file, too")
    func watchGrowing() throws {
        let folder = try Folder()
        let whole = recording()
        let middle = whole.index(whole.startIndex, offsetBy: whole.count / 2)
        let file = try folder.write("run.telemetry.jsonl", String(whole[..<middle]))
        let process = Process()
        process.executableURL = URL(filePath: CommandProgram.path)
        process.arguments = ["watch", file]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        try FileManager.default.moveItem(atPath: file, toPath: folder.path + "/run.telemetry.00001.jsonl")
        let first = try FileHandle(forWritingTo: URL(filePath: folder.path + "/run.telemetry.00001.jsonl"))
        try first.seekToEnd()
        let rest = whole[middle...]
        let cut = try #require(rest.firstIndex(of: "\n"))
        try first.write(contentsOf: Data(rest[...cut].utf8))
        _ = try folder.write("run.telemetry.jsonl", String(rest[cut...].dropFirst()))
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        #expect(text.contains("4 tasks in 20.0 s: 3 done, 1 failed"), "\(text)")
    }

    @Test("watch: once is once; what isn't there or is no recording is said")
    func watchOnce() throws {
        let folder = try Folder()
        let file = try folder.write("run", recording(ended: false))
        let outcome = try run("watch", "--once", file)
        #expect(outcome.code == 0 && outcome.output.contains("3 done, 1 failed"))
        #expect(try run("watch", folder.path + "/nowhere").code == 66)
        #expect(try run("watch", "-").code == 64)
        let foreign = try folder.write("foreign", String(repeating: "hello\n", count: 2_000))
        #expect(try run("watch", "--once", foreign).code == 65)
    }

    @Test("watch: a run whose process is gone has ended", .timeLimit(.minutes(2)))
    func watchKilled() throws {
        let folder = try Folder()
        let gone = Process()
        gone.executableURL = URL(filePath: "/usr/bin/env")
        gone.arguments = ["true"]
        try gone.run()
        gone.waitUntilExit()
        var name = [CChar](repeating: 0, count: 256)
        gethostname(&name, name.count)
        let host = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let start =
            #"{"event_type":"SessionStarted","event_time":1800000000,"session_id":"s","#
            + #""attributes":{"host":"\#(host)","process_id":\#(gone.processIdentifier)}}"# + "\n"
        let outcome = try run("watch", try folder.write("run", start))
        #expect(outcome.code == 0 && outcome.output.contains("it was killed"))
    }
}
