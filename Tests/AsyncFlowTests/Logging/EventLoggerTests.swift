import TestSupport
import AsyncFlow
import Logging
import Testing

@Suite("What an engine logs", .timeLimit(.minutes(1)))
struct EventLoggerTests {
    /// Runs `body` in an engine that logs at a level, and returns the lines without their times, as "LEVEL message".
    private func lines(_ level: Logger.Level, _ body: (WorkflowEngine) async throws -> Void) async throws -> [String] {
        let lines = Recorder<String>()
        var configuration = WorkflowEngine.Configuration.quiet(workers: 1)
        configuration.logger = Logger(label: "test") {
            ConsoleLogHandler(label: $0, format: .plain) { lines.append($0) }
        }
        configuration.logger.logLevel = level
        try await withWorkflowEngine(configuration, signals: .ignored, body)
        return lines.values.map { line in
            let message = line.split(separator: " ", maxSplits: 2)[2]
            return message.split(separator: /\ \ |\n/)[0].description
        }
    }

    private func workload(_ flow: WorkflowEngine) async throws {
        let number = flow.functionTask("number") { 1 }()
        _ = try await flow.functionTask("double") { (value: Int) in value * 2 }(number).value
        let fails = flow.functionTask("fails") { () throws -> Int in throw TestError("no luck") }()
        _ = await flow.functionTask("dependent") { (value: Int) in value }(fails).result
        let endless = flow.functionTask("endless") { try await Gate().wait() }()
        endless.cancel()
        _ = await endless.result
    }

    @Test("at warning level only failures are logged, with their reason, and not what couldn't run because of them")
    func warning() async throws {
        #expect(try await lines(.warning, workload) == ["ERROR fails (task.000003) failed: no luck"])
    }

    @Test("a custom event with a warning is logged at warning level, others aren't")
    func customWarning() async throws {
        let lines = try await lines(.warning) { flow in
            _ = try await flow.functionTask("copy") {
                try TaskContext.current?.record("disk.full", ["asyncflow.warning": "the disk is nearly full"])
                try TaskContext.current?.record("disk.read", ["megabytes": 3])
            }().value
        }
        #expect(lines == ["WARNING copy (task.000001): the disk is nearly full"])
    }

    @Test("at info level the engine's start and end are logged too")
    func info() async throws {
        let lines = try await lines(.info, workload)
        #expect(lines.first == "INFO engine started")
        #expect(lines.last == "INFO engine ended")
        #expect(lines.count == 4)
    }

    @Test("at debug level everything about a task is logged")
    func debug() async throws {
        let lines = try await lines(.debug, workload)
        #expect(
            lines.filter { $0.contains(" number (") } == [
                "DEBUG number (task.000001) created, no dependencies",
                "DEBUG number (task.000001) resolved: all dependencies are done",
                "DEBUG number (task.000001) queued",
                "DEBUG number (task.000001) started",
                "DEBUG number (task.000001) done",
            ])
        #expect(lines.contains("DEBUG double (task.000002) created, depends on task.000001"))
        #expect(lines.contains("DEBUG endless (task.000005) cancelled"))
    }

    @Test("lines carry engine, workflow, task, kind, backend and block as metadata")
    func metadata() async throws {
        let raw = Recorder<String>()
        var configuration = WorkflowEngine.Configuration.quiet()
        configuration.logger = Logger(label: "test") {
            ConsoleLogHandler(label: $0, format: .plain) { raw.append($0) }
        }
        configuration.logger.logLevel = .debug
        let id = try await withWorkflowEngine(configuration, signals: .ignored) { flow in
            let leaf = flow.functionTask("leaf") {}
            let block = flow.block("block", .workflow("w")) { try await leaf().value }
            try await block().value
            return flow.id
        }
        let line = try #require(raw.values.first { $0.contains("leaf (task.000002) done") })
        #expect(
            try Regex(
                "  backend=local block=task.000001 duration=\\S+s engine=\(id) event=taskCompleted kind=function "
                    + "task=task.000002 workflow=w\n$"
            ).firstMatch(in: line) != nil
        )
    }

    @Test("an attempt that fails is a warning that says which attempt it was, with the exit code of its command")
    func attempts() async throws {
        let raw = Recorder<String>()
        var configuration = WorkflowEngine.Configuration.quiet()
        configuration.logger = Logger(label: "test") {
            ConsoleLogHandler(label: $0, format: .plain) { raw.append($0) }
        }
        configuration.logger.logLevel = .warning
        try await withWorkflowEngine(configuration, signals: .ignored) { flow in
            let command = flow.executableTask("command", .retry(2)) { Command.shell("exit 3") }
            _ = await command().result
        }
        #expect(raw.count == 3)
        #expect(raw.values[0].contains(" WARNING command (task.000001) failed in attempt 1: "))
        #expect(raw.values[1].contains(" WARNING command (task.000001) failed in attempt 2: "))
        #expect(raw.values[1].contains(" attempt=2 "))
        #expect(raw.values[2].contains(" ERROR command (task.000001) failed: "))
        #expect(raw.values.allSatisfy { $0.contains(" exit_code=3 ") })
    }

    @Test("the end of a command has its words, without secrets, how it ended, and what the error is called")
    func commands() async throws {
        let raw = Recorder<String>()
        var configuration = WorkflowEngine.Configuration.quiet()
        configuration.logger = Logger(label: "test") {
            ConsoleLogHandler(label: $0, format: .json) { raw.append($0) }
        }
        configuration.logger.logLevel = .debug
        try await withWorkflowEngine(configuration, signals: .ignored) { flow in
            let good = flow.executableTask("good") { Command("echo", "--token", "s3cret") }
            let bad = flow.executableTask("bad") { (_: String) in Command.shell("kill -9 $$") }
            _ = await bad(good()).result
        }
        #expect(!raw.values.joined().contains("s3cret"))
        let good = try #require(raw.values.first { $0.contains("good (task.000001) done") })
        #expect(good.contains(#""command":"echo --token [redacted]""#))
        #expect(good.contains(#""exit_code":"0""#))
        let created = try #require(raw.values.first { $0.contains("bad (task.000002) created") })
        #expect(created.contains(#""dependencies":["task.000001"]"#))
        let bad = try #require(raw.values.first { $0.contains(#""level":"error""#) })
        #expect(bad.contains(#""signal":"9""#) && bad.contains(#""error_code":"taskFailed""#))
    }

    @Test("a logger at critical level costs and writes nothing")
    func critical() async throws {
        #expect(try await lines(.critical, workload).isEmpty)
    }
}
