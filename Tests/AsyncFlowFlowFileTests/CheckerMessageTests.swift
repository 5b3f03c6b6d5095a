import AsyncFlowFlowFile
import AsyncFlowPlan
import Testing

/// The messages about a flow file: `line:column: severity: message (hint)`.
func messages(_ text: String, profiles: [String] = [], exists: @escaping @Sendable (String) -> Bool = { _ in false })
    -> [String]
{
    let (flow, findings) = FlowFile.read(.init(name: "x.flow.yaml", text: text, base: "/base"), profiles: profiles)
    var diagnostics = findings[0].diagnostics
    if let flow { _ = Checker.check(flow.plan, &diagnostics, exists: exists) }
    return diagnostics.sorted.map {
        "\($0.place.line):\($0.place.column): \($0.severity): \($0.message)" + ($0.hint.map { " (\($0))" } ?? "")
    }
}

/// A flow with these lines as its steps.
private func steps(_ lines: String) -> String {
    "flow: x\nsteps:\n" + lines.split(separator: "\n").map { "  \($0)\n" }.joined()
}

@Suite struct CheckerMessageTests {
    @Test(
        "A wrong file is told with line, column and the nearest name",
        arguments: [
            // The file.
            ("", "1:1: error: the file is empty"),
            ("- a", "1:1: error: a flow file is a mapping with keys such as format, flow, about, params, not a list"),
            ("flow: x", "1:1: error: a flow file needs the key 'steps'"),
            ("steps: {a: {command: x}}", "1:1: error: a flow file needs the key 'flow'"),
            (
                "flow: ../x\nsteps: {a: {command: x}}",
                "1:7: error: the name of a flow consists of letters, digits, '-', '_' and '.', for the name of a directory"
            ),
            (
                "flow: x\nstep: {}\nsteps: {a: {command: x}}",
                "2:1: error: there is no key 'step' in a flow file (did you mean 'steps'?)"
            ),
            (
                "flow: x\nsteps:\n\ta: 1",
                "3:1: error: this isn't YAML: found character that cannot start any token (while scanning for the next token from line 3) (lines are indented by blanks, not by tabs)"
            ),
            (
                "flow: x\nabout: a: b\nsteps: {}",
                "2:9: error: this isn't YAML: mapping values are not allowed in this context (a text with ': ' in it needs quotes around it, or '|' and a new line before it)"
            ),
            ("flow: x\nflow: y\nsteps: {}", "1:1: error: 'flow' is there twice in one mapping"),
            ("flow: x\nsteps: {a: *b}", "2:12: error: this isn't YAML: found undefined alias"),
            (
                "format: 2\nflow: x\nsteps: {a: {command: x}}",
                "1:9: error: 'format' is a whole number from 1 to 1, not the text '2'"
            ),
            // Steps.
            (
                steps("a:"),
                "3:3: error: the step 'a' has nothing to do (give it one of command, run, python, prompt, ask, service, value, use, steps)"
            ),
            (
                steps("a: {when: true}"),
                "3:3: error: the step 'a' has nothing to do (give it one of command, run, python, prompt, ask, service, value, use, steps)"
            ),
            (steps("a: {command: x, run: y}"), "3:19: error: a step has one action; 'a' has 'command' and 'run'"),
            (steps("a: {comand: x}"), "3:7: error: there is no key 'comand' in: A step (did you mean 'command'?)"),
            (
                steps("a: {command: x, cores: 2}"),
                "3:19: error: there is no key 'cores' in: A step (it is a key of: resources)"
            ),
            (
                steps("a-b: {command: x}"),
                "3:3: error: a step can't be named 'a-b' ('-' would be a subtraction in expressions; write 'a_b')"
            ),
            (
                steps("run: {command: x}"),
                "3:3: error: a step can't be named 'run' ('run' has a meaning of its own in expressions)"
            ),
            (
                steps("a: {command: [x]}"),
                "3:16: error: 'command' is text with ${{ }}, not a list (for example: command: wc -l ${{ input }})"
            ),
            (steps("a: {command: x, shell: sh}"), "3:19: error: 'shell' goes with 'run' only"),
            (steps("a: {run: x, shell: fish}"), "3:22: error: 'shell' is one of bash, sh, not 'fish'"),
            (
                steps("a: {command: \"x 'y\"}"),
                "3:17: error: the command can't be split into words: the single quote at position 3 is never closed"
            ),
            (
                steps("a: {command: ls | wc}"),
                "3:19: error: '|' means something only to a shell, and 'command' has none (write 'run' instead of 'command')"
            ),
            (
                steps("a: {command: x, after: b}"),
                "3:26: error: there is no step 'b' here to come after (did you mean 'a'?)"
            ),
            (
                steps("a: {command: x, with: 3}"),
                "3:25: error: 'with' is names with values, not the text '3' (for example: with: {tables: \"${{ simulate.table }}\"})"
            ),
            // References and types.
            (
                steps("a: {command: \"x ${{ b.value }}\"}"),
                "3:23: error: there is no 'b' here (there is 'params', 'run', 'task')"
            ),
            (
                steps("a: {command: \"x ${{ b.valu }}\"}\nb: {command: y}"),
                "3:25: error: 'b' has no output 'valu'; it has 'value' (did you mean 'value'?)"
            ),
            (
                steps("a: {command: \"x ${{ b.value }}\"}\nb: {command: \"y ${{ a.value }}\"}"),
                "3:3: error: steps depend on each other: 'a' → 'b' → 'a'"
            ),
            (steps("a: {command: x, when: a.value == 'x'}"), "3:3: error: 'a' depends on itself"),
            (steps("a: {command: x, when: 3}"), "3:25: error: 'when' takes bool, not int"),
            (steps("a: {command: x, when: tru}"), "3:25: error: there is no 'tru' here (there is 'params', 'run')"),
            (
                steps("a: {command: x, when: run.id == 'x'}\nb: {command: \"y ${{ a.value }}\"}"),
                "4:23: error: this may be null (string?), which can't stand in a command (write '?? value' behind it)"
            ),
            (
                steps("a: {command: x, allow-failure: true}\nb: {run: \"y ${{ a.value }}\"}"),
                "4:19: error: this may be null (string?), which can't stand in a script (write '?? value' behind it)"
            ),
            (
                steps(
                    "a: {command: x, for: {i: [1, 2]}, tolerate: 1}\nb: {value: \"${{ sum([int(v) for v in a.value]) }}\"}\nc: {command: \"y ${{ b.value }}\"}"
                ),
                "4:28: error: this may be null (string?), which 'int' can't take (write '?? value' behind it, or a 'when' that asks for it)"
            ),
            (steps("a: {command: \"x ${{ 1 + }}\"}"), "3:27: error: the expression ends too early"),
            (steps("a: {command: \"x ${{ 1 \"}"), "3:19: error: '${{' has no end (it ends with '}}')"),
            (
                steps("a: {command: \"x ${{ run }}\"}"),
                "3:23: error: {id: string, date: string, time: string} can't stand in a command (name a part of it, or write json(…))"
            ),
            (steps("a: {for: {i: 3}, command: x}"), "3:16: error: 'i' runs through a list, not int"),
            (
                steps("a: {for: {i: [1]}, matrix: {j: [1]}, command: x}"),
                "3:22: error: a step has 'for' or 'matrix', not both"
            ),
            (steps("a: {for: {}, command: x}"), "3:12: error: there is no variable here (for example: {x: [1, 2, 3]})"),
            (
                steps("a: {matrix: {i: [1], where: j > 1}, command: x}"),
                "3:31: error: there is no 'j' here (did you mean 'i'?)"
            ),
            (
                steps("a: {command: x, tolerate: 3}"),
                "3:29: error: 'tolerate' counts elements, and 'a' has no 'for' or 'matrix' ('allow-failure: true' is for a single one)"
            ),
            // Files.
            (
                steps("a: {command: x, files: {o: /x}}"),
                "3:30: error: a step makes its files in a directory of its own: '/x' must be relative; see 'save'"
            ),
            (
                steps("a: {command: x, files: {o: ../x}}"),
                "3:30: error: '../x' would be outside of the step's directory"
            ),
            (steps("a: {command: x, files: {o: x, p: x}}"), "3:36: error: two files of 'a' have the path 'x'"),
            (
                steps("a: {command: x, files: {o: {save: y}}}"),
                "3:27: error: the file 'o' has one of 'path', 'matching' and 'stdout'"
            ),
            (
                steps("a: {for: {i: [1, 2]}, command: \"x ${{ i }}\", files: {o: {path: x, save: y}}}"),
                "3:75: error: all elements of 'a' would be saved at the same place (name one of i in it)"
            ),
            (
                steps("a: {value: 3, files: {o: x}}\nb: {command: \"x ${{ a.value }}\"}"),
                "3:25: error: 'files' doesn't go with 'value'"
            ),
            (
                steps("a: {command: x, files: {value: x}}"),
                "3:27: error: a file can't be named 'value' ('value' has a meaning of its own in expressions)"
            ),
            (
                steps("a: {command: x, as: {n: file}}"),
                "3:3: error: the output of 'a' can't be read as {n: file} (declare files with 'files')"
            ),
            (steps("a: {command: x, as: intt}"), "3:23: error: there is no type 'intt' (did you mean 'int'?)"),
            (steps("a: {command: x, bring: y}"), "3:26: error: 'bring' takes files, not string (write file(…))"),
            // Settings.
            (
                steps("a: {command: x, resources: {memory: 8}}"),
                "3:39: error: '8' should be an amount of memory with its unit, such as 500MB, 2GB or 1.5GiB"
            ),
            (steps("a: {command: x, resources: {mem: 8GB}}"), "3:31: error: there is no key 'mem' in: resources"),
            (
                steps("a: {command: x, timeout: 5}"),
                "3:28: error: '5' should be a time with its unit, such as 30s, 20m, 1h30m or 2d"
            ),
            (steps("a: {command: x, retry: {on: timeout}}"), "3:26: error: 'retry' needs 'times'"),
            (
                steps("a: {command: x, retry: {times: 1, on: [time-out]}}"),
                "3:42: error: a failure is one of timeout, out-of-memory, node-failure, exit N; not 'time-out' (did you mean 'timeout'?)"
            ),
            (steps("a: {command: x, repeat: {until: true}}"), "3:27: error: 'repeat' needs 'max'"),
            (
                steps("a: {command: x, allow-failure: 3}"),
                "3:34: error: 'allow-failure' is true or false, not the text '3' (for example: allow-failure: true)"
            ),
            // Scripts.
            (
                steps("a: {run: \"echo '${{ run.id }}'\"}"),
                "3:23: error: a value can't stand within single quotes (end the quotes before it and begin them again behind it: '…'${{ … }}'…')"
            ),
            (
                steps("a: {python: \"x = ${{ run.id }}\"}"),
                "3:20: error: Python has no '${{ }}': a value would become code (bind a name with 'with: {name: ${{ … }}}')"
            ),
            (
                steps("a: {for: {i: [1]}, run: \"echo \\\"${{ [i] }}\\\"\"}"),
                "3:39: error: a list can't stand within quotes or a here-document (leave out the quotes, or write \" \".join(…))"
            ),
            // Parameters and outputs.
            (
                "flow: x\nparams: {n: {tipe: int}}\nsteps: {a: {command: \"x ${{ params.n }}\"}}",
                "2:14: error: there is no key 'tipe' in: A parameter (did you mean 'type'?)"
            ),
            (
                "flow: x\nparams: {n: {type: int, default: a}}\nsteps: {a: {command: \"x ${{ params.n }}\"}}",
                "2:34: error: the default of 'n' doesn't fit: it should be int, but is the string \"a\""
            ),
            ("flow: x\nparams: {n: 1}\nsteps: {a: {command: x}}", "2:10: warning: nothing reads the parameter 'n'"),
            (
                "flow: x\nparams: {n: 1}\nsteps: {a: {command: \"x ${{ params.m }}\"}}",
                "2:10: warning: nothing reads the parameter 'n'"
            ),
            (
                "flow: x\nsteps: {a: {command: x}}\noutputs: {o: \"${{ b.value }}\"}",
                "3:19: error: there is no 'b' here (did you mean 'a'?)"
            ),
            (
                "flow: x\nsteps: {a: {command: x}}\nfinally: {b: {command: \"y ${{ a.value }}\"}}",
                "3:31: error: 'a' may not have run: steps of 'finally' see parameters and 'run' only"
            ),
            (
                "flow: x\nprofiles: {p: {backend: slrm}}\nsteps: {a: {command: x}}",
                "2:25: error: 'backend' is one of local, slurm, slurm-pilot, not 'slrm' (did you mean 'slurm'?)"
            ),
            (steps("a: {value: 3}"), "3:3: warning: nothing reads the value of 'a'"),
            (steps("a: {use: other.yaml}"), "3:12: error: no other file can be read here"),
            (steps("a: {steps: {}}"), "3:3: error: the group 'a' has no steps"),
            (
                steps("a: {python: \"result = 1\", interpreter: \" \"}"),
                "3:42: error: 'interpreter' names no program (for example: python3)"
            ),
            (
                steps("a: {for: {!t i: [1], i: [2]}, command: \"x ${{ i }}\"}"),
                "3:24: error: 'i' is there twice in one mapping"
            ),
        ])
    func message(text: String, expected: String) { #expect(messages(text).first == expected) }

    @Test("All errors are told at once, in the order of the file")
    func all() {
        let found = messages(
            steps(
                "a: {command: \"x ${{ b.value }}\"}\nc: {comand: x}\nd: {command: x, timeout: 5}\ne: {run: \"'${{ 1 }}'\"}"
            ))
        #expect(found.map { $0.prefix(2) } == ["3:", "4:", "5:", "6:"])
        let later = messages(steps("a: {command: \"x ${{ b.value }}\"}\nd: {command: x, timeout: 5}"))
        #expect(later.map { $0.prefix(2) } == ["3:", "4:"])
    }

    @Test("What couldn't be read gives no false alarms about what names it")
    func broken() {
        #expect(
            messages(
                "flow: x\nparms: {n: 1}\nsteps:\n  a: {comand: x, files: {o: out}}\n"
                    + "  b: {command: \"echo ${{ a.o }} ${{ a.value + 1 }} ${{ params.n }}\"}\n  c: {command: x, after: z}\n"
            ) == [
                "2:1: error: there is no key 'parms' in a flow file (did you mean 'params'?)",
                "4:7: error: there is no key 'comand' in: A step (did you mean 'command'?)",
                "6:26: error: there is no step 'z' here to come after (did you mean 'a'?)",
            ])
    }

