import AsyncFlow
import AsyncFlowFlowFile
import AsyncFlowPlan
import Foundation
import Logging
import TestSupport
import Testing

/// A folder of its own for a test.
final class Folder {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("asyncflow-\(UUID().uuidString)").path
    init() { try! FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
    deinit { try? FileManager.default.removeItem(atPath: path) }
    func write(_ text: String, to name: String) throws {
        try text.write(toFile: "\(path)/\(name)", atomically: true, encoding: .utf8)
    }
    func read(_ name: String) -> String? { try? String(contentsOfFile: "\(path)/\(name)", encoding: .utf8) }
}

/// Runs a flow in a folder.
func run(
    _ text: String, in folder: Folder, _ given: [String: Value] = [:], keepsGoing: Bool = false
) async throws -> PlanRunner.Outcome {
    let (flow, findings) = FlowFile.read(.init(name: "x.flow.yaml", text: text, base: folder.path))
    var diagnostics = findings[0].diagnostics
    let checked = flow.flatMap { diagnostics.hasErrors ? nil : Checker.check($0.plan, &diagnostics) }
    let plan = try #require(
        checked, "\(diagnostics.sorted.map { findings[0].file.text(of: $0) }.joined(separator: "\n"))")
    var configuration = WorkflowEngine.Configuration()
    configuration.workDirectory = "\(folder.path)/tasks"
    configuration.logger.logLevel = .critical
    return try await withWorkflowEngine(configuration, signals: .ignored) { engine in
        let record = Record([("id", .string("test")), ("date", .string("2026-01-02")), ("time", .string("03:04:05"))])
        var options = RunOptions(saveDirectory: folder.path, run: record)
        options.keepsGoing = keepsGoing
        let runner = try PlanRunner(plan, on: engine, options, backends: ["local"])
        let parameters = try plan.plan.parameters(given, run: record, files: LocalFiles(base: folder.path))
        return await runner.run(parameters)
    }
}

private func outputs(_ text: String, in folder: Folder = Folder(), _ given: [String: Value] = [:]) async throws
    -> String
{
    let outcome = try await run(text, in: folder, given)
    for failure in outcome.failures where !failure.isTolerated { Issue.record("\(failure.step): \(failure.error)") }
    if outcome.state != .succeeded { Issue.record("\(outcome.state): \(String(describing: outcome.error))") }
    return JSONText.text(of: outcome.outputs)
}

