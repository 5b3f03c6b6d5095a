import AsyncFlow
import Foundation
import TestSupport
import Testing

/// A real Slurm of two nodes for a suite, started by `scripts/slurm-cluster`.
private struct FlowCluster: SuiteTrait, TestScoping {
    static let isInstalled = ["munged", "slurmctld", "slurmd", "sbatch"].allSatisfy { name in
        if TestRun.isQuick { return false }
        let path = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin") + ":/usr/sbin:/sbin"
        return path.split(separator: ":").contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(name)") }
    }

    @TaskLocal static var configuration = ""

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        let folder = "/tmp/asyncflow-\(UUID().uuidString.prefix(8))/c"
        try FileManager.default.createDirectory(
            atPath: URL(filePath: folder).deletingLastPathComponent().path, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: URL(filePath: folder).deletingLastPathComponent()) }
        try await Self.control("up", folder)
        do {
            try await Self.$configuration.withValue("\(folder)/slurm.conf", operation: function)
        } catch {
            try await Self.control("down", folder)
            throw error
        }
        try await Self.control("down", folder)
    }

    private static func control(_ what: String, _ folder: String) async throws {
        let script = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../scripts/slurm-cluster").standardizedFileURL
        // Not by Foundation, which waits for the cluster's daemons as well.
        let command = Command("timeout", arguments: ["120", script.path, what, folder]).environment([
            "OWNER": "\(ProcessInfo.processInfo.processIdentifier)", "NODES": "2",
        ])
        _ = try await CommandRunner().run(command, capture: .memory)
    }
}

private let hostile = "it's \"$(touch HARM)\" `touch HARM` $HOME *; # \\ ä😀 -n"

@Suite(
    .enabled(if: FlowCluster.isInstalled, "Slurm isn't installed: scripts/install-tools slurm"), FlowCluster(),
    .serialized, .timeLimit(.minutes(15)))
struct FlowSlurmTests {
    static let text = """
        flow: anywhere
        params: {v: "", n: 3}
        secrets: {T: {env: TOKEN}}
        profiles:
          jobs: {backend: slurm}
          pilots: {backend: slurm-pilot, pilots: {nodes: 2, cores-per-node: 4, at-most: 1}}
        defaults: {retry: {times: 1, on: [node-failure]}}
        steps:
          build:
            run: printf '#!/bin/sh\\necho $(( $1 * 10 ))\\n' > prog; chmod +x prog
            files: {program: prog}
            backend: local
          simulate:
            for: {a: "${{ 1..params.n }}"}
            resources: {cores: 1, memory: 100MB, time: 5m}
            run: ${{ build.program }} ${{ a }} > out.txt
            files: {table: {path: out.txt, save: "results/${{ a }}.txt"}}
          total: {run: "cat ${{ simulate.table }} | awk '{ s += $1 } END { print s }'", as: int}
          python: {python: "result = [open(p).read() for p in tables] + [v]", with: {tables: "${{ simulate.table }}", v: "${{ params.v }}"}, as: "string[]"}
          word: {for: {i: 1..2}, command: "printf %s ${{ params.v }}", env: {V: "${{ params.v }}"}}
          script: {run: "printf %s ${{ params.v }}; printf %s \\"$V\\" >&2", env: {V: "${{ params.v }}"}}
          variable: {run: "printf %s \\"$V\\"", env: {V: "${{ params.v }}"}}
          input: {command: cat, stdin: "${{ params.v }}", setup: "true"}
          cores: {command: "echo ${{ task.cores }} ${{ task.memory }}", resources: {cores: 2, memory: 200MB}}
          again: {run: "test ${{ task.attempt }} -eq 2; echo ${{ task.attempt }}", retry: 3}
          holes: {for: {i: 1..4}, run: "test ${{ i }} -ne 2; echo ${{ i }}", tolerate: 1, as: int}
          each: {for: {h: "${{ holes }}"}, command: "echo ${{ h.value }}"}
          hidden: {run: "test \\"$T\\" = hidden-token; echo fine", env: {T: "${{ secrets.T }}"}}
          deep:
            for: {x: [5, 6]}
            steps:
              one: {run: "echo $((${{ x }} + 1))", as: int}
              two: {command: "echo ${{ one.value }}", when: one.value > 6}
            outputs: {v: "${{ two.value ?? 'none' }}"}
        finally:
          end: {run: "echo ${{ run.state }} > end.txt"}
        outputs:
          total: ${{ total.value }}
          python: ${{ python.value }}
          same: "${{ unique([script.value, variable.value, input.value] + word.value) }}"
          cores: ${{ cores.value }}
          again: ${{ again.value }}
          holes: ${{ holes.value }}
          each: ${{ each.value }}
          hidden: ${{ hidden.value }}
          deep: ${{ deep.v }}

        """

    @Test("The same flow gives the same outputs on this machine, as jobs and within pilots")
    func sameEverywhere() throws {
        var outputs: [String] = []
        for profile in [nil, "jobs", "pilots"] {
            let folder = FlowFolder()
            try folder.write(Self.text)
            let words = ["run", "-q", "x.flow.yaml", "v=\(hostile)"] + (profile.map { ["--profile", $0] } ?? [])
            let (process, output, errors) = try folder.start(
                words, ["SLURM_CONF": FlowCluster.configuration, "TOKEN": "hidden-token"])
            let written = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            let said = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            #expect(process.terminationStatus == 0, "\(profile ?? "local"): \(said)")
            #expect(folder.read("end.txt") == "succeeded\n" && folder.read("results/3.txt") == "30\n")
            #expect(folder.read("HARM") == nil)
            outputs.append(written)
        }
        #expect(outputs[0].contains("\"cores\": \"2 200000000\""), "\(outputs[0])")
        #expect(outputs[1] == outputs[0])
        #expect(outputs[2] == outputs[0])
    }

    @Test("A flow on the cluster that is ended leaves no job, and goes on where it was", arguments: ["jobs", "pilots"])
    func goesOn(profile: String) async throws {
        let folder = FlowFolder()
        try folder.write(
            """
            flow: long
            profiles:
              jobs: {backend: slurm}
              pilots: {backend: slurm-pilot, pilots: {nodes: 1, cores-per-node: 4, at-most: 1}}
            steps:
              first: {run: "echo first >> ran; echo 1"}
              slow: {for: {i: 1..3}, run: "touch begun${{ i }}; test -e ok || sleep 1000; echo ${{ i }}${{ first.value }}"}
            outputs: {slow: "${{ slow.value }}"}

            """)
        let variables = ["SLURM_CONF": FlowCluster.configuration]
        let (process, _, errors) = try folder.start(["run", "-q", "x.flow.yaml", "--profile", profile], variables)
        try await until("all elements run", within: .seconds(180)) {
            (1...3).allSatisfy { folder.read("begun\($0)") != nil }
        }
        kill(process.processIdentifier, SIGTERM)
        let said = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationReason == .uncaughtSignal && said.contains("asyncflow resume long-"), "\(said)")
        try await until("no job is left", within: .seconds(120)) {
            try folder.run("map", "squeue {}", "--noheader", with: variables).output.isEmpty
        }
        try folder.write("", to: "ok")
        let result = try folder.run("resume", "-q", with: variables)
        #expect(result.output == "{\n  \"slow\": [\n    \"11\",\n    \"21\",\n    \"31\"\n  ]\n}\n", "\(result.errors)")
        #expect(folder.read("ran") == "first\n")
    }
}
