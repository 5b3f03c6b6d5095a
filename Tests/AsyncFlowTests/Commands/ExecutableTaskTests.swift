import TestSupport
import AsyncFlow
import Foundation
import Testing

@Suite("Executable tasks", .timeLimit(.minutes(1)))
struct ExecutableTaskTests {
    @Test("a command's output is a value that functions and other commands take")
    func values() async throws {
        try await withTestEngine { flow async throws in
            let number = flow.executableTask("number") { "/bin/echo 5" }
            let scale = flow.functionTask("scale") { (text: String) in Int(text.trimmed)! * 4 }
            let show = flow.executableTask("show") { (value: Int, text: String) in "/bin/echo \(value) \(text.trimmed)"
            }
            let first = number()
            #expect(first.kind == .executable)
            #expect(try await show(scale(first), first).value == "20 5\n")
        }
    }

    @Test(
        "a value stays one argument, whatever it contains",
        arguments: [
            "two words", "x; echo injected", "$(echo injected) `echo injected`", "'\"\\", "", "*", "-n\nline", "ünï 🧬",
        ])
    func injection(value: String) async throws {
        try await withTestEngine { flow async throws in
            let make = flow.functionTask("make") { value }
            let show = flow.executableTask("show") { (text: String) in "/usr/bin/printf '[%s]' \(text) end" }
            #expect(try await show(make()).value == "[\(value)][end]")
        }
    }

    @Test("an array becomes several arguments, and paths may contain spaces")
    func paths() async throws {
        try await withTestEngine { flow async throws in
            let folder = try TemporaryFolder("with spaces")
            let names = ["a b.txt", "c'd.txt", "e\"f.txt"]
            for name in names { try "text of \(name)\n".write(toFile: folder[name], atomically: true, encoding: .utf8) }
            let path = flow.functionTask("path") { (name: String) in folder[name] }
            let join = flow.executableTask("join") { (paths: [String]) in "/bin/cat \(paths)" }
            #expect(try await join(names.map { path($0) }).value == names.map { "text of \($0)\n" }.joined())
        }
    }

    @Test("a body may take its time to make the command")
    func slowBody() async throws {
        try await withTestEngine { flow async throws in
            let gate = Gate()
            let slow = flow.executableTask("slow") {
                try await gate.wait()
                return "/bin/echo late"
            }
            let next = flow.functionTask("next") { (text: String) in text.trimmed }
            let future = next(slow())
            gate.open()
            #expect(try await future.value == "late")
        }
    }

    @Test("a command that fails fails its task with its exit code and standard error, and its dependents")
    func exitCode() async throws {
        try await withTestEngine { flow in
            let fails = flow.executableTask("fails") { .shell("echo trouble >&2; exit 3") }()
            let dependent = flow.functionTask("dependent") { (text: String) in text }(fails)
            let error = try #require(await fails.error as? TaskFailedError)
            let cause = try #require(error.cause as? CommandError)
            #expect(cause.exitCode == 3)
            #expect(cause.standardErrorTail.contains("trouble"))
            #expect((await dependent.error as? DependencyFailureError)?.deepestCause is CommandError)
        }
    }

    @Test(
        "a command that isn't there, or is none, fails its task and says why",
        arguments: [
            ("/no/such/program", CommandError.Reason.notFound), ("", .emptyCommand), ("   ", .emptyCommand),
        ])
    func noCommand(line: String, reason: CommandError.Reason) async throws {
        try await withTestEngine { flow in
            let future = flow.executableTask("task") { try Command(parsing: line) }()
            let error = try #require(await future.error as? TaskFailedError)
            #expect((error.cause as? CommandError)?.reason == reason)
            let other = flow.executableTask("other") { "/bin/echo fine" }()
            #expect(try await other.value == "fine\n")
        }
    }

    @Test("output that isn't UTF-8 is repaired, and no reason to fail")
    func notUTF8() async throws {
        try await withTestEngine { flow async throws in
            let future = flow.executableTask("task") { #"/usr/bin/printf 'a\377b'"# }()
            #expect(try await future.value == "a\u{FFFD}b")
        }
    }

    @Test("captured output goes to files in the run directory, and the value is the path")
    func captured() async throws {
        let folder = try TemporaryFolder("runs")
        var configuration = WorkflowEngine.Configuration.quiet()
        configuration.workDirectory = folder.path
        try await withWorkflowEngine(configuration, signals: .ignored) { flow in
            #expect(!FileManager.default.fileExists(atPath: flow.runDirectory))
            let task = flow.executableTask("task", .captureStdio) { .shell("echo out; echo err >&2") }
            let future = task()
            let path = try await future.value
            #expect(path == "\(flow.runDirectory)/\(future.id).stdout")
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "out\n")
            let errors = "\(flow.runDirectory)/\(future.id).stderr"
            #expect(try String(contentsOfFile: errors, encoding: .utf8) == "err\n")
        }
    }
}
