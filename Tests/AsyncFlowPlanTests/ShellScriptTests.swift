import AsyncFlowPlan
import Foundation
import Testing

/// Values that would do harm as code.
private let hostile = [
    "plain", "", " ", "a b", "it's", "say \"hi\"", "$(touch HARM)", "`touch HARM`", "$HOME ${HOME}", "*", "a*b?[c]",
    "# no comment",
    "-n", "--version", "line\nbreak", "tab\there", "back\\slash", "\\", "'; touch HARM; '", "\"; touch HARM; \"",
    "; touch HARM",
    "| touch HARM", "&& touch HARM", "$((1+1))", "a[$(touch HARM)]", "!!", "~", "{a,b}", "%s%n", "ä€😀", "EOF",
    "\nEOF\ntouch HARM\n",
    "${IFS}", "<(touch HARM)", "\u{1}\u{7f}", "'\\''", "\r\n", "  two  blanks  ", "\u{FFFD}",
]

@Suite struct ShellScriptTests {
    /// Scripts that print the value, and nothing else, with a mark behind it: a substitution takes line breaks away.
    static let places = [
        "printf '%s.' ${{ x }}", "printf '%s.' \"${{ x }}\"", "printf '%s.' \"a${{ x }}\" | sed '1s/^a//'",
        "y=${{ x }}; printf '%s.' \"$y\"",
        "y=\"${{ x }}\"; printf '%s.' \"$y\"", "cat <<END_OF_IT | tr -d '\\000'; printf .\n${{ x }}\nEND_OF_IT\n",
        "printf '%s' \"$(printf '%s.' ${{ x }})\"", "printf '%s' \"$(printf '%s.' \"${{ x }}\")\"",
        "printf '%s' \"`printf '%s.' ${{ x }}`\"",
        "if true; then printf '%s.' ${{ x }}; fi # ${{ x }}", "case ${{ x }} in *) printf '%s.' ${{ x }};; esac",
        "f() { printf '%s.' \"$1\"; }; f ${{ x }}", "(printf '%s.' ${{ x }})",
        "sh -c 'printf \"%s.\" \"$1\"' - ${{ x }}",
        "for y in ${{ x }}; do printf '%s.' \"$y\"; done", "printf '%s.' ${{ x }} | { cat; }",
        "A=${{ x }} sh -c 'printf \"%s.\" \"$A\"'",
        "awk 'BEGIN { print \"it costs $1\" }' >/dev/null; printf '%s.' ${{ x }}",
        "echo $((1 + 1)) >/dev/null; printf '%s.' ${{ x }}",
        "test ${{ x }} = ${{ x }} && printf '%s.' ${{ x }}",
    ]

