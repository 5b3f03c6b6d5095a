import Testing

@testable import AsyncFlowProcesses

@Suite("Writing a command as a literal")
struct CommandLiteralTests {
    static let hostile = [
        "x; rm -rf /", "$(reboot)", "`id`", "a b", "", " ", "'", "\"", "\\", "\n", "*", "-rf", "'; '", "\"$HOME\"",
        "é\u{301}",
    ]

    @Test("A value stays inside its word whatever it contains", arguments: hostile)
    func injection(value: String) {
        let plain: Command = "run \(value) end"
        #expect(plain.arguments == [value, "end"])
        let glued: Command = "run --name=\(value),x"
        #expect(glued.arguments == ["--name=\(value),x"])
        let single: Command = "run 'a \(value) b'"
        #expect(single.arguments == ["a \(value) b"])
        let double: Command = "run \"a \(value) b\""
        #expect(double.arguments == ["a \(value) b"])
        let two: Command = "run \(value)\(value)"
        #expect(two.arguments == [value + value])
        let program: Command = "\(value) x"
        #expect(program.executable == value)
    }

    @Test("A hostile value reaches a real program unchanged", arguments: hostile)
    func reachesProgram(value: String) async throws {
        let result = try await CommandRunner().run("printf %s \(value)")
        #expect(result.text == value)
    }

    @Test("Numbers, substrings and other printable values are taken")
    func kinds() {
        let command: Command = "run \(1) \(2.5) \("abcd".dropFirst()) \(true) \(Character("x"))"
        #expect(command.arguments == ["1", "2.5", "bcd", "true", "x"])
    }

    @Test("An array becomes one word for each element")
    func array() {
        let files = ["a b", "", "c;d"]
        let command: Command = "cat \(files) end"
        #expect(command.arguments == ["a b", "", "c;d", "end"])
        let none: Command = "cat \([String]()) end"
        #expect(none.arguments == ["end"])
        let numbers: Command = "seq \([1, 2, 3][1...])"
        #expect(numbers.arguments == ["2", "3"])
        let whole: Command = "\(["ls", "-l"])"
        #expect(whole == Command("ls", "-l"))
    }

    @Test("An array that touches other text is refused when the command runs")
    func gluedArray() async {
        let list = ["a", "b"]
        let commands: [Command] = [
            "x -o\(list)", "x \(list)y", "x '\(list)'", "x \"\(list)\"", "x \(list)\(list)", "x \(1)\(list)",
            "x \(list)\(1)",
            "x \(list)''",
        ]
        for command in commands {
            let error = await #expect(throws: CommandError.self) { try await CommandRunner().run(command) }
            #expect(error?.reason == .malformed)
            #expect(error?.description.contains("stand alone") == true)
        }
    }

    @Test(
        "A malformed or empty literal is refused when the command runs",
        arguments: [
            ("echo 'a", .malformed), ("echo \\", .malformed), ("", .emptyCommand), ("   ", .emptyCommand),
            ("'' x", .emptyCommand),
        ] as [(Command, CommandError.Reason)])
    func malformed(command: Command, reason: CommandError.Reason) async {
        let error = await #expect(throws: CommandError.self) { try await CommandRunner().run(command) }
        #expect(error?.reason == reason)
    }

    @Test("A string literal as the only argument is split, a string variable is a program's name")
    func singleString() {
        #expect(Command("ls -l").arguments == ["-l"])
        let line = "ls -l"
        #expect(Command(line).executable == "ls -l")
    }

    @Test("Modifiers change a copy")
    func modifiers() {
        let plain: Command = "ls"
        let changed = plain.environment(["A": "1", "B": "1"]).environment(["B": "2"]).workingDirectory("/tmp")
            .standardInput(.text("x")).inheritingEnvironment(false).arguments(["-l"])
        #expect(plain == Command("ls"))
        #expect(changed.environment == ["A": "1", "B": "2"])
        #expect(changed.workingDirectory == "/tmp")
        #expect(changed.standardInput == .bytes([0x78]))
        #expect(!changed.inheritsEnvironment)
        #expect(changed.arguments == ["-l"])
    }

    @Test(
        "What the system can't pass on is refused before anything starts",
        arguments: [
            Command("a\0b"), Command("echo", "a\0b"), Command("echo").environment(["": "x"]),
            Command("echo").environment(["A=B": "x"]), Command("echo").environment(["A": "x\0"]),
            Command("echo").workingDirectory("/\0"), Command("echo").workingDirectory(""),
            Command("cat").standardInput(.file("a\0")), Command("cat").standardInput(.file("")),
        ])
    func invalid(command: Command) async {
        let error = await #expect(throws: CommandError.self) { try await CommandRunner().run(command) }
        #expect(error?.reason == .invalidArgument)
    }
}
