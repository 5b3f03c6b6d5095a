import AsyncFlow
import AsyncFlowSlurmREST
import Foundation
import Testing

@testable import AsyncFlowSlurm

/// For versions of Slurm that the system doesn't have packages of: `ASYNCFLOW_SLURMREST=unix:/path swift test`.
@Suite(
    "Tasks as jobs of a Slurm that is there already",
    .enabled(if: address != nil, "ASYNCFLOW_SLURMREST doesn't say where a slurmrestd is"), .timeLimit(.minutes(5)))
struct ExistingServiceTests {
    @Test("output, exit code, signal, ranks, a refusal, and cancelling many and one of them")
    func everything() async throws {
        var settings = SlurmBackend.Settings()
        settings.shortestPoll = .milliseconds(200)
        settings.longestPoll = .seconds(1)
        let backend = SlurmBackend(rest: SlurmREST(try #require(address)), settings: settings)
        try await withSlurmEngine(backend) { flow in
            let say = flow.executableTask("say", .cores(2), .memory(.megabytes(100)), .slurm(time: .seconds(61))) {
                "echo it is said"
            }
            let fail = flow.executableTask("fail") { Command.shell("echo trouble >&2; exit 7") }
            let die = flow.executableTask("die") { Command.shell("kill -11 $$") }
            let ranks = flow.executableTask("ranks", .ranks(4), .slurm(nodes: 2)) {
                Command.shell("echo $SLURMD_NODENAME $SLURM_NTASKS")
            }
            let nowhere = flow.executableTask("nowhere", .slurm(partition: "nowhere")) { "echo" }
            let (said, failed, died, ranked, refused) = (say(), fail(), die(), ranks(), nowhere())
            #expect(try await said.value == "it is said\n")
            let error = await failed.rootError as? CommandError
            #expect(error?.exitCode == 7 && error?.standardErrorTail == "trouble\n")
            #expect((await died.rootError as? CommandError)?.signal == 11)
            let lines = try await ranked.value.split(separator: "\n")
            #expect(lines.count == 4 && Set(lines).count == 2 && lines.allSatisfy { $0.hasSuffix(" 4") })
            #expect((await refused.rootError as? SlurmJobError)?.reason == .rejected)

            let sleep = flow.executableTask("sleep") { "sleep 974" }
            let events = flow.events
            let futures = (1...500).map { _ in sleep() }
            for await event in events where event.type == .taskStarted { break }
            futures[499].cancel()
            _ = await futures[499].result
            #expect(futures[499].state == .cancelled && !futures[498].state.isTerminal)
            await flow.shutdown(.immediate)
            for future in futures { #expect(future.state == .cancelled) }
        }
    }
}

private let address = ProcessInfo.processInfo.environment["ASYNCFLOW_SLURMREST"]
