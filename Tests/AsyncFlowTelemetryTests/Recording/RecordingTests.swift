import AsyncFlow
import AsyncFlowBase
import Foundation
import Testing

@testable import AsyncFlowTelemetry

private struct Broken: Error, CustomStringConvertible {
    var description: String { "it \"broke\"\n\u{7}" }
}

@Suite("Recordings", .timeLimit(.minutes(2)))
struct RecordingTests {
    /// Records a run and reads what was written.
    private func record(
        samples: Duration? = nil, backends: [any Backend] = [LocalBackend()],
        _ body: (WorkflowEngine, Telemetry) async throws -> Void
    ) async throws -> Recording {
        let folder = try TemporaryFolder()
        let path = try await withTestEngine(backends: backends) { flow async throws in
            let telemetry = try flow.startTelemetry(
                .init(recording: .directory(folder.path), sampleInterval: samples))
            try await body(flow, telemetry)
            return telemetry.recordingPath!
        }
        return try Recording(path)
    }

    @Test("a task's lines come in order, and each has what every line has")
    func order() async throws {
        let recording = try await record { flow, _ in
            try await flow.withWorkflowScope("campaign") {
                let one = flow.functionTask("one") { 1 }
                let two = flow.functionTask("two") { (n: Int) in n }
                _ = try await two(one()).value
            }
        }
        #expect(
            recording.types(of: "two") == [
                "TaskCreated", "asyncflow.TaskResolved", "TaskSubmitted", "TaskQueued", "TaskStarted", "TaskCompleted",
            ])
        #expect(recording.lines.first?["event_type"] as? String == "SessionStarted")
        #expect(recording.lines.last?["event_type"] as? String == "SessionEnded")
        for line in recording.lines where line["section"] as? String == "event" {
            #expect((line["event_id"] as? String)?.count == 32)
            #expect((line["trace_id"] as? String)?.count == 34)
            #expect((line["span_id"] as? String)?.count == 18)
            #expect(line["name"] as? String == line["event_type"] as? String)
            #expect(line["section"] as? String == "event")
            #expect(abs((line["event_time"] as! Double) - Date().timeIntervalSince1970) < 3_600)
            #expect(line["emit_time"] as! Double >= line["event_time"] as! Double)
            #expect(line.keys.contains("node_id") && line.keys.contains("backend") && line.keys.contains("task_id"))
        }
        let events = recording.lines.filter { $0["section"] as? String == "event" }
        #expect(Set(events.map { $0["event_id"] as! String }).count == events.count)
        let created = try #require(recording.lines(of: "two").first)
        #expect(created.attributes["depends_on"] as? [String] == ["task.000001"])
        #expect(created.attributes["asyncflow.workflow_id"] as? String == "campaign")
        #expect(created.attributes["task_type"] as? String == "function")
        #expect(created["backend"] as? String == "local")
        #expect(recording.lines(of: "two").last!["duration_seconds"] as! Double > 0)
        #expect(recording.lines(type: "asyncflow.ScopeStarted").count == 1)
        #expect(recording.lines.last!["duration_seconds"] as! Double > 0)
    }

    @Test("the program's command line is recorded without its secrets")
    func commandLine() throws {
        let folder = try TemporaryFolder()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: PseudoTerminal.probe)
        process.arguments = ["record:\(folder.path)", "--token", "s3cret", "quick=1", "idle"]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        let text = try String(contentsOfFile: "\(folder.path)/\(try #require(files.first))", encoding: .utf8)
        #expect(text.contains("--token") && !text.contains("s3cret"))
    }

    @Test("everything that was created ends once, also what never ran, and blocks")
    func everythingEnds() async throws {
        let recording = try await record { flow, _ in
            let broken = flow.functionTask("broken") { () throws -> Int in throw Broken() }
            let after = flow.functionTask("after") { (n: Int) in n }
            let block = flow.block("block") { try await flow.functionTask("member") { 1 }().value }
            let sleeping = flow.functionTask("sleeping") { try await Task.sleep(for: .seconds(60)) }
            let future = sleeping()
            _ = await after(broken()).result
            _ = await block().result
            future.cancel()
            _ = await future.result
        }
        let ends = [
            "TaskCompleted", "TaskFailed", "TaskCanceled", "asyncflow.TaskFailedUnstarted",
            "asyncflow.BlockCompleted",
        ]
        let created = (recording.lines(type: "TaskCreated") + recording.lines(type: "asyncflow.BlockCreated"))
            .map { $0["task_id"] as! String }
        #expect(created.count == 5)
        let ended = recording.lines.filter { ends.contains($0["event_type"] as? String ?? "") }.map {
            $0["task_id"] as! String
        }
        #expect(created.sorted() == ended.sorted())
        let failed = try #require(recording.lines(of: "broken").last)
        #expect(failed["error_type"] as? String == "Broken")
        #expect((failed.attributes["error_message"] as? String) == "it \"broke\"\n\u{7}")
        let never = try #require(recording.lines(of: "after").last)
        #expect(never["event_type"] as? String == "asyncflow.TaskFailedUnstarted")
        #expect(never["duration_seconds"] as? Double == 0)
        #expect(never.attributes["incomplete_lifecycle"] as? Bool == true)
        #expect(never["error_type"] as? String == "Broken")
        #expect(recording.types(of: "sleeping").last == "TaskCanceled")
        let blockID = recording.lines(of: "block").first?["task_id"] as? String
        #expect(recording.lines(of: "member").first?.attributes["asyncflow.block_id"] as? String == blockID)
        #expect(recording.lines(of: "member").first?.attributes["asyncflow.workflow_id"] as? String == blockID)
        #expect(recording.lines(of: "block").first?.attributes["task_type"] as? String == "block")
    }

    @Test("commands say what they got, took and wrote to their standard error; attempts are there")
    func commands() async throws {
        let capacity = ResourceCapacity(cores: 4, memory: .gigabytes(8), gpus: 2)
        let recording = try await record(backends: [LocalBackend(capacity: capacity)]) { flow, _ in
            let command = flow.executableTask("command", .cores(3), .gpus(1), .retry(1)) {
                Command.shell("echo trouble >&2; exit 3")
            }
            _ = await command().result
        }
        #expect(
            recording.types(of: "command") == [
                "TaskCreated", "asyncflow.TaskResolved", "TaskSubmitted", "TaskQueued", "TaskStarted",
                "asyncflow.TaskAttemptFailed", "asyncflow.TaskAttemptQueued", "asyncflow.TaskAttemptStarted",
                "TaskFailed",
            ])
        let lines = recording.lines(of: "command")
        let start = try #require(lines.first { $0["event_type"] as? String == "TaskStarted" })
        #expect(start.attributes["asyncflow.cores"] as? Int == 3)
        #expect(start.attributes["asyncflow.gpu_ids"] as? [Int] == [0])
        let end = try #require(lines.last)
        #expect(end.attributes["stderr_tail"] as? String == "trouble\n")
        #expect(end.attributes["asyncflow.attempt"] as? Int == 2)
        #expect(end.attributes["cpu_seconds"] as! Double >= 0)
        #expect((end.attributes["peak_memory_bytes"] as? Int).map { $0 > 0 } ?? true, "a small command's isn't known")
        #expect(end["error_type"] as? String == "CommandError")
    }

    @Test("a command is recorded with its words, without secrets, where it ran and how it ended")
    func execution() async throws {
        let recording = try await record { flow, _ in
            var command = Command("env", "--", "TOKEN=s3cret", "sh", "-c", "echo https://me:s3cret@host; exit 7")
            command.workingDirectory = "/tmp"
            _ = await flow.executableTask("odd \"name\"") { [command] in command }().result
            _ = await flow.executableTask("killed") { Command.shell("kill -9 $$") }().result
            let options = Array(repeating: "x", count: 9_999)
            _ = await flow.executableTask("cut") { Command("false", arguments: ["--token", "s3cret"] + options) }()
                .result
            _ = await flow.executableTask("long") { Command("true", arguments: Array(repeating: "é", count: 9_999)) }()
                .result
        }
        let lines = recording.lines(of: "odd \"name\"")
        #expect(lines.count == 6)
        #expect(lines.first?.attributes["executable"] as? String == "odd \"name\"")
        let start = try #require(lines.first { $0["event_type"] as? String == "TaskStarted" })
        #expect(start.attributes["executable"] as? String == "env")
        let words = ["env", "--", "TOKEN=[redacted]", "sh", "-c", "echo https://[redacted]@host; exit 7"]
        #expect(start.attributes["command"] as? [String] == words)
        #expect(start.attributes["working_directory"] as? String == "/tmp")
        let end = try #require(lines.last)
        #expect(end.attributes["executable"] as? String == "env")
        #expect(end.attributes["exit_code"] as? Int == 7)
        #expect((end.attributes["process_id"] as? Int).map { $0 > 1 } == true)
        let cut = try #require(recording.lines(of: "cut").last?.attributes["error_message"] as? String)
        #expect(cut.contains("exited with code 1") && cut.contains("--token") && !cut.contains("s3cret"), "\(cut)")
        let killed = try #require(recording.lines(of: "killed").last)
        #expect(killed.attributes["signal"] as? Int == 9 && killed.attributes["exit_code"] == nil)
        let long = try #require(recording.lines(of: "long").first { $0["event_type"] as? String == "TaskStarted" })
        #expect((long.attributes["command"] as? [String])?.count == 202)
        let secret = lines.map { "\($0)" }.joined().contains("s3cret")
        #expect(!secret, "no line has the secret, not even the error that names the command")
        let model = recording.model
        #expect(model.name(0) == "odd \"name\"")
        #expect(model.texts[model.execution(0)!.program] == "env")
        #expect(model.commandWords(0) == words)
        #expect(model.execution(0)?.exitCode == 7)
        #expect(model.execution(1)?.signal == 9)
    }

    @Test("files that tasks are given and make are recorded with their sizes, also of functions")
    func files() async throws {
        let folder = try TemporaryFolder()
        let given = folder.path + "/given-é.txt"
        try "12345".write(toFile: given, atomically: true, encoding: .utf8)
        let recording = try await record { flow, _ in
            let copy = flow.executableTask("copy", producing: OutputFile("made.txt")) { (file: InputFile) in
                Command.shell("cat \(file) \(file) >made.txt")
            }
            let size = flow.functionTask("size") { (file: InputFile) in file.path.count }
            _ = try await size(copy(InputFile(given))).value
        }
        let end = try #require(recording.lines(of: "copy").last)
        #expect(end["event_type"] as? String == "TaskCompleted")
        #expect(end.attributes["input_bytes"] as? Int == 5 && end.attributes["output_bytes"] as? Int == 10)
        #expect(recording.model.inputFiles(0) == [RunTaskFile(path: given, size: 5)])
        #expect(recording.model.outputFiles(0).map(\.size) == [10])
        #expect(recording.model.inputFiles(1).map(\.size) == [10])
        let size = try #require(recording.lines(of: "size").last)
        #expect(size.attributes["executable"] as? String == "size" && size.attributes["input_bytes"] as? Int == 10)
        #expect(recording.model.inputFiles(1).map(\.path) == recording.model.outputFiles(0).map(\.path))
    }

    @Test("names and values are written so that they are read as they were")
    func hostileNames() async throws {
        let name = "a\"b\\c\u{1}\n\t\u{2028}é🧬</script>"
        let recording = try await record { flow, _ in
            try await flow.withWorkflowScope(name) {
                try await flow.functionTask(name) {
                    TaskContext.current?.report(TaskProgress(fraction: 0.25, message: name))
                    try flow.record(
                        "test.values",
                        [
                            name: .string(name), "integer": -5, "number": 0.5, "nothing": nil,
                            "no number": .number(.nan),
                            "list": [1, "two", [true]], "object": ["b": 1, "a": false],
                        ])
                }().value
            }
        }
        #expect(recording.lines(of: name).count == 8)
        #expect(recording.lines(of: name).allSatisfy { $0.attributes["asyncflow.workflow_id"] as? String == name })
        let custom = try #require(recording.lines(type: "test.values").first)
        #expect(custom[name] as? String == name)
        #expect(custom["integer"] as? Int == -5)
        #expect(custom["number"] as? Double == 0.5)
        #expect(custom["nothing"] is NSNull)
        #expect(custom["no number"] is NSNull)
        #expect((custom["object"] as? [String: Any])?.keys.sorted() == ["a", "b"])
        #expect(custom["task_id"] as? String == "task.000001")
        let progress = try #require(recording.lines(type: "asyncflow.TaskProgress").first)
        #expect(progress.attributes["fraction"] as? Double == 0.25)
        #expect(progress.attributes["message"] as? String == name)
    }

    @Test("programs that count starts and ends of tasks come back to none that run, at every moment")
    func balance() async throws {
        let recording = try await record { flow, _ in
            let broken = flow.functionTask("broken", .retry(2)) { () throws -> Int in throw Broken() }
            let after = flow.functionTask("after") { (n: Int) in n }
            let block = flow.block("block") { try await flow.functionTask("member") { 1 }().value }
            let sleeping = flow.functionTask("sleeping") { try await Task.sleep(for: .seconds(60)) }
            let running = sleeping()
            let never = flow.functionTask("never") { (_: Void) in }(running)
            _ = await after(broken()).result
            _ = await block().result
            running.cancel()
            _ = await never.result
        }
        var running = 0
        for line in recording.lines {
            switch line["event_type"] as? String {
            case "TaskStarted": running += 1
            case "TaskCompleted", "TaskFailed", "TaskCanceled": running -= 1
            default: break
            }
            #expect(running >= 0)
        }
        #expect(running == 0)
        #expect(recording.lines.allSatisfy { $0["section"] as? String != "event" || $0["backend"] is String })
        let metric = try #require(recording.lines.last { $0["section"] as? String == "metric" })
        #expect(metric["tasks_running"] as? Int == 0)
        #expect(metric["tasks_started"] as? Int == 3)
        #expect(metric["tasks_completed"] as? Int == 1)
        #expect(metric["tasks_failed"] as? Int == 1)
        #expect(metric["tasks_canceled"] as? Int == 1)
        let spans = recording.lines.filter { $0["section"] as? String == "span" }
        #expect(spans.compactMap { $0["name"] as? String }.sorted() == ["block", "session", "task", "task", "task"])
        let blockSpan = try #require(spans.first { $0["name"] as? String == "block" })
        #expect(spans.contains { $0["parent_span_id"] as? String == blockSpan["span_id"] as? String })
        #expect(recording.model.totals == [0, 0, 0, 2, 2, 2])
        #expect(recording.model.workflows.isEmpty)
    }

    @Test("a custom event outside of tasks belongs to the session")
    func customOutside() async throws {
        let recording = try await record { flow, _ in try flow.record("test.alone", ["a": 1, "b": 2, "name": 3]) }
        let line = try #require(recording.lines(type: "test.alone").first)
        #expect(line["a"] as? Int == 1 && line["b"] as? Int == 2)
        #expect(line["name"] as? String == "test.alone")
        #expect(line.attributes as? [String: Int] == ["name": 3])
        #expect(line["span_id"] as? String == recording.lines.first?["span_id"] as? String)
    }

    @Test("what was flushed is in the file, also before the end")
    func flush() async throws {
        let folder = try TemporaryFolder()
        try await withTestEngine { flow async throws in
            let telemetry = try flow.startTelemetry(.init(recording: .directory(folder.path), sampleInterval: nil))
            for _ in 0..<10 {
                try await flow.functionTask("task") {}().value
                try await telemetry.flush(fsync: true)
                let recording = try Recording(telemetry.recordingPath!)
                #expect(recording.lines.last?["event_type"] as? String == "TaskCompleted")
            }
        }
    }

    @Test("lines are written from time to time, without being asked for")
    func written() async throws {
        let folder = try TemporaryFolder()
        try await withTestEngine { flow async throws in
            let telemetry = try flow.startTelemetry(
                .init(recording: .directory(folder.path), flushInterval: .milliseconds(5), sampleInterval: nil))
            try await flow.functionTask("task") {}().value
            while try Recording(telemetry.recordingPath!).types(of: "task").last != "TaskCompleted" {
                await Task.yield()
            }
        }
    }

    @Test("stopping ends the recording, twice is fine, and the run goes on")
    func stop() async throws {
        let recording = try await record { flow, telemetry in
            try await flow.functionTask("before") {}().value
            await telemetry.stop()
            await telemetry.stop()
            try await flow.functionTask("later") {}().value
            try await telemetry.flush()
        }
        #expect(recording.types(of: "before").last == "TaskCompleted")
        #expect(recording.types(of: "later").isEmpty)
    }

    @Test(
        "a recording that begins in the middle has the session's first line, and ends of tasks that it didn't see begin"
    )
    func middle() async throws {
        let folder = try TemporaryFolder()
        let path = try await withTestEngine { flow async throws in
            let begun = Lock(false)
            let goOn = Lock(false)
            let task = flow.functionTask("task") {
                begun.withLock { $0 = true }
                while !goOn.withLock({ $0 }) { await Task.yield() }
            }
            let future = task()
            while !begun.withLock({ $0 }) { await Task.yield() }
            let telemetry = try flow.startTelemetry(.init(recording: .directory(folder.path), sampleInterval: nil))
            goOn.withLock { $0 = true }
            try await future.value
            let summary = await telemetry.summary()
            #expect(summary.counts.done == 1)
            return telemetry.recordingPath!
        }
        let recording = try Recording(path)
        #expect(recording.lines.first?["event_type"] as? String == "SessionStarted")
        #expect(recording.types(of: "task") == ["TaskCompleted"])
        #expect(recording.lines(of: "task").first?.attributes["incomplete_lifecycle"] as? Bool == true)
    }

    @Test("the command's reader finds in a recording what the engine did")
    func readBack() async throws {
        let folder = try TemporaryFolder()
        let path = try await withTestEngine { flow async throws in
            let telemetry = try flow.startTelemetry(.init(recording: .directory(folder.path), sampleInterval: nil))
            let one = flow.functionTask("one") { (n: Int) throws -> Int in if n % 10 == 3 { throw Broken() } else { n }
            }
            let sum = flow.functionTask("sum") { (a: Int, b: Int) in a + b }
            for n in 0..<500 { sum(one(n), one(n + 1)) }
            await flow.waitUntilIdle()
            let summary = await telemetry.summary()
            #expect(summary.counts.created == 1_500)
            #expect(summary.counts.failed == 100 + 100)
            #expect(summary.names.map(\.name) == ["one", "sum"])
            #expect(summary.names[1].counts.failed == 100)
            return telemetry.recordingPath!
        }
        let file = try RunFile.read(path)
        let model = file.model
        #expect(model.taskCount == 1_500)
        let done = (0..<model.taskCount).filter { model.state[$0] == .done }.count
        #expect(done == 1_300)
    }

    @Test("of many tasks nothing is missing")
    func many() async throws {
        let folder = try TemporaryFolder()
        let path = try await withTestEngine { flow async throws in
            let telemetry = try flow.startTelemetry(.init(recording: .directory(folder.path), sampleInterval: nil))
            let task = flow.functionTask("task") { (n: Int) in n }
            for n in 0..<20_000 { task(n) }
            await flow.waitUntilIdle()
            let summary = await telemetry.summary()
            #expect(summary.unrecordedEvents == 0)
            return telemetry.recordingPath!
        }
        let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as! Int
        #expect(size > 120_000 * 300)
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let lines = text.split(separator: "\n")
        #expect(lines.count { $0.hasSuffix("\"section\": \"event\"}") } == 6 * 20_000 + 2)
        #expect(lines.count { $0.hasSuffix("\"section\": \"span\"}") } == 20_000 + 1)
    }
}
