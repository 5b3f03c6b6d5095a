import AsyncFlowBase
import Foundation
import Testing

@testable import AsyncFlowTelemetry

@Suite("Runs in formats of other programs")
struct ExportTests {
    /// Two tasks of a block between two others, files, a failed command, and names that mean something to somebody.
    private func run() -> RunModel {
        var run = RunBuilder(cores: 4)
        func execution(_ run: inout RunBuilder, _ words: String, _ inputs: String, _ outputs: String) -> RunExecution {
            var execution = RunExecution()
            execution.program = run.model.intern("align")
            execution.command = run.model.intern(words)
            execution.inputs = run.model.intern(inputs)
            execution.outputs = run.model.intern(outputs)
            return execution
        }
        run.task("task.000001", "=first\t\u{202E}<&\"", start: 0, end: 2, cores: 2)
        run.event(.taskCreated, "task.000002", 1, name: "block") { $0.taskKind = .block }
        let block = run.model.key(ofTask: "task.000002")
        let first = run.model.key(ofTask: "task.000001")
        run.event(.taskCreated, "task.000002", 1) { $0.dependencies = [first] }
        run.event(.taskStarted, "task.000002", 2)
        run.event(.taskCreated, "task.000003", 2, name: "inner") { $0.block = block }
        let inner = run.model.key(ofTask: "task.000003")
        run.event(.taskCreated, "task.000004", 2, name: "inner") {
            $0.block = block
            $0.dependencies = [inner]
        }
        run.event(.taskStarted, "task.000003", 2)
        run.event(.taskCompleted, "task.000003", 3)
        run.event(.taskStarted, "task.000004", 3)
        run.event(.taskCompleted, "task.000004", 4)
        run.event(.taskCompleted, "task.000002", 4)
        run.task("task.000005", "after", start: 4, end: 5, on: ["task.000002"], as: .taskFailed)
        let command = execution(
            &run, #"["align","--in","a b"]"#, #"[{"path":"/data/a b#é.txt","size_bytes":5}]"#,
            #"[{"path":"/data/out.txt","size_bytes":7},{"path":"https://h/x?sig=[redacted]"}]"#)
        run.event(.taskStarted, "task.000005", 4) {
            $0.execution = command
            $0.execution?.exitCode = 3
        }
        run.task("task.000006", "never", start: 5, end: 6)
        run.finish(at: 6)
        return run.model
    }

    private func object(_ output: consuming ReportOutput) throws -> [String: Any] {
        let text = output.text
        return try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    @Test("members of a block stand in its place: parents and children are those that really had to end")
    func blocks() {
        let tasks = ExportedTasks(of: run())
        let model = tasks.model
        func ids(_ places: [Int]) -> [String] { places.map { model.id($0) } }
        #expect(ids(tasks.places) == ["task.000001", "task.000003", "task.000004", "task.000005", "task.000006"])
        #expect(ids(tasks.parents(2)) == ["task.000001"])
        #expect(ids(tasks.parents(3)) == ["task.000003"])
        #expect(ids(tasks.parents(4)) == ["task.000004"])
        #expect(ids(tasks.children(3)) == ["task.000005"])
    }

    @Test("WfFormat has tasks with parents, files with sizes, and what each task took")
    func wfFormat() throws {
        let root = try object(try WfFormatExport(of: run()).write(to: ReportOutput()))
        #expect(root["schemaVersion"] as? String == "1.5")
        let workflow = try #require(root["workflow"] as? [String: [String: Any]])
        let tasks = try #require(workflow["specification"]?["tasks"] as? [[String: Any]])
        #expect(tasks.count == 5)
        #expect(tasks[3]["inputFiles"] as? [String] == ["/data/a#20b#23#c3#a9.txt"])
        let files = try #require(workflow["specification"]?["files"] as? [[String: Any]])
        #expect(files.map { $0["sizeInBytes"] as? Int } == [5, 7, 0])
        let ran = try #require(workflow["execution"]?["tasks"] as? [[String: Any]])
        #expect(ran[0]["runtimeInSeconds"] as? Double == 2 && ran[0]["coreCount"] as? Int == 2)
        #expect((ran[3]["command"] as? [String: Any])?["arguments"] as? [String] == ["--in", "a b"])
        #expect(workflow["execution"]?["makespanInSeconds"] as? Double == 6)
        #expect(throws: ExportError.self) { try WfFormatExport(of: RunBuilder().model) }
    }

    @Test("Nextflow's trace is a table of one line each, whatever names contain")
    func nextflow() throws {
        let text = NextflowTrace(of: run()).write(to: ReportOutput()).text
        let lines = text.split(separator: "\n").map { $0.split(separator: "\t", omittingEmptySubsequences: false) }
        #expect(lines.count == 6 && lines.allSatisfy { $0.count == 14 })
        #expect(lines[0].prefix(6) == ["task_id", "hash", "native_id", "name", "status", "exit"])
        #expect(lines[1][3].hasPrefix("'=first") && !text.contains("\u{202E}"))
        #expect(lines[4][4] == "FAILED" && lines[4][5] == "3" && lines[4][8] == "1s")
        #expect(lines[1][1].wholeMatch(of: /[0-9a-f]{2}\/[0-9a-f]{6}/) != nil)
    }

    @Test("a crate has an action for each task that has started, with its program and files")
    func crate() throws {
        let root = try object(RunCrate(of: run()).write(to: ReportOutput()))
        let graph = try #require(root["@graph"] as? [[String: Any]])
        let actions = graph.filter { $0["@type"] as? String == "CreateAction" }
        #expect(actions.count == 5)
        let after = try #require(actions.first { $0["name"] as? String == "after" })
        #expect((after["actionStatus"] as? [String: String])?["@id"] == "http://schema.org/FailedActionStatus")
        #expect((after["object"] as? [[String: String]])?.first?["@id"] == "file:///data/a%20b%23%C3%A9.txt")
        let ids = graph.compactMap { $0["@id"] as? String }
        #expect(Set(ids).count == ids.count)
        for action in actions {
            #expect(ids.contains((action["instrument"] as? [String: String])?["@id"] ?? ""))
        }
    }

    @Test(
        "durations, sizes and times as Nextflow writes them",
        arguments: [
            (0.0, "0ms"), (0.87, "870ms"), (12.34, "12.3s"), (63, "1m 3s"), (93_784, "1d 2h 3m 4s"), (.nan, "-"),
            (-1, "-"),
        ])
    func durations(seconds: Double, text: String) { #expect(TimeText.nextflow(duration: seconds) == text) }

    @Test("what can't be a time is one all the same", arguments: [Double.nan, .infinity, -1, 1e300])
    func times(seconds: Double) {
        #expect(TimeText.iso8601(seconds).hasPrefix("1970-01-01T"))
        #expect(TimeText.local(seconds).count == 23)
    }

    @Test(
        "lists that are cut or are none have the elements that are whole", arguments: ["[", "{}", "[1,\"a\"", "", "[]"])
    func damaged(text: String) {
        var run = RunBuilder()
        run.task("task.000001", "a", start: 0, end: 1)
        var execution = RunExecution()
        execution.command = run.model.intern(text)
        execution.inputs = run.model.intern(text)
        run.event(.taskStarted, "task.000001", 0) { $0.execution = execution }
        #expect(run.model.commandWords(0) == (text.contains("a") ? ["a"] : []))
        #expect(run.model.inputFiles(0).isEmpty)
    }
}
