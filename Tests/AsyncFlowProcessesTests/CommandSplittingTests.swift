import Testing

@testable import AsyncFlowProcesses

@Suite("Splitting a command line")
struct CommandSplittingTests {
    @Test(
        "A line is split by the quoting rules of the POSIX shell",
        arguments: [
            ("ls", ["ls"]),
            ("  ls \t -l\n-a  ", ["ls", "-l", "-a"]),
            ("echo 'a b' \"c d\"", ["echo", "a b", "c d"]),
            ("echo a'b c'd\"e f\"g", ["echo", "ab cde fg"]),
            ("echo '' \"\"", ["echo", "", ""]),
            (#"echo a\ b \' \" \\"#, ["echo", "a b", "'", "\"", "\\"]),
            (#"echo 'a\b' 'a\'"#, ["echo", #"a\b"#, #"a\"#]),
            (#"echo "a\"b" "a\\b" "a\$b" "a\`b" "a\b""#, ["echo", "a\"b", "a\\b", "a$b", "a`b", #"a\b"#]),
            ("echo a\\\nb \"c\\\nd\"", ["echo", "ab", "cd"]),
            ("echo $HOME *.txt | wc > out & # no", ["echo", "$HOME", "*.txt", "|", "wc", ">", "out", "&", "#", "no"]),
            ("echo 'it'\\''s'", ["echo", "it's"]),
            ("echo a\r\nb", ["echo", "a\r", "b"]),
            ("écho 'ü \u{1F600}'", ["écho", "ü \u{1F600}"]),
            ("--name=\"a b\"", ["--name=a b"]),
        ] as [(String, [String])]
    )
    func split(line: String, words: [String]) throws {
        let command = try Command(parsing: line)
        #expect([command.executable] + command.arguments == words)
    }

    @Test(
        "The words agree with those of a real shell",
        arguments: [
            #"printf '%s\0' a  'b c' "d\"e" f\ g '' "\a\\" x'y'"z""#,
            #"printf '%s\0' "'" '"' \\ "\$x" 'é ü'"#,
        ])
    func agreesWithShell(line: String) async throws {
        let ours = try await CommandRunner().run(Command(parsing: line))
        let shell = try await CommandRunner().run(.shell(line))
        #expect(ours.standardOutput == shell.standardOutput)
        #expect(!ours.standardOutput.isEmpty)
    }

    @Test(
        "An unfinished line is refused with the position",
        arguments: [
            ("echo 'abc", "single quote at position 6"),
            ("é \"abc", "double quote at position 3"),
            ("echo 'a' 'b", "position 10"),
            ("echo \\", "backslash"),
        ]
    )
    func unfinished(line: String, message: String) throws {
        let error = try #require(throws: CommandError.self) { try Command(parsing: line) }
        #expect(error.reason == .malformed)
        #expect(error.description.contains(message))
        #expect(error.description.contains(line))
    }

    @Test("A line without words is refused", arguments: ["", "  \n\t ", "''"])
    func empty(line: String) throws {
        let error = try #require(throws: CommandError.self) { try Command(parsing: line) }
        #expect(error.reason == .emptyCommand)
    }

    @Test(
        "A command prints as a line that a shell reads back",
        arguments: [
            ["ls", "-l"], ["echo", "a b", "", "it's", "$x;*|\"\\"], ["x y", "\n"], ["é", "e'\u{301}"],
        ]
    )
    func description(words: [String]) throws {
        let command = Command(words[0], arguments: Array(words.dropFirst()))
        let again = try Command(parsing: command.description)
        #expect([again.executable] + again.arguments == words)
        if words == ["ls", "-l"] { #expect(command.description == "ls -l") }
    }
}
