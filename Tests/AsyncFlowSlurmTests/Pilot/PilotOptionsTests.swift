import AsyncFlow
import Testing

@testable import AsyncFlowSlurm

@Suite("What a pilot asks for, and what it is told", .timeLimit(.minutes(1)))
struct PilotOptionsTests {
    @Test(
        "the time that a job has left",
        arguments: [
            ("1-02:03:04", 93_784), ("02:03:04", 7384), ("3:04", 184), ("0:00", 0), ("-0:05", nil), ("INVALID", nil),
            ("", nil), ("5", nil), ("1-2-3:4", nil), ("1:2:3:4", nil), ("9223372036854775807:00", nil),
            ("9223372036854775807-00:00:00", nil), ("1:+2", nil), ("1:\u{0663}", nil),
        ] as [(String, Int?)])
    func times(_ text: String, _ seconds: Int?) {
        #expect(SlurmPrograms.time(text) == seconds.map { .seconds($0) })
    }

    @Test("the allocation that a program runs in is found by its variables")
    func current() {
        var variables = [
            "SLURM_JOB_ID": "12", "SLURM_JOB_NODELIST": "n[1-3]", "SLURM_JOB_NUM_NODES": "3",
            "SLURM_JOB_CPUS_PER_NODE": "16(x2),4",
        ]
        let current = SlurmPilotBackend.CurrentAllocation(variables)
        #expect(current?.jobID == "12" && current?.nodeList == "n[1-3]")
        #expect(current?.nodes == 3 && current?.cores == 4)
        for (name, value) in [
            ("SLURM_JOB_NUM_NODES", "9223372036854775807"), ("SLURM_JOB_CPUS_PER_NODE", "9223372036854775807"),
            ("SLURM_JOB_ID", "-1"), ("SLURM_JOB_CPUS_PER_NODE", "0"),
        ] {
            #expect(SlurmPilotBackend.CurrentAllocation(variables.merging([name: value]) { $1 }) == nil, "\(name)")
        }
        for name in variables.keys {
            let value = variables.removeValue(forKey: name)
            #expect(SlurmPilotBackend.CurrentAllocation(variables) == nil, "\(name)")
            variables[name] = value
        }
    }

    @Test("a dry run prints the allocation")
    func dryRun() async throws {
        var settings = SlurmPilotBackend.Settings()
        settings.memoryPerNode = .gigabytes(2)
        settings.gpusPerNode = 1
        let backend = SlurmPilotBackend(
            nodes: 2, coresPerNode: 8, options: SlurmOptions(partition: "main", time: .seconds(90)), settings: settings)
        try await withSlurmEngine(backend, dryRun: true) { flow in
            _ = try await flow.executableTask("say") { "echo done" }().value
            let detail = flow.dryRunReport.entries.first?.detail ?? ""
            #expect(
                detail.hasPrefix(
                    "salloc --nodes=2 --ntasks=2 --ntasks-per-node=1 --cpus-per-task=8 --no-kill --mem=2048M "
                        + "--gpus-per-node=1 --partition=main --time=0-00:01:30: "))
            #expect(detail.hasSuffix(": echo done"))
        }
    }

    @Test(
        "options that make no sense are refused before Slurm is asked",
        arguments: [
            (0, 1, SlurmOptions()), (1, 0, SlurmOptions()), (1, 1, SlurmOptions(nodes: 2)),
            (1, 1, SlurmOptions(time: .seconds(60))), (.max, .max, SlurmOptions()), (1, .max, SlurmOptions()),
        ])
    func problems(_ nodes: Int, _ cores: Int, _ options: SlurmOptions) async {
        let backend = SlurmPilotBackend(nodes: nodes, coresPerNode: cores, options: options)
        await #expect(throws: SlurmJobError.self) { try await backend.start() }
    }

    @Test("a program that isn't a worker is told so, instead of being started on every node")
    func noWorker() async throws {
        do {
            try await SlurmPilotBackend(coresPerNode: 1).start()
            Issue.record("it started")
        } catch let error as SlurmJobError {
            #expect(error.detail.contains("serveIfLaunchedAsOne"))
        }
    }
}
