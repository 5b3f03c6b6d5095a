import Foundation
import TestSupport
import Testing

/// A flow that writes a line for each process that runs, and fails until there is a file `ok`.
private let failing = """
    flow: r
    params: {n: 3}
    steps:
      a: {for: {i: "${{ 1..params.n }}"}, run: "echo a${{ i }} >> ran; echo ${{ i }}", as: int}
      f:
        for: {i: [1, 2]}
        resources: {cores: 1}
        run: echo f${{ i }} >> ../../../../../../ran; echo x${{ task.cores }} > o.txt
        files: {o: o.txt}
        env: {OMP_NUM_THREADS: "${{ task.cores }}"}
      b: {command: "cat ${{ f.o }}"}
      gate: {run: "echo gate >> ran; test -e ok", after: [a, b]}
      c: {python: "result = x + 1", with: {x: "${{ sum(a.value) }}"}, as: int, after: gate}
    outputs: {b: "${{ b.value }}", c: "${{ c.value }}"}

    """

@Suite(.timeLimit(.minutes(10))) struct FlowResumeTests {
    private func ran(_ folder: FlowFolder) -> [String] {
        defer { try? FileManager.default.removeItem(atPath: "\(folder.path)/ran") }
        return (folder.read("ran") ?? "").split(separator: "\n").map(String.init).sorted()
    }

    @Test("A failed run goes on with what it hasn't done, by 'resume' and by 'run --resume'")
    func failure() throws {
        let folder = FlowFolder()
        try folder.write(failing)
        let first = try folder.run("run", "-q", "x.flow.yaml", "n=2")
        #expect(first.code == 1 && first.errors.contains("to go on with it: asyncflow resume r-"), "\(first.errors)")
        #expect(ran(folder) == ["a1", "a2", "f1", "f2", "gate"])
        #expect(try folder.run("resume", "-q").code == 1)
        #expect(ran(folder) == ["gate"])
        try folder.write("", to: "ok")
        let last = try folder.run("run", "-q", "--resume", "x.flow.yaml")
        // Its parameters are those of the run.
        #expect(last.output == "{\n  \"b\": \"x1\\nx1\",\n  \"c\": 4\n}\n", "\(last.errors)")
        #expect(ran(folder) == ["gate"])
        #expect(try folder.run("ps").output.split(separator: "\n").count == 1)
        let explained = try folder.run("explain", "latest")
        #expect(explained.output.contains("gate.run: 1 ran"), "\(explained)")
        #expect(try folder.run("explain", "latest", "f").output.contains("f.run"))
    }

    @Test("Steps run again when they are asked for, and everything with --fresh; a mended flow runs what is new in it")
    func again() throws {
        let folder = FlowFolder()
        try folder.write("", to: "ok")
        try folder.write(failing)
        #expect(try folder.run("run", "-q", "x.flow.yaml").code == 0)
        _ = ran(folder)
        #expect(try folder.run("resume", "-q", "--rerun", "f").code == 0)
        #expect(ran(folder) == ["f1", "f2"])
        #expect(try folder.run("resume", "-q", "--rerun", "g").code == EX_USAGE)
        #expect(try folder.run("resume", "-q", "--fresh").code == 0)
        #expect(ran(folder).count == 6)
        try folder.write(failing.replacingOccurrences(of: "echo gate", with: "echo gate2"))
        #expect(try folder.run("resume", "-q").code == 0)
        #expect(ran(folder) == ["gate2"])
        // Another number of elements: those that are there already don't run.
        #expect(try folder.run("resume", "-q", "latest", "n=4").code == 0)
        #expect(ran(folder) == ["a4"])
    }

    @Test("A run that was killed goes on where it was, and says how", arguments: [SIGKILL, SIGINT])
    func killed(number: Int32) async throws {
        let folder = FlowFolder()
        try folder.write(
            """
            flow: k
            steps:
              a: {run: "echo a >> ran; echo 1"}
              slow: {run: "echo slow >> ran; echo $$ > pid; test -e ok || sleep 1000; echo ${{ a.value }}"}
            outputs: {v: "${{ slow.value }}"}

            """)
        let (process, _, errors) = try folder.start(["run", "-q", "x.flow.yaml"])
        try await until("the second step runs") { folder.read("pid")?.hasSuffix("\n") == true }
        // The record of the first one reaches the disk a moment later.
        try await until("the first step is recorded") {
            try folder.run("logs").output.contains("a.run")
        }
        kill(process.processIdentifier, number)
        let said = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        if number == SIGKILL, let id = folder.read("pid").flatMap({ Int32($0.dropLast()) }) { kill(id, SIGKILL) }
        try folder.write("", to: "ok")
        if number == SIGKILL {
            let list = try folder.run("ps")
            #expect(list.output.contains("lost"))
            #expect(list.errors.contains("to go on with it: asyncflow resume k-"), "\(list.errors)")
        } else {
            #expect(said.contains("to go on with it: asyncflow resume k-"), "\(said)")
        }
        let result = try folder.run("resume", "-q")
        #expect(result.output == "{\n  \"v\": \"1\"\n}\n", "\(result.errors)")
        #expect(ran(folder) == ["a", "slow", "slow"])
    }

    @Test("A run that goes on can't be gone on with")
    func running() async throws {
        let folder = FlowFolder()
        try folder.write("flow: x\nsteps:\n  a: {run: \"touch started; sleep 1000\"}\n")
        let (process, _, _) = try folder.start(["run", "-q", "x.flow.yaml"])
        try await until("it runs") { folder.read("started") != nil }
        let result = try folder.run("resume")
        #expect(result.code == 1 && result.errors.contains("goes on already"), "\(result.errors)")
        #expect(try folder.run("cancel").code == 0)
        process.waitUntilExit()
    }

    @Test("Results of cached steps are taken by later runs, those of others aren't")
    func cached() throws {
        let folder = FlowFolder()
        try folder.write(
            """
            flow: c
            params: {x: 1}
            steps:
              make: {run: "echo make >> ../../../../../../ran; cat ${{ file(\\"in\\") }} > o", files: {o: o}, cache: true}
              count: {run: "echo count >> ran; echo ${{ params.x }}", as: int}
              read: {command: "cat ${{ make.o }}", cache: true}
            outputs: {o: "${{ read.value }}", n: "${{ count.value }}"}

            """)
        try folder.write("one", to: "in")
        #expect(try folder.run("run", "-q", "x.flow.yaml").code == 0)
        #expect(ran(folder) == ["count", "make"])
        #expect(try folder.run("run", "-q", "x.flow.yaml").output == "{\n  \"o\": \"one\",\n  \"n\": 1\n}\n")
        #expect(ran(folder) == ["count"])
        // A run that goes on takes what it did itself.
        #expect(try folder.run("resume", "-q").code == 0)
        #expect(ran(folder) == [])
        try folder.write("two", to: "in")
        #expect(try folder.run("run", "-q", "x.flow.yaml").output.contains("two"))
        #expect(ran(folder) == ["count", "make"])
    }

    @Test("'--until' runs a step and what it needs; '--json' writes events and, last, the outputs")
    func parts() throws {
        let folder = FlowFolder()
        try folder.write("", to: "ok")
        try folder.write(failing)
        let result = try folder.run("run", "--json", "--until", "b", "x.flow.yaml")
        #expect(ran(folder) == ["f1", "f2"])
        let lines = result.output.split(separator: "\n")
        #expect(lines.last == "{\"b\": \"x1\\nx1\"}", "\(result)")
        let kinds = try lines.dropLast().map { line in
            try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        }
        #expect(kinds.count > 5 && kinds.allSatisfy { $0 != nil })
        #expect(try folder.run("run", "--until", "bb", "x.flow.yaml").errors.contains("did you mean 'b'?"))
    }

    @Test("'logs' shows what steps wrote, failed ones first; 'watch' and 'summary' find a run by its name")
    func logs() throws {
        let folder = FlowFolder()
        try folder.write(
            """
            flow: l
            steps:
              one: {run: "echo said; echo to file > f", files: {f: f}}
              two: {command: "echo two \\u001b[31m", after: one}
              bad: {run: "echo why >&2; exit 3", after: two}

            """)
        #expect(try folder.run("run", "-q", "x.flow.yaml").code == 1)
        let all = try folder.run("logs").output
        #expect(all.hasPrefix("── bad.run failed"), "\(all)")
        #expect(all.contains("\nwhy\n") && all.contains("\nsaid\n") && all.contains("two"))
        #expect(!all.contains("\u{1b}"))
        #expect(try !folder.run("logs", "latest", "one").output.contains("two"))
        #expect(try folder.run("logs", "--failed").output.contains("bad.run"))
        #expect(try folder.run("watch", "--once").code == 0)
        #expect(try folder.run("summary", "latest").code == 0)
        #expect(try folder.run("logs", "lost").code == EX_NOINPUT)
    }
}
