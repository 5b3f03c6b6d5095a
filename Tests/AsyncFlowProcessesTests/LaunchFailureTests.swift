import AsyncFlowBase
import Testing

@testable import AsyncFlowProcesses

@Suite("Commands that can't be started", .timeLimit(.minutes(1)))
struct LaunchFailureTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func failure(of command: Command, capture: CommandRunner.Capture = .memory) async throws -> CommandError {
        try #require(
            await #expect(throws: CommandError.self) { try await CommandRunner().run(command, capture: capture) }
        )
    }

    @Test("A program that isn't there is not found")
    func notFound() async throws {
        let name = try await failure(of: Command("no-such-program-here").environment(["PATH": "/usr/bin:/bin"]))
        #expect(name.reason == .notFound)
        #expect(name.description.contains("'no-such-program-here' is not in PATH (/usr/bin:/bin)"))
        let path = try await failure(of: Command("/no/such/program"))
        #expect(path.reason == .notFound)
        let inside = try await failure(of: Command("./nothing").workingDirectory(directory.path))
        #expect(inside.reason == .notFound)
        let throughFile = try await failure(of: Command("/bin/sh/x"))
        #expect(throughFile.reason == .notFound)
        let line = "ls -l"
        #expect(try await failure(of: Command(line)).description.contains("Command(parsing:)"))
    }

    @Test("A program without the permission is not executable")
    func notExecutable() async throws {
        let script = try directory.write("x.sh", "#!/bin/sh\n")
        let path = try await failure(of: Command(script))
        #expect(path.reason == .notExecutable)
        #expect(path.description.contains("chmod +x"))
        let name = try await failure(of: Command("x.sh").environment(["PATH": directory.path]))
        #expect(name.reason == .notExecutable)
        #expect(try await failure(of: Command(directory.path)).reason == .notExecutable)
        let text = try directory.write("text", "neither\n", mode: 0o755)
        #expect(try await failure(of: Command(text)).description.contains("#!"))
    }

    @Test("A working directory that can't be entered is told from a missing program")
    func workingDirectory() async throws {
        let missing = try await failure(of: Command("ls").workingDirectory("/nope"))
        #expect(missing.reason == .badWorkingDirectory)
        #expect(missing.description.contains("'/nope' doesn't exist"))
        let file = try directory.write("file", "")
        let notDirectory = try await failure(of: Command("ls").workingDirectory(file))
        #expect(notDirectory.reason == .badWorkingDirectory)
        #expect(notDirectory.description.contains("isn't a directory"))
    }

    @Test("A script whose interpreter is missing is told from a missing script")
    func interpreter() async throws {
        let script = try directory.write("x.py", "#! /opt/none/python3 -u\n", mode: 0o755)
        let error = try await failure(of: Command(script))
        #expect(error.reason == .interpreterMissing)
        #expect(error.description.contains("'/opt/none/python3'"))
        let plain = try directory.write("plain", "")
        let other = try directory.write("y.py", "#!\(plain)\n", mode: 0o755)
        let refused = try await failure(of: Command(other))
        #expect(refused.reason == .notExecutable)
        #expect(refused.description.contains(plain))
    }

    @Test("Files that can't be opened are named")
    func files() async throws {
        let input = try await failure(of: Command("cat").standardInput(.file("/nope/in")))
        #expect(input.reason == .inputFailed(errno: ENOENT))
        #expect(input.description.contains("/nope/in"))
        let output = try await failure(
            of: "ls", capture: .files(standardOutput: "/nope/out", standardError: directory.path + "/err")
        )
        #expect(output.reason == .outputFailed(errno: ENOENT))
        #expect(output.systemErrorCode == ENOENT)
        let error = try await failure(
            of: "ls", capture: .files(standardOutput: directory.path + "/out", standardError: directory.path)
        )
        #expect(error.reason == .outputFailed(errno: EISDIR))
        let fifo = try directory.fifo("fifo")
        let nobody = try await failure(of: "ls", capture: .files(standardOutput: fifo.path, standardError: fifo.path))
        #expect(nobody.reason == .outputFailed(errno: ENXIO))
    }

    @Test("Too many arguments are refused with what can be done")
    func tooLong() async throws {
        let error = try await failure(of: Command("true", arguments: [String(repeating: "x", count: 8_000_000)]))
        #expect(error.reason == .launchFailed(errno: E2BIG))
        #expect(error.description.contains("standard input"))
        #expect(error.description.utf8.count < 5000)
    }
}
