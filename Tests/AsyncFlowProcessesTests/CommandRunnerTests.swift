import AsyncFlowBase
import Testing

@testable import AsyncFlowProcesses

@Suite("Running commands", .timeLimit(.minutes(1)))
struct CommandRunnerTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    @Test("What a command writes comes back", arguments: TestRunner.allCases)
    func output(kind: TestRunner) async throws {
        let result = try await kind.runner.run(.shell("printf out; printf err >&2"))
        #expect(result.text == "out")
        #expect(result.standardErrorTail == "err")
        #expect(result.processID > 1)
    }

    @Test("Variables are added to the environment, or are all there is")
    func environment() async throws {
        setenv("PROCESSES_TEST_INHERITED", "inherited", 1)
        setenv("PROCESSES_TEST_REPLACED", "old", 1)
        let command = Command("/usr/bin/env").environment([
            "PROCESSES_TEST_REPLACED": "new = x", "PROCESSES_TEST_ADDED": "",
        ])
        let added = try await CommandRunner().run(command).text.split(separator: "\n")
        #expect(added.contains("PROCESSES_TEST_INHERITED=inherited"))
        #expect(added.filter { $0.hasPrefix("PROCESSES_TEST_REPLACED=") } == ["PROCESSES_TEST_REPLACED=new = x"])
        #expect(added.contains("PROCESSES_TEST_ADDED="))
        let alone = try await CommandRunner().run(command.inheritingEnvironment(false)).text.split(separator: "\n")
        #expect(alone.sorted() == ["PROCESSES_TEST_ADDED=", "PROCESSES_TEST_REPLACED=new = x"])
        let none = try await CommandRunner().run(Command("env").inheritingEnvironment(false))
        #expect(none.text == "")
    }

    @Test("A command runs in its working directory, and relative programs are found there")
    func workingDirectory() async throws {
        let real = String(cString: try #require(realpath(directory.path, nil)))
        #expect(try await CommandRunner().run(Command("pwd").workingDirectory(directory.path)).text == real + "\n")
        _ = try directory.write("tool.sh", "#!/bin/sh\necho tool in $PWD\n", mode: 0o755)
        let command = Command("./tool.sh").workingDirectory(real)
        #expect(try await CommandRunner().run(command).text == "tool in \(real)\n")
    }

    @Test("The program is looked up in the PATH the command will see")
    func path() async throws {
        _ = try directory.write("only-here", "#!/bin/sh\necho found\n", mode: 0o755)
        let command = Command("only-here").environment(["PATH": "/nowhere::relative:\(directory.path)"])
        #expect(try await CommandRunner().run(command).text == "found\n")
    }

    @Test("Standard input comes from a text, bytes, a file or nowhere", arguments: TestRunner.allCases)
    func input(kind: TestRunner) async throws {
        let runner = try kind.runner
        #expect(try await runner.run("cat").standardOutput == [])
        #expect(try await runner.run(Command("cat").standardInput(.text("é\n"))).text == "é\n")
        #expect(try await runner.run(Command("cat").standardInput(.text(""))).text == "")
        let bytes = (0..<10_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
        #expect(try await runner.run(Command("cat").standardInput(.bytes(bytes))).standardOutput == bytes)
        let file = try directory.write("input", "from a file")
        #expect(try await runner.run(Command("cat").standardInput(.file(file))).text == "from a file")
    }

    @Test("Output that isn't UTF-8 is no failure")
    func notUTF8() async throws {
        let result = try await CommandRunner().run(.shell(#"printf 'a\377b'; printf 'c\377d' >&2"#))
        #expect(result.standardOutput == [0x61, 0xFF, 0x62])
        #expect(result.text == "a\u{FFFD}b")
        #expect(result.standardErrorTail == "c\u{FFFD}d")
    }

    @Test("64 MB of output come back whole, and of a long standard error the end")
    func bigOutput() async throws {
        let result = try await CommandRunner().run(
            .shell("head -c 64000000 /dev/zero; { seq 100000; printf end; } >&2")
        )
        #expect(result.standardOutput.count == 64_000_000)
        #expect(result.standardOutput.allSatisfy { $0 == 0 })
        #expect(result.standardErrorTail.utf8.count == 65_536)
        #expect(result.standardErrorTail.hasSuffix("100000\nend"))
    }

    @Test(
        "An exit code is an error that has the code and the end of the standard error", arguments: TestRunner.allCases)
    func exitCode(kind: TestRunner) async throws {
        let runner = try kind.runner
        let command = Command.shell("seq 10000 >&2; echo 'no such sample' >&2; exit 3")
        let error = await #expect(throws: CommandError.self) { try await runner.run(command) }
        #expect(error?.reason == .exited(code: 3))
        #expect(error?.exitCode == 3)
        #expect(error?.signal == nil)
        #expect(error?.standardErrorTail.hasSuffix("no such sample\n") == true)
        #expect(error?.standardErrorTail.utf8.count == 4096)
        #expect(error?.description.contains("exited with code 3") == true)
    }

    @Test("A signal is an error that has the signal")
    func signal() async throws {
        let error = await #expect(throws: CommandError.self) {
            try await CommandRunner().run(.shell("kill -SEGV $$"))
        }
        #expect(error?.reason == .signalled(signal: SIGSEGV))
        #expect(error?.signal == SIGSEGV)
        #expect(error?.description.contains("SIGSEGV") == true)
    }

    @Test("Output goes into files, and an error has the end of the file")
    func files() async throws {
        _ = try directory.write("out", "something longer that was there before")
        let files = CommandRunner.Capture.files(
            standardOutput: directory.path + "/out", standardError: directory.path + "/err"
        )
        let result = try await CommandRunner().run(.shell("echo one; echo two >&2"), capture: files)
        #expect(result.standardOutput == [])
        #expect(result.standardErrorTail == "two\n")
        #expect(try directory.read("out") == "one\n")
        #expect(try directory.read("err") == "two\n")
        let error = await #expect(throws: CommandError.self) {
            try await CommandRunner().run(.shell("echo why >&2; exit 1"), capture: files)
        }
        #expect(error?.standardErrorTail == "why\n")
    }

    @Test("Both streams can go into one file")
    func oneFile() async throws {
        let file = directory.path + "/both"
        let command = Command.shell("echo 1; echo 2 >&2; echo 3")
        _ = try await CommandRunner().run(command, capture: .files(standardOutput: file, standardError: file))
        #expect(try directory.read("both") == "1\n2\n3\n")
    }

    @Test("No environment variable's value is in a message")
    func secrets() async throws {
        let command = Command.shell("exit 1").environment(["TOKEN": "hunter2"])
        let error = await #expect(throws: CommandError.self) { try await CommandRunner().run(command) }
        #expect(error?.description.contains("hunter2") == false)
        #expect("\(command)".contains("hunter2") == false)
    }
}
