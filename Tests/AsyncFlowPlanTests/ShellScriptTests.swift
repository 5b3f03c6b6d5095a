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
            ("echo \"\\${{ x }}\"", "a backslash can't stand before a value"),
            ("cat <<EOF\n\\${{ x }}\nEOF\n", "a backslash can't stand before a value"),
            ("cat <<EOF\nabc\n", "the here-document has no end: a line 'EOF' is missing"),
        ])
    func refusals(place: String, expected: String) { #expect(messages(place) == [expected]) }

    /// The messages about a script with strings as its values.
    private func messages(_ place: String) -> [String] {
        var diagnostics = Diagnostics()
        let template = Template.parse(PlacedText(place, at: Place(line: 1, column: 1)), &diagnostics)
        let script = ShellScript(template, &diagnostics)
        script.check(template.expressions.map { _ in .string }, isBash: true, &diagnostics)
        return diagnostics.all.map(\.message)
    }

    @Test(
        "Arithmetic is found wherever bash has it",
        arguments: [
            "for ((i = 0; i < ${{ x }}; i++)); do :; done", "if true; then (( ${{ x }} > 1 )); fi",
            "echo $[${{ x }} + 1]", "echo \"$[${{ x }}]\"", "cat <<EOF\n$[a[0] + ${{ x }}]\nEOF\n",
            "a[b[0] + ${{ x }}]=1", "a[\"${{ x }}\"]=1", "not[${{ x }}]=1", "a=([${{ x }}]=v)",
            "a+=(x [1 + ${{ x }}]=v)", "a=(\n  x\n  [ ${{ x }} ]=v\n)",
            "[[ ( ${{ x }} -eq 1 ) ]]", "[[ -n y && ${{ x }} -eq 1 ]]", "[[ -n y &&\n ${{ x }} -eq 1 ]]",
            "[[ -n y || ( -n z && \"${{ x }}\" -gt 1 ) ]]",
        ])
    func findsArithmetic(place: String) {
        #expect(
            messages(place) == ["in arithmetic of the shell, string could be code; only an int can stand here"])
    }

    @Test(
        "What would take a value for code is found wherever its command stands",
        arguments: [
            "if [[ -n y ]]; then eval ${{ x }}; fi", "[[ -n y ]] && eval ${{ x }}", "[[ -n y ]]&&eval ${{ x }}",
            "\\eval ${{ x }}", "'eval' ${{ x }}", "\"eval\" ${{ x }}", "x+=1 eval ${{ x }}", "a[0]=1 eval ${{ x }}",
            ">out eval ${{ x }}", "> out eval ${{ x }}", "2>&1 eval ${{ x }}", "eval 2>&1 ${{ x }}",
            "eval &>out ${{ x }}", "[[ -v ${{ x }} ]]", "[ -v ${{ x }} ]", "declare -i n=${{ x }}",
            "f() { local -i n=${{ x }}; }", "declare -n n=${{ x }}", "read ${{ x }}", "read -r ${{ x }} <<< y",
            "mapfile ${{ x }}", "echo ${y:\"${{ x }}\"}", "echo ${a[\"${{ x }}\"]}",
            // Other shells.
            "bash -c \\\n  \"echo ${{ x }}\"", "env A=1 bash -c \"echo ${{ x }}\"", "\"bash\" \"-c\" ${{ x }}",
            "timeout 10 sh -c ${{ x }}", "$SHELL -c ${{ x }}", "sudo -u y bash -c ${{ x }}",
            "bash 2>&1 -c ${{ x }}", "bash <<EOF\necho ${{ x }}\nEOF\n", "bash -s a <<EOF\necho ${{ x }}\nEOF\n",
            "sudo -u y bash -o pipefail <<EOF\necho ${{ x }}\nEOF\n", "bash <<< ${{ x }}",
            "sh -e <<< \"echo ${{ x }}\"", "echo ${{ x }} | bash", "printf '%s' \"${{ x }}\" |\n  sh -s a",
            "echo ${{ x }} |& sudo bash", "ssh host ls ${{ x }}", "ssh -p 22 -v host \"ls ${{ x }}\"",
            "ssh host <<EOF\nls ${{ x }}\nEOF\n", "timeout 5 ssh ${{ y }} ls ${{ x }}",
        ])
    func findsCode(place: String) {
        let found = messages(place)
        #expect(
            found.count == 1 && found[0].contains("code") || found == ["a value can't stand within ${…} of the shell"],
            "\(found)")
    }

    @Test(
        "What only looks like it is accepted",
        arguments: [
            "read -r y <<< ${{ x }}", "read -r -p \"Name of ${{ x }}: \" y", "read y < ${{ x }}",
            "bash script.sh ${{ x }} <<EOF\n${{ x }}\nEOF\n", "bash -s ${{ x }} <<'EOF'\necho \"$1\"\nEOF\n",
            "cat <<EOF | bash script.sh\n${{ x }}\nEOF\n", "cat ${{ x }} | bash", "ssh ${{ x }} uptime",
            "ssh host \"ls $(printf %q ${{ x }})\"", "rsync -e ssh ${{ x }} host:${{ x }}",
            "if [[ -n ${{ x }} ]]; then echo ${{ x }}; fi", "[[ ( ${{ x }} == a ) ]]", "[[ ${{ x }} =~ (a|b)$ ]]",
            "echo $( [[ -n ${{ x }} ]] ) ${{ x }}", "f() { local y=${{ x }}; }", "export Y=${{ x }}",
            "echo ${{ x }} 2>&1 | grep x", "echo ${{ x }} >&2", "command ls ${{ x }} &>/dev/null", "tr -d [${{ x }}]",
            "a=(eval ${{ x }}\n  bash -c ${{ x }}); ls ${{ x }}", "echo a\\\nb ${{ x }}",
            "case ${{ x }} in (a) ls ${{ x }};; esac; ls ${{ x }}",
        ])
    func acceptsOthers(place: String) { #expect(messages(place) == []) }

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