@Suite(.timeLimit(.minutes(5))) struct PlanRunnerTests {
    @Test("A value goes from a parameter through commands, scripts and expressions to the outputs")
    func chain() async throws {
        let text = """
            flow: x
            params: {who: world, n: 3}
            steps:
              hello: {command: "echo Hello, ${{ params.who }}"}
              count: {run: "printf '%s' \\"${{ hello.value }}\\" | wc -c", as: int}
              all: {value: "${{ [hello.value, str(count.value * params.n), run.date] }}"}
            outputs: {all: "${{ all.value }}", text: "n is ${{ params.n }}"}
            """
        #expect(
            try await outputs(text) == "{\"all\": [\"Hello, world\", \"36\", \"2026-01-02\"], \"text\": \"n is 3\"}")
        let other = try await outputs(text, in: Folder(), ["who": .string("it's $HOME"), "n": .int(1)])
        #expect(other == "{\"all\": [\"Hello, it's $HOME\", \"17\", \"2026-01-02\"], \"text\": \"n is 1\"}")
    }

    @Test("A step runs for each combination, and another one takes its elements one by one")
    func elements() async throws {
        let text = """
            flow: x
            steps:
              pairs:
                matrix: {a: [1, 2, 3], b: [x, y], where: a != 2 or b == "x"}
                command: echo ${{ a }}${{ b }}
              longer:
                for: {p: "${{ pairs }}"}
                command: echo ${{ p.value }}-${{ p.a }}
              zipped:
                for: {i: 1..3, w: [p, q, r]}
                command: echo ${{ i }} ${{ w }}
            outputs: {pairs: "${{ pairs.value }}", longer: "${{ longer.value }}", b: "${{ pairs.b }}", n: "${{ len(longer) }}", z: "${{ zipped.value }}"}
            """
        #expect(
            try await outputs(text)
                == "{\"pairs\": [\"1x\", \"1y\", \"2x\", \"3x\", \"3y\"], \"longer\": [\"1x-1\", \"1y-1\", \"2x-2\", \"3x-3\", \"3y-3\"], "
                + "\"b\": [\"x\", \"y\", \"x\", \"x\", \"y\"], \"n\": 5, \"z\": [\"1 p\", \"2 q\", \"3 r\"]}")
    }

    @Test("Several steps take the elements of one, each of them all")
    func takers() async throws {
        let text = """
            flow: x
            steps:
              a: {for: {i: 1..20}, run: "echo ${{ i }}", resources: {cores: 0}}
              b: {for: {e: "${{ a }}"}, command: "echo b${{ e.value }}", resources: {cores: 0}}
              c: {for: {e: "${{ a }}"}, value: "${{ int(e.value) }}"}
              d: {for: {e: "${{ a }}"}, value: "${{ e.i }}"}
            outputs: {b: "${{ len(unique(b.value)) }}", c: "${{ sum(c.value) }}", d: "${{ sum(d.value) }}"}
            """
        #expect(try await outputs(text) == "{\"b\": 20, \"c\": 210, \"d\": 210}")
    }

    @Test("The bounds of a repetition may come of other steps")
    func bounds() async throws {
        let text = """
            flow: x
            steps:
              a: {command: "echo ${{ round }}", as: int, repeat: {until: value == 2, max: "${{ n.value }}", every: "${{ t.value }}"}}
              n: {value: 3}
              t: {value: 1ms}
            outputs: {a: "${{ a.value }}"}
            """
        #expect(try await outputs(text) == "{\"a\": 2}")
    }

    @Test("An element of a later step begins although another one of the earlier step hasn't ended")
    func noBarrier() async throws {
        // The first element of 'a' waits for a file that only the second one of 'b' makes.
        let folder = Folder()
        let text = """
            flow: x
            steps:
              a:
                for: {i: 1..2}
                run: |
                  if test ${{ i }} -eq 1; then until test -e made; do sleep 0.05; done; fi
                  echo ${{ i }}
                timeout: 2m
                resources: {cores: 0}
              b:
                for: {e: "${{ a }}"}
                run: if test ${{ e.i }} -eq 2; then touch made; fi; echo ${{ e.value }}
                resources: {cores: 0}
            outputs: {b: "${{ b.value }}"}
            """
        #expect(try await outputs(text, in: folder) == "{\"b\": [\"1\", \"2\"]}")
    }

    @Test("Several steps take the elements of one, each all of them, and one of them after another")
    func severalTakers() async throws {
        let text = """
            flow: x
            steps:
              a: {for: {i: 1..3}, command: "echo ${{ i }}", as: int}
              b: {for: {e: "${{ a }}"}, value: "${{ e.value + 1 }}"}
              c: {for: {e: "${{ a }}"}, command: "echo ${{ e.value * 2 }}", after: b}
              d: {for: {e: "${{ a }}"}, value: "${{ -e.value }}"}
            outputs: {b: "${{ b.value }}", c: "${{ c.value }}", d: "${{ d.value }}"}
            """
        #expect(
            try await outputs(text) == "{\"b\": [2, 3, 4], \"c\": [\"2\", \"4\", \"6\"], \"d\": [-1, -2, -3]}")
    }

    @Test("Files come into the step's own directory under their names, also several of one name, and are saved")
    func files() async throws {
        let folder = Folder()
        try folder.write("base\n", to: "in put.txt")
        let text = """
            flow: x
            steps:
              make:
                for: {i: 1..3}
                run: (cat ${{ file("in put.txt") }}; echo ${{ i }}) > out.txt; ls > names.txt
                files:
                  o: {path: out.txt, save: "results/${{ i }}/o.txt"}
                  names: names.txt
              join:
                run: cat ${{ make.o }} > all.txt; touch x.1 x.2
                files: {all: all.txt, xs: {matching: "x.*"}, dir: sub/}
                setup: mkdir sub; echo inner > sub/f
              read: {command: "cat ${{ join.all }}", as: lines}
              inner: {run: "cat ${{ join.dir }}/f"}
              python: {python: "result = [len(open(p).read()) for p in paths]", with: {paths: "${{ make.o }}"}, as: "int[]"}
            outputs: {lines: "${{ read.value }}", names: "${{ read_json(file(\\"n.json\\")) }}", xs: "${{ [basename(x) for x in join.xs] }}", inner: "${{ inner.value }}", sizes: "${{ python.value }}"}
            """
        try folder.write("[1]", to: "n.json")
        #expect(
            try await outputs(text, in: folder)
                == "{\"lines\": [\"base\", \"1\", \"base\", \"2\", \"base\", \"3\"], \"names\": [1], \"xs\": [\"x.1\", \"x.2\"], \"inner\": \"inner\", \"sizes\": [7, 7, 7]}"
        )
        #expect(folder.read("results/2/o.txt") == "base\n2\n")
    }

    @Test("A hostile value arrives unchanged as a word, in a script, a variable, the input, Python and a file's name")
    func hostile() async throws {
        let value = "it's \"$(touch HARM)\" `touch HARM` $HOME *; # \\ \n ä€😀 -n"
        let text = """
            flow: x
            params: {v: ""}
            steps:
              word: {command: "printf %s ${{ params.v }}"}
              script: {run: "printf %s ${{ params.v }}"}
              quoted: {run: "printf %s \\"${{ params.v }}\\""}
              variable: {run: "printf %s \\"$V\\"", env: {V: "${{ params.v }}"}}
              input: {command: cat, stdin: "${{ params.v }}"}
              python: {python: "result = v", with: {v: "${{ params.v }}"}}
              setup: {command: "printf %s ${{ params.v }}", setup: ":"}
              file: {run: "printf %s ${{ params.v }} > out", files: {o: out}}
              same: {value: "${{ [word.value, script.value, quoted.value, variable.value, input.value, python.value, setup.value, read(file.o)] }}"}
            outputs: {n: "${{ len(unique(same.value)) }}", v: "${{ same.value[0] }}"}
            """
        let folder = Folder()
        let expected = JSONText.text(of: .record(Record([("n", .int(1)), ("v", .string(value))])))
        #expect(try await outputs(text, in: folder, ["v": .string(value)]) == expected)
        #expect(folder.read("HARM") == nil)
    }

    @Test("A step that is skipped, or may fail, is null; conditions see that")
    func nulls() async throws {
        let text = """
            flow: x
            params: {deep: false}
            steps:
              a: {when: params.deep, command: echo deep}
              b: {command: "false", allow-failure: true}
              c: {for: {i: 1..6}, run: "test $((${{ i }} % 3)) -ne 0; echo ${{ i }}", tolerate: 2, as: int}
              d: {for: {e: "${{ c }}"}, command: "echo ${{ e.value }}"}
              e: {when: b.value != null, command: "echo ${{ b.value }}"}
            outputs: {a: "${{ a.value ?? 'none' }}", b: "${{ b.value }}", c: "${{ c.value }}", d: "${{ d.value }}", e: "${{ e.value }}"}
            """
        #expect(
            try await outputs(text)
                == "{\"a\": \"none\", \"b\": null, \"c\": [1, 2, null, 4, 5, null], \"d\": [\"1\", \"2\", null, \"4\", \"5\", null], \"e\": null}"
        )
    }

    @Test("A group runs for each element, a flow uses another one, and a step is repeated until it is done")
    func groups() async throws {
        let folder = Folder()
        let text = """
            flow: x
            steps:
              g:
                for: {n: [2, 3]}
                steps:
                  sq: {run: "echo $((${{ n }} * ${{ n }}))", as: int}
                  plus: {value: "${{ sq.value + n }}"}
                outputs: {r: "${{ plus.value }}"}
              loop:
                command: echo ${{ (previous.value ?? 0) + round }}
                as: int
                repeat: {until: value >= 6, max: 10}
            outputs: {r: "${{ g.r }}", n: "${{ g.n }}", loop: "${{ loop.value }}"}
            """
        #expect(try await outputs(text, in: folder) == "{\"r\": [6, 12], \"n\": [2, 3], \"loop\": 6}")
    }

    @Test("A failure is told with the step; what depends on it doesn't run, and the end runs in any case")
    func failures() async throws {
        let folder = Folder()
        let text = """
            flow: x
            steps:
              bad: {run: "echo oh no >&2; exit 3"}
              after: {command: "touch ${{ bad.value }}after"}
            finally:
              end: {run: "echo ${{ run.state }} ${{ len(run.failed) }} > end.txt"}
            """
        let outcome = try await run(text, in: folder)
        #expect(outcome.state == .failed)
        #expect(outcome.failures.map(\.step) == ["bad"])
        #expect("\(outcome.failures[0].error)".contains("oh no"))
        #expect(folder.read("end.txt") == "failed 1\n")
        #expect(folder.read("after") == nil)
    }

    @Test("A step that takes the elements of one that fails isn't told to have failed itself")
    func failingSource() async throws {
        let text = """
            flow: x
            steps:
              a: {for: {i: 1..3}, run: "test ${{ i }} -ne 2; echo ${{ i }}"}
              b: {for: {e: "${{ a }}"}, command: "echo ${{ e.value }}"}
              c: {command: "echo ${{ len(b) }}"}
            """
        let outcome = try await run(text, in: Folder(), keepsGoing: true)
        #expect(outcome.state == .failed)
        #expect(outcome.failures.map(\.step) == ["a[i=2]"])
    }

    @Test("After a failure nothing new begins, and what runs ends by itself")
    func stopping() async throws {
        let folder = Folder()
        let text = """
            flow: x
            steps:
              a:
                for: {i: 1..2}
                run: |
                  if test ${{ i }} -eq 1; then until test -e started; do sleep 0.05; done; exit 1; fi
                  touch started; sleep 0.5; touch ended
                resources: {cores: 0}
                timeout: 2m
              b: {after: c, command: touch begun}
              c: {command: sleep 1}
            """
        let outcome = try await run(text, in: folder)
        #expect(outcome.failures.map(\.step) == ["a[i=1]"])
        #expect(folder.read("ended") != nil)
        #expect(folder.read("begun") == nil)
    }

    @Test(
        "A wrong result is told with what was expected",
        arguments: [
            (
                "a: {command: echo x, as: int}",
                "the output doesn't have the form that 'as' says: it should be int, but is the string \"x\""
            ),
            ("a: {command: \"echo '{}'\", as: {n: int}}", "'n' is missing"),
            ("a: {python: \"x = 1\", as: int}", "the script has left nothing in 'result'"),
            ("a: {python: \"result = open\", as: json}", "not JSON serializable"),
            ("a: {command: \"true\", files: {o: nothing.txt}}", "nothing.txt"),
            ("a: {command: \"true\", repeat: {until: \"false\", max: 2}}", "ran 2 rounds, and its 'until'"),
            ("a: {for: {i: [1, 2], j: [1]}, command: \"true\"}", "differ in length: 'i' has 2 elements, 'j' has 1"),
            ("a: {command: \"echo ${{ 1 // 0 }}\"}", "1 can't be divided by 0"),
            ("a: {for: {i: \"-9000000000000000000..9000000000000000000\"}, command: \"true\"}", "is too long"),
            ("a: {command: no-such-program-anywhere}", "command not found"),
            ("a: {for: {i: 1..4}, run: \"test ${{ i }} -lt 3\", tolerate: 1}", "command exited with code 1"),
        ])
    func wrongResults(step: String, expected: String) async throws {
        let outcome = try await run("flow: x\nsteps:\n  \(step)\n", in: Folder(), keepsGoing: true)
        #expect(outcome.state == .failed)
        #expect(
            outcome.failures.contains { "\($0.error)".contains(expected) }, "\(outcome.failures.map { "\($0.error)" })")
    }

    @Test("A failed attempt is repeated as often as the flow says")
    func retries() async throws {
        let text = """
            flow: x
            steps:
              a: {run: "test ${{ task.attempt }} -eq 3; echo ${{ task.attempt }}", retry: {times: 5, on: [exit 1]}}
            outputs: {a: "${{ a.value }}"}
            """
        #expect(try await outputs(text) == "{\"a\": \"3\"}")
    }
}
