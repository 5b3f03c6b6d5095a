import TestSupport
@testable import AsyncFlowBase
import Foundation
import Logging
import Testing

@testable import AsyncFlow
@testable import AsyncFlowProcesses

@Suite("Pipelines of commands", .timeLimit(.minutes(1)))
struct PipelineTests {
    private func run(_ command: Command) async throws -> String { try await CommandRunner().run(command).text }

    private func failure(_ command: Command) async throws -> CommandError {
        try #require(await #expect(throws: CommandError.self) { try await CommandRunner().run(command) })
    }

    @Test("the second command reads what the first one writes, and no word means anything to a shell")
    func words() async throws {
        let odd = ["a b", "$HOME", "'\"", "`id`", "*", "-n", "", "x\ny"]
        let first = Command("printf", arguments: ["[%s]\\n"] + odd)
        let expected = odd.map { "[\($0)]\n" }.joined()
        #expect(try await run(first.piped(to: "cat")) == expected)
        #expect(try await run(first.piped(to: "cat").piped(to: "cat").piped(to: "wc -l")) == "9\n")
        let echoed = Command("echo", arguments: ["a\\nb"])
        #expect(try await run(echoed.piped(to: "cat")) == "a\\nb\n", "the program, not the shell's own echo")
    }

    @Test("a pipeline fails if any part does, with the first one's code, and says which")
    func failures() async throws {
        let first = try await failure(Command.shell("echo x; exit 3").piped(to: "cat"))
        #expect(first.exitCode == 3)
        #expect(first.standardErrorTail.contains("pipeline: /bin/sh exited with code 3"))
        #expect(try await failure(Command("true").piped(to: .shell("exit 4"))).exitCode == 4)
        #expect(try await failure(Command("false").piped(to: .shell("exit 4"))).exitCode == 1)
        #expect(try await failure(Command("no-such-program").piped(to: "cat")).exitCode == 127)
        #expect(try await failure(Command.shell("exit 5").piped(to: "cat").piped(to: "cat")).exitCode == 5)
        #expect(try await run(Command("yes").piped(to: "head -n 1")) == "y\n", "SIGPIPE is no failure")
    }

    @Test("each part keeps its environment and directory; the first one gets the standard input")
    func settings() async throws {
        let folder = try TemporaryFolder("pipeline")
        let first = Command.shell("cat; echo $A; pwd").environment(["A": "1 '\""]).workingDirectory("/")
            .standardInput(.text("in\n"))
        let second = Command.shell("cat; echo $A; pwd").workingDirectory(folder.path)
        let text = try await run(first.piped(to: second))
        #expect(text == "in\n1 '\"\n/\n\n\(folder.path)\n")
        let error = try await failure(Command("true").piped(to: Command("cat").standardInput(.text("x"))))
        #expect(error.reason == .malformed && error.description.contains("standard input"))
        #expect(try await failure(Command("x 'y").piped(to: "cat")).reason == .malformed)
    }

    @Test("a cancelled pipeline ends with all its parts")
    func cancelled() async throws {
        try await withTestEngine { flow in
            let run = flow.executableTask("pipeline") { () in
                Command.shell("echo $$ >&2; sleep 1000").piped(to: .shell("cat; sleep 1000"))
            }()
            var pid: pid_t = 0
            for try await line in run.outputLines(of: .standardError) {
                pid = try #require(pid_t(line.text))
                break
            }
            run.cancel()
            #expect(await run.finalState == .cancelled)
            #expect(!isRunning(pid))
        }
    }

    @Test("a line for bash fails with any of its commands", .enabled(if: Tools.areInstalled("bash")))
    func bash() async throws {
        #expect(try await failure(.bash("(exit 3) | cat")).exitCode == 3)
        #expect(try await failure(.bash("false; echo on")).standardOutputTail.isEmpty)
        #expect(try await run(.bash("echo x | tr x y")) == "y\n")
    }

    private static let shellLike: [(Command, String?)] = [
        ("a | b", "|"), ("a > b", ">"), ("a >b", ">b"), ("a 2>&1", "2>&1"), ("a && b", "&&"), ("a '|' b", nil),
        ("a \\| b", nil), ("a \("|") b", nil), ("a \(["|", ">"]) b", nil), ("a|b", nil), ("a -> b", nil),
        ("a x>b", nil),
    ]

    @Test(
        "words that only mean something to a shell are found, and the same as values or in quotes are not",
        arguments: Self.shellLike)
    func shellWords(command: Command, word: String?) {
        #expect(command.shellWord == word)
    }

    @Test("such a word is warned about once, with what to write instead")
    func warning() async throws {
        let log = CollectedLog()
        var configuration = WorkflowEngine.Configuration.quiet()
        configuration.logger = Logger(label: "test") { _ in log }
        configuration.logger.logLevel = .warning
        try await withWorkflowEngine(configuration, signals: .ignored) { flow async throws in
            let task = flow.executableTask("count") { (number: Int) in "echo \(number) | wc -l" }
            for number in 0..<3 { #expect(try await task(number).value == "\(number) | wc -l\n") }
        }
        let messages = log.messages
        #expect(messages.count == 1)
        #expect(messages.first?.contains(".piped(to:)") == true)
        #expect(messages.first?.contains("count (task.") == true)
    }

    @Test("output of half a gigabyte in memory is warned about once, with the way out")
    func muchOutput() {
        let log = CollectedLog()
        let advice = CommandAdvice(Logger(label: "test") { _ in log })
        for count in [499_000_000, 600_000_000, 700_000_000] { advice.check(outputOf: count, of: "big (task.1)") }
        #expect(log.messages.count == 1)
        #expect(log.messages.first?.contains(".captureStdio") == true)
    }
}

/// Keeps what is logged.
private final class CollectedLog: LogHandler, @unchecked Sendable {  // the requirements that can be set aren't
    private let collected = Lock<[String]>([])
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.warning
    var messages: [String] { collected.withLock { $0 } }
    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        collected.withLock { $0.append("\(event.message)") }
    }
}