    @Test(
        "Services, prompts, secrets, questions and containers are checked",
        arguments: [
            (
                "a: {command: \"x ${{ secrets.T }}\"}",
                "a secret can only stand in 'env', since everybody sees the words of a command"
            ),
            (
                "a: {run: x, env: {T: \"${{ secrets.U }}\"}}",
                "'secrets' has no field 'U'; it has 'T' (did you mean 'T'?)"
            ),
            ("a: {prompt: x}", "the step 'a' needs 'model', one of the flow's 'models'"),
            ("a: {prompt: x, model: fats}", "there is no model 'fats' (did you mean 'fast'?)"),
            ("a: {prompt: x, model: fast, temperature: hot}", "'hot' should be a number, such as 0.5"),
            ("a: {command: x, model: fast}", "'model' goes with 'prompt' only"),
            ("a: {service: x, ready: {tcp: 1, log: y}}", "'ready' has one of 'tcp', 'http' and 'log'"),
            ("a: {service: x, retry: 2}", "'retry' doesn't go with 'service' (see 'restart')"),
            ("a: {service: x, when: true}", "'when' doesn't go with 'service'"),
            (
                "a: {value: 3}\nb: {service: x, ready: {tcp: \"${{ a.value }}\"}}",
                "this can't be made of 'a': it is needed before steps have ended (name task.port and parameters only)"
            ),
            ("a: {command: \"x ${{ task.port }}\"}", "'task' has no field 'port'; it has 'cores', 'memory', 'attempt'"),
            ("a: {ask: x, retry: 2}", "'retry' doesn't go with 'ask'"),
            (
                "a: {command: x, container: -v/:/x}",
                "'-v/:/x' is no container image: a name such as debian:stable-slim, or the path of a .sif file"
            ),
            (
                "a: {command: x, container: \"a b\"}",
                "'a b' is no container image: a name such as debian:stable-slim, or the path of a .sif file"
            ),
        ])
    func more(lines: String, expected: String) {
        let text = steps(lines) + "secrets: {T: {env: T}}\nmodels: {fast: {model: m, key: T}}\n"
        #expect(messages(text).contains { $0.hasSuffix("error: \(expected)") }, "\(messages(text))")
    }