    @Test(
        "A hostile value arrives unchanged wherever it can stand in a script",
        .enabled(if: canRun(["bash", "-c", ":"]) && canRun(["dash", "-c", ":"]), "it needs bash and dash"),
        arguments: places)
    func values(place: String) throws {
        var diagnostics = Diagnostics()
        let template = Template.parse(PlacedText(place, at: Place(line: 1, column: 1)), &diagnostics)
        let script = ShellScript(template, &diagnostics)
        try #require(diagnostics.all == [])
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("asyncflow-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let count = template.expressions.count
        for shell in ["bash", "dash"] {
            // One script for all values: each prints its own between marks.
            var whole = "cd \(folder.path)\n"
            for value in hostile {
                let text = try script.text(
                    values: Array(repeating: .string(value), count: count), isBash: shell == "bash")
                whole += "(\n\(text)\n)\nprintf '\\001\\002\\003'\n"
            }
            let printed = try output(of: [shell, "-eu", "-c", whole]).components(separatedBy: "\u{1}\u{2}\u{3}")
            for (value, line) in zip(hostile, printed) {
                // A here-document ends its text with a line break.
                let expected = place.contains("<<") ? value + "\n." : value + "."
                #expect(line == expected, "\(value.debugDescription) in \(place), \(shell)")
            }
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: folder.path) == [],
                "something was executed: \(place)")
        }
    }

    @Test("A list is one word for each element in bash", .enabled(if: canRun(["bash", "-c", ":"]), "it needs bash"))
    func lists() throws {
        var diagnostics = Diagnostics()
        let template = Template.parse(
            PlacedText("for x in ${{ xs }}; do printf '<%s>' \"$x\"; done", at: Place(line: 1, column: 1)), &diagnostics
        )
        let script = ShellScript(template, &diagnostics)
        let text = try script.text(values: [.strings(hostile)], isBash: true)
        #expect(try output(of: ["bash", "-euo", "pipefail", "-c", text]) == hostile.map { "<\($0)>" }.joined())
        let empty = try script.text(values: [.list([])], isBash: true)
        #expect(try output(of: ["bash", "-euo", "pipefail", "-c", empty]) == "")
    }

    @Test(
        "A place where a value would become code is refused with the remedy",
        arguments: [
            ("echo '${{ x }}'", "a value can't stand within single quotes"),
            ("cat <<'EOF'\n${{ x }}\nEOF\n", "a value can't stand in a here-document whose delimiter is quoted"),
            ("echo ${y:-${{ x }}}", "a value can't stand within ${…} of the shell"),
            ("eval ${{ x }}", "'eval' would take the value for code"),
            ("eval \"${{ x }}\"", "'eval' would take the value for code"),
            ("bash -c ${{ x }}", "the value would become code of another shell"),
            ("sh -c \"echo ${{ x }}\"", "the value would become code of another shell"),
            ("/bin/bash -ec \"${{ x }}\"", "the value would become code of another shell"),
            ("echo $((1 + ${{ x }}))", "in arithmetic of the shell, string could be code; only an int can stand here"),
            ("(( ${{ x }} > 1 ))", "in arithmetic of the shell, string could be code; only an int can stand here"),
            ("[[ ${{ x }} -eq 3 ]]", "in arithmetic of the shell, string could be code; only an int can stand here"),
            (
                "[[ 3 -lt \"${{ x }}\" ]]",
                "in arithmetic of the shell, string could be code; only an int can stand here"
            ),
            ("a[${{ x }}]=1", "in arithmetic of the shell, string could be code; only an int can stand here"),
            ("let ${{ x }}", "'let' would take the value for code"),
            ("printf -v ${{ x }} 1", "'printf -v' would take the value for code"),
            ("trap \"${{ x }}\" EXIT", "'trap' would take the value for code"),
            ("echo \"abc", "the double quote has no end"), ("echo $(ls", "'$(' or a backquote has no end"),
            ("echo \\${{ x }}", "a backslash can't stand before a value"),
            ("cat <<EOF\nabc\n", "the here-document has no end: a line 'EOF' is missing"),
        ])
    func refusals(place: String, expected: String) {
        var diagnostics = Diagnostics()
        let template = Template.parse(PlacedText(place, at: Place(line: 1, column: 1)), &diagnostics)
        let script = ShellScript(template, &diagnostics)
        script.check(template.expressions.map { _ in .string }, isBash: true, &diagnostics)
        #expect(diagnostics.all.map(\.message) == [expected])
    }

    @Test("Only ints stand in arithmetic, and their values are checked again")
    func arithmetic() throws {
        var diagnostics = Diagnostics()
        let template = Template.parse(PlacedText("echo $((1 + ${{ x }}))", at: Place(line: 1, column: 1)), &diagnostics)
        let script = ShellScript(template, &diagnostics)
        script.check([.int], isBash: false, &diagnostics)
        #expect(diagnostics.all == [])
        #expect(try script.text(values: [.int(-4)], isBash: false) == "_v1=-4\necho $((1 + ${_v1}))")
        #expect(throws: ValueError.self) { try script.text(values: [.string("a[$(id)]")], isBash: false) }
        #expect(throws: ValueError.self) { try script.text(values: [.string("nul\u{0}")], isBash: false) }
    }
}
