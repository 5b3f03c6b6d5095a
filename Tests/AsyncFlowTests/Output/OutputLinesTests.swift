import TestSupport
import AsyncFlow
import Foundation
import Testing

@Suite("Output as it comes", .timeLimit(.minutes(1)))
struct OutputLinesTests {
    @Test("whoever reads from the beginning sees every line of both streams, and the value is the same as ever")
    func all() async throws {
        try await withTestEngine { flow in
            let gate = flow.functionTask("gate") { () async in }
            let talk = flow.executableTask("talk") { () in Command.shell("echo one; echo two >&2; printf three") }
            _ = try await gate().value
            let run = talk()
            let (lines, errors) = (run.outputLines, run.outputLines(of: .standardError))
            var seen: [OutputLine] = []
            for try await line in lines { seen.append(line) }
            #expect(seen.filter { $0.stream == .standardOutput }.map(\.text) == ["one", "three"])
            #expect(seen.filter { $0.stream == .standardError }.map(\.text) == ["two"])
            #expect(seen.allSatisfy { $0.missedBefore == 0 })
            var onlyErrors: [String] = []
            for try await line in errors { onlyErrors.append(line.text) }
            #expect(onlyErrors == ["two"])
            #expect(try await run.value == "one\nthree")
        }
    }

    @Test("a line is there while the command runs")
    func whileRunning() async throws {
        let folder = try TemporaryFolder("lines")
        try await withTestEngine { flow in
            let wait = flow.executableTask("wait") { (file: String) in
                Command.shell("echo ready; while [ ! -e \"$F\" ]; do sleep 0.01; done; echo over").environment([
                    "F": file
                ])
            }
            let run = wait(folder["go"])
            var seen: [String] = []
            for try await line in run.outputLines {
                seen.append(line.text)
                if line.text == "ready" {
                    #expect(run.state == .running)
                    #expect(FileManager.default.createFile(atPath: folder["go"], contents: nil))
                }
            }
            #expect(seen == ["ready", "over"])
        }
    }

    @Test("whoever comes after the end sees it all, if it isn't much")
    func afterTheEnd() async throws {
        try await withTestEngine { flow in
            let run = flow.executableTask("talk") { () in Command.shell("echo one; printf two") }()
            _ = try await run.value
            var seen: [String] = []
            for try await line in run.outputLines { seen.append(line.text) }
            #expect(seen == ["one", "two"])
        }
    }

    @Test("whoever comes late, after much output, sees whole lines from then on")
    func late() async throws {
        let folder = try TemporaryFolder("late")
        try await withTestEngine { flow in
            let talk = flow.executableTask("talk") { (go: String, begun: String) in
                Command.shell(
                    "yes x | head -c 70000; printf 'begin'; : > \"$B\"; while [ ! -e \"$F\" ]; do sleep 0.01; done; printf 'ning\\nwhole\\n'"
                ).environment(["F": go, "B": begun])
            }
            let run = talk(folder["go"], folder["begun"])
            while !FileManager.default.fileExists(atPath: folder["begun"]) { await Task.yield() }
            let late = run.outputLines
            #expect(FileManager.default.createFile(atPath: folder["go"], contents: nil))
            var seen: [String] = []
            for try await line in late { seen.append(line.text) }
            #expect(seen.last == "whole" && !seen.contains("ning"), "\(seen.suffix(3))")
            for try await line in run.outputLines { Issue.record("a line after the end: \(line)") }
        }
    }