    @Test(
        "A wrong secret or model is told",
        arguments: [
            ("secrets: {T: {env: T, file: x}}", "the secret 'T' has one of 'env', 'file' and 'command'"),
            ("models: {m: {url: x}}", "the model 'm' needs 'model', its name for the server"),
            ("models: {m: {model: x, key: K}}", "there is no secret 'K' (add it to 'secrets', such as {K: {env: K}})"),
            (
                "models: {m: {model: x, limits: {requests: 0}}}",
                "'requests' is a whole number from 1 to 1000000000, not the text '0'"
            ),
        ])
    func resources(line: String, expected: String) {
        let found = messages("flow: x\nsteps: {a: {command: x}}\n\(line)\n")
        #expect(found.contains { $0.hasSuffix("error: \(expected)") }, "\(found)")
    }

    @Test("A place in a folded, literal or quoted text is that of the character in the file")
    func places() {
        #expect(
            messages("flow: x\nsteps:\n  a:\n    run: |\n      echo\n        ${{ b }}\n") == [
                "6:13: error: there is no 'b' here (there is 'params', 'run', 'task')"
            ])
        #expect(
            messages("flow: x\nsteps:\n  a:\n    command: >-\n      echo hello\n      to ${{ b }}\n") == [
                "6:14: error: there is no 'b' here (there is 'params', 'run', 'task')"
            ])
        #expect(
            messages("flow: x\nsteps:\n  a:\n    command: 'it''s'' ${{ b }}'\n") == [
                "4:27: error: there is no 'b' here (there is 'params', 'run', 'task')"
            ])
        #expect(messages("flow: x\nsteps:\n  a:\n    command: \"a\\tb \\\"${{ b }}\"\n").first?.hasPrefix("4:") == true)
        #expect(
            messages("flow: x\nsteps:\n  a:\n    command: echo\n      ${{ b }}\n") == [
                "5:11: error: there is no 'b' here (there is 'params', 'run', 'task')"
            ])
    }

    @Test("The message shows the line, and marks the place in it")
    func shown() {
        let text = "flow: x\nsteps:\n  a: {command: \"x ${{ b.bay }}\"}\n  b: {command: y, files: {bam: z}}\n"
        let (flow, findings) = FlowFile.read(.init(name: "x.flow.yaml", text: text, base: "/"))
        var diagnostics = findings[0].diagnostics
        _ = Checker.check(flow!.plan, &diagnostics)
        #expect(
            findings[0].file.text(of: diagnostics.sorted[0]) == """
                x.flow.yaml:3:25: error: 'b' has no output 'bay'; it has 'bam', 'value'
                    3 |   a: {command: "x ${{ b.bay }}"}
                      |                         ^~~ did you mean 'bam'?
                """)
    }

    @Test("A file beside the flow that a script mentions without bringing it is told")
    func forgotten() {
        let text = steps("a: {run: \"python tool.py > out.txt\", files: {o: out.txt}}")
        #expect(
            messages(text) { $0 == "/base/tool.py" } == [
                "3:20: warning: 'tool.py' is beside the flow file, but 'a' runs in a directory of its own (write ${{ file(\"tool.py\") }})"
            ])
    }
}
