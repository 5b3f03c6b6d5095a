import Foundation
import TestSupport
import Testing

private let hello = """
    flow: hello
    params: {name: world, n: 1}
    steps:
      greet: {command: "echo Hello, ${{ params.name }}"}
    outputs: {greeting: "${{ greet.value }}", n: "${{ params.n }}"}

    """

@Suite(.timeLimit(.minutes(5))) struct FlowCommandTests {
    @Test("run prints the outputs as JSON on standard output, and nothing else there")
    func runs() throws {
        let place = FlowFolder()
        try place.write(hello)
        let result = try place.run("run", "x.flow.yaml", "name=you", "n=5")
        #expect(result.output == "{\n  \"greeting\": \"Hello, you\",\n  \"n\": 5\n}\n")
        #expect(result.code == 0)
        try place.write("name: from file\nn: 7\n", to: "p.yaml")
        #expect(try place.run("run", "--quiet", "x.flow.yaml", "p.yaml", "n=8").output.contains("Hello, from file"))
        let runs = try FileManager.default.contentsOfDirectory(atPath: "\(place.path)/.asyncflow/runs").sorted()
        #expect(runs.count == 3 && runs.last == "latest")
        let files = try FileManager.default.contentsOfDirectory(atPath: "\(place.path)/.asyncflow/runs/latest")
        #expect(
            files.contains("run.json") && files.contains("outputs.json")
                && files.contains { $0.hasSuffix(".telemetry.jsonl") })
        let list = try place.run("ps")
        #expect(list.output.split(separator: "\n").count == 2 && list.output.contains("succeeded"))
    }

    @Test(
        "An exit code says what went wrong, and the message what to do",
        arguments: [
            (["run", "x.flow.yaml", "nam=you"], EX_USAGE, "the flow has no parameter 'nam'; did you mean 'name'?"),
            (
                ["run", "x.flow.yaml", "n=five"], EX_USAGE,
                "the parameter 'n': it should be int, but is the string \"five\""
            ),
            (["run", "y.flow.yaml"], EX_NOINPUT, "y.flow.yaml can't be read: No such file or directory"),
            (["run", "wrong.flow.yaml"], EX_DATAERR, "wrong.flow.yaml:3:7: error: there is no key 'comand'"),
            (["check", "wrong.flow.yaml"], EX_DATAERR, "did you mean 'command'?"),
            (["check", "x.flow.yaml"], 0, "no errors"),
            (["run", "--profile", "none", "x.flow.yaml"], EX_DATAERR, "there is no profile 'none'"),
            (["run", "bad.flow.yaml"], 1, "'a' failed"),
            (["cancel"], EX_NOINPUT, "there is no run 'latest'"),
        ] as [([String], Int32, String)])
    func codes(words: [String], code: Int32, message: String) throws {
        let place = FlowFolder()
        try place.write(hello)
        try place.write("flow: x\nsteps:\n  a: {comand: x}\n", to: "wrong.flow.yaml")
        try place.write("flow: x\nsteps:\n  a: {run: \"echo why >&2; exit 4\"}\n", to: "bad.flow.yaml")
        let (process, output, errors) = try place.start(words)
        let written = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let said = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == code)
        #expect(said.contains(message), "\(said)")
        #expect(written == "")
    }

    @Test("check writes its findings as JSON")
    func json() throws {
        let place = FlowFolder()
        try place.write("flow: x\nsteps:\n  a: {comand: x}\n")
        let result = try place.run("check", "--json", "x.flow.yaml")
        let parsed = try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [[String: Any]]
        #expect(parsed?.count == 1 && parsed?[0]["line"] as? Int == 3 && parsed?[0]["column"] as? Int == 7)
    }

    @Test("plan shows what would run, and runs nothing")
    func plans() throws {
        let place = FlowFolder()
        try place.write(
            "flow: x\nsteps:\n  a: {run: touch made}\n  b: {for: {i: 1..3}, after: a, command: \"echo ${{ i }}\"}\n")
        let result = try place.run("plan", "x.flow.yaml")
        #expect(result.output.contains("b, for each i (3 times), after a\n    $ echo ${{ i }}"))
        #expect(try place.run("plan", "--graph", "dot", "x.flow.yaml").output.contains("\"a\" -> \"b\";"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: place.path) == ["x.flow.yaml"])
    }

    @Test("Steps named as words of Graphviz and Mermaid are, and a group's step isn't taken for another one")
    func graphs() throws {
        let place = FlowFolder()
        try place.write(
            """
            flow: x
            steps:
              graph: {command: echo x}
              end: {command: "echo ${{ graph.value }}"}
              a_b: {command: echo 1}
              a: {steps: {b: {command: echo 2}}}
            """)
        let dot = try place.run("plan", "--graph", "dot", "x.flow.yaml").output
        #expect(dot.contains("\"graph\" -> \"end\";") && dot.contains("\"a\" -> \"a.b\";"))
        let mermaid = try place.run("plan", "--graph", "mermaid", "x.flow.yaml").output
        let numbers = mermaid.split(separator: "\n").compactMap { $0.split(separator: "[").first?.trimmingPrefix("  ") }
        #expect(mermaid.contains("[\"end\"]") && !mermaid.contains("end["), "\(mermaid)")
        #expect(Set(numbers).count == numbers.count)
    }

    @Test("A flow whose name begins as that of the link to the latest run is listed")
    func latest() throws {
        let place = FlowFolder()
        try place.write("flow: latest-data\nsteps: {a: {command: echo x}}\n")
        #expect(try place.run("run", "-q", "x.flow.yaml").code == 0)
        let list = try place.run("ps").output.split(separator: "\n")
        #expect(list.count == 1 && list.first?.hasPrefix("latest-data-") == true)
    }

    @Test("A word of the command isn't taken for a placeholder")
    func mapWord() throws {
        let place = FlowFolder()
        let result = try place.run("map", "-q", "echo number {}", "--range", "1..2")
        #expect(result.output == "number 1\nnumber 2\n")
        #expect(try place.run("map", "-q", "echo {#} {}", "a", "b").output == "1 a\n2 b\n")
    }

    @Test("What init writes is sound, and runs", arguments: ["hello", "sweep", "files"])
    func inits(kind: String) throws {
        let place = FlowFolder()
        #expect(try place.run("init", kind).code == 0)
        #expect(try place.run("init", kind).code == EX_CANTCREAT)
        let checked = try place.run("check", "\(kind).flow.yaml")
        #expect(checked.errors == "asyncflow: \(kind).flow.yaml: no errors\n")
        #expect(try place.run("run", "\(kind).flow.yaml").code == 0)
    }

    @Test("A signal ends the run and every process of it, and says how to go on", arguments: [SIGINT, SIGTERM])
    func signals(number: Int32) async throws {
        let place = FlowFolder()
        try place.write(
            "flow: x\nsteps:\n  a: {for: {i: 1..3}, run: \"echo $$ > pid${{ i }}; sleep 1000\", resources: {cores: 0}}\n"
        )
        let (process, _, errors) = try place.start(["run", "x.flow.yaml"])
        var processes: [Int32] = []
        try await until("all processes run") {
            processes = (1...3).compactMap { index in
                (try? String(contentsOfFile: "\(place.path)/pid\(index)", encoding: .utf8)).flatMap {
                    Int32($0.dropLast())
                }
            }
            return processes.count == 3
        }
        kill(process.processIdentifier, number)
        let said = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationReason == .uncaughtSignal && process.terminationStatus == number)
        #expect(said.contains("to go on with it: asyncflow resume x-"), "\(said)")
        for process in processes { #expect(kill(process, 0) != 0, "a process is left") }
        #expect(try place.run("ps").output.contains("cancelled"))
    }
}