    @Test("a slow reader holds nobody up, keeps the newest lines, and is told how many it missed")
    func slow() async throws {
        try await withTestEngine { flow in
            let gate = Gate()
            let begin = flow.functionTask("begin") { () async throws in
                try await gate.wait()
                return 50_000
            }
            let run = flow.executableTask("numbers") { (last: Int) in "seq 1 \(last)" }(begin())
            let lines = run.outputLines  // before the command can have begun
            gate.open()
            #expect(try await run.value.utf8.count == 288_894)
            var seen: [Int] = []
            var missed = 0
            for try await line in lines {
                missed += line.missedBefore
                seen.append(try #require(Int(line.text)))
            }
            #expect(seen == Array(40_001...50_000))
            #expect(missed == 40_000)
        }
    }

    @Test("the lines of all attempts come one after the other")
    func attempts() async throws {
        let folder = try TemporaryFolder("attempts")
        try await withTestEngine { flow in
            let run = flow.executableTask("twice", .retry(1)) { () in
                Command.shell("if [ -e \"$F\" ]; then echo again; else : > \"$F\"; printf once; exit 3; fi")
                    .environment(["F": folder["seen"]])
            }()
            var seen: [String] = []
            for try await line in run.outputLines { seen.append(line.text) }
            #expect(seen == ["once", "again"])
        }
    }

    @Test("tasks that aren't commands, and futures of futures, have no lines")
    func otherKinds() async throws {
        try await withTestEngine { flow in
            let function = flow.functionTask("function") { 1 }()
            for try await line in function.outputLines { Issue.record("a line of a function: \(line)") }
        }
    }

    @Test("with captured output there is an error that says what to do")
    func captured() async throws {
        let folder = try TemporaryFolder("captured")
        var configuration = WorkflowEngine.Configuration.quiet()
        configuration.workDirectory = folder.path
        try await withWorkflowEngine(configuration, signals: .ignored) { flow in
            let run = flow.executableTask("talk", .captureStdio) { "echo one" }()
            let error = await #expect(throws: EngineError.self) { for try await _ in run.outputLines {} }
            #expect(error?.code == .outputNotStreamed)
            #expect(error?.message.contains("leave that option out") == true)
            _ = try await run.value
        }
    }

    struct Step: Codable, Equatable {
        let step: Int
        let loss: Double
    }

    @Test("JSON lines are decoded, and other lines passed over")
    func json() async throws {
        try await withTestEngine { flow in
            let run = flow.executableTask("train") { () in
                Command.shell(#"echo starting; echo '{"step":1,"loss":2.5}'; echo '  {"step":2,"loss":1}'; echo done"#)
            }()
            var steps: [Step] = []
            for try await step in run.jsonLines(as: Step.self) { steps.append(step) }
            #expect(steps == [Step(step: 1, loss: 2.5), Step(step: 2, loss: 1)])
        }
    }

    @Test("a line that is no such JSON is an error that shows it")
    func badJSON() async throws {
        try await withTestEngine { flow in
            let run = flow.executableTask("train") { () in Command.shell(#"echo '{"step":"one"}'"#) }()
            let error = await #expect(throws: OutputDecodingError.self) {
                for try await _ in run.jsonLines(as: Step.self) {}
            }
            #expect(error?.line == #"{"step":"one"}"#)
            #expect(error?.description.contains("Step") == true)
        }
    }

    @Test("reading can be given up without any harm to the command")
    func abandoned() async throws {
        try await withTestEngine { flow in
            let run = flow.executableTask("numbers") { "seq 1 20000" }()
            for try await _ in run.outputLines { break }
            let reading = Task { for try await _ in run.outputLines {} }
            reading.cancel()
            try await reading.value
            #expect(try await run.value.hasSuffix("20000\n"))
        }
    }

    @Test("what a command took of the machine is known, and what it said on its standard output when it failed")
    func usage() async throws {
        try await withTestEngine { flow in
            let failing = flow.executableTask("failing") { () in Command.shell("echo it went wrong; exit 3") }()
            let error = try #require((await failing.error as? TaskFailedError)?.cause as? CommandError)
            #expect(error.standardOutputTail == "it went wrong\n")
            #expect(error.description.contains("it went wrong"))
            let usage = try #require(error.usage)
            #expect(usage.peakMemory.map { $0 > .kilobytes(100) } ?? true)
            #expect(usage.elapsed > .zero && usage.userTime >= .zero)
        }
    }
}
