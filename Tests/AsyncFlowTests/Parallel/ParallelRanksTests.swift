import Foundation
import TestSupport
import Testing

@testable import AsyncFlow
@testable import AsyncFlowProcesses
@testable import AsyncFlowPolicies

@Suite(
    "Commands of several ranks", .timeLimit(.minutes(3)),
    .enabled(
        if: !TestRun.isQuick && Tools.areInstalled("mpirun", "mpicc"),
        "needs mpirun and mpicc: scripts/install-tools mpi"))
struct ParallelRanksTests {
    /// One of the two families of MPI.
    enum Family: String, CaseIterable {
        case openMPI, mpich

        /// Debian has names by which each is found whichever is the usual one.
        private static let hasDebianNames = Tools.areInstalled("mpirun.openmpi", "mpicc.openmpi")
        var compiler: String { self == .mpich ? "mpicc.mpich" : Self.hasDebianNames ? "mpicc.openmpi" : "mpicc" }
        var program: String { self == .mpich ? "mpiexec.hydra" : Self.hasDebianNames ? "mpirun.openmpi" : "mpirun" }

        static var installed: [Family] { allCases.filter { Tools.areInstalled($0.compiler, $0.program) } }
    }

    /// Adds up the ranks' numbers; then does to the third rank what its argument says.
    private static let program = """
        #include <mpi.h>
        #include <signal.h>
        #include <stdio.h>
        #include <stdlib.h>
        #include <string.h>
        #include <unistd.h>
        int main(int count, char **arguments) {
            int rank, size, sum;
            MPI_Init(&count, &arguments);
            MPI_Comm_rank(MPI_COMM_WORLD, &rank);
            MPI_Comm_size(MPI_COMM_WORLD, &size);
            int mine = rank + 1;
            MPI_Allreduce(&mine, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
            const char *threads = getenv("OMP_NUM_THREADS");
            if (rank == 0) printf("%d ranks, sum %d, threads %s\\n", size, sum, threads ? threads : "-");
            fflush(stdout);
            if (count > 1) {
                if (rank == 2 && !strcmp(arguments[1], "exit")) exit(3);
                if (rank == 2 && !strcmp(arguments[1], "kill")) kill(getpid(), SIGKILL);
                if (rank == 2 && !strcmp(arguments[1], "abort")) MPI_Abort(MPI_COMM_WORLD, 7);
                MPI_Barrier(MPI_COMM_WORLD);
            }
            MPI_Finalize();
            return 0;
        }
        """

    private func backend(_ family: Family = .openMPI) -> LocalBackend {
        LocalBackend(
            capacity: ResourceCapacity(cores: 8, memory: .gigabytes(1)), launcher: .program(family.program))
    }

    private func compiled(_ family: Family, in folder: TemporaryFolder) async throws -> String {
        try Self.program.write(toFile: folder["sum.c"], atomically: true, encoding: .utf8)
        _ = try await CommandRunner().run(Command(family.compiler, "-o", folder["sum"], folder["sum.c"]))
        return folder["sum"]
    }

    private func withRanks(
        _ family: Family = .openMPI, _ body: (WorkflowEngine, String) async throws -> Void
    ) async throws {
        let folder = try TemporaryFolder("ranks")
        let program = try await compiled(family, in: folder)
        try await withTestEngine(backends: [backend(family)]) { flow in try await body(flow, program) }
    }

    @Test("an argument stays one argument whatever it contains, a colon too", arguments: Family.installed)
    func arguments(family: Family) async throws {
        try await withTestEngine(backends: [backend(family)]) { flow async throws in
            let words = [":", "-n", "", "a b", "=", "x=y", "::", "--", "'", ":"]
            let show = flow.executableTask("show", .ranks(1)) { () in
                Command("printf", arguments: ["[%s]\\n"] + words).environment(["LIST": "a;b"])
            }
            #expect(try await show().value == words.map { "[\($0)]\n" }.joined())
        }
    }

    @Test(
        "there are exactly as many ranks as asked for, each knows its cores, and they find each other",
        arguments: Family.installed, [1, 4])
    func sum(family: Family, ranks: Int) async throws {
        try await withRanks(family) { flow, program async throws in
            let sum = flow.executableTask("sum", .ranks(ranks), .cores(2)) { Command(program) }
            let output = try await sum().value
            #expect(output == "\(ranks) ranks, sum \(ranks * (ranks + 1) / 2), threads 2\n")
        }
    }

    @Test(
        "the rank that fails first is named, with how it ended",
        arguments: [("exit", 3, nil), ("kill", nil, SIGKILL)] as [(String, Int32?, Int32?)])
    func failingRank(how: String, exitCode: Int32?, signal: Int32?) async throws {
        try await withRanks { flow, program async throws in
            let future = flow.executableTask("sum", .ranks(4)) { Command(program, how) }()
            let error = try #require((await future.error as? TaskFailedError)?.cause as? CommandError)
            #expect(error.failedRank == 2)
            #expect(error.exitCode == exitCode)
            #expect(error.signal == signal)
            #expect(error.description.hasPrefix("rank 2 of a command"))
        }
    }

    @Test("a rank that calls MPI_Abort fails the command with its code", arguments: Family.installed)
    func abort(family: Family) async throws {
        try await withRanks(family) { flow, program async throws in
            let future = flow.executableTask("sum", .ranks(4)) { Command(program, "abort") }()
            let error = try #require((await future.error as? TaskFailedError)?.cause as? CommandError)
            #expect(error.exitCode == 7)
            // The launcher passes the rank's message on, and sometimes loses it when it ends the rank meanwhile.
            #expect([2, nil].contains(error.failedRank))
        }
    }

    @Test(
        "a cancelled command is cancelled when all its ranks are gone, even those that ignore SIGTERM or left their session",
        arguments: Family.installed, ["", "trap '' TERM; ", "setsid "])
    func cancelled(family: Family, prefix: String) async throws {
        let folder = try TemporaryFolder("cancelled")
        let mark = "\(Int.random(in: 100_000...999_999))"
        try await withTestEngine(backends: [backend(family)]) { flow async throws in
            let file = folder["started"]
            let future = flow.executableTask("ranks", .ranks(3), .gracePeriod(.milliseconds(100))) {
                Command.shell("echo up >> '\(file)'; \(prefix)sh -c 'while :; do sleep \(mark); done'")
            }()
            func started() -> Int {
                (try? String(contentsOfFile: file, encoding: .utf8))?.split(separator: "\n").count ?? 0
            }
            while started() < 3 { await Task.yield() }
            future.cancel()
            #expect(await future.finalState == .cancelled)
            #expect(try !ProcessList.now.contains { $0.commandLine.contains(mark) && !$0.hasEnded })
        }
    }

    @Test("a rank that leaves something behind in a session of its own doesn't get away with it")
    func leftBehind() async throws {
        let mark = "\(Int.random(in: 100_000...999_999))"
        try await withTestEngine(backends: [backend()]) { flow async throws in
            let task = flow.executableTask("ranks", .ranks(2)) {
                Command.shell("setsid sleep \(mark) >/dev/null 2>&1 </dev/null & echo x")
            }
            #expect(try await task().value == "x\nx\n")
            #expect(try !ProcessList.now.contains { $0.commandLine.contains(mark) && !$0.hasEnded })
        }
    }

    @Test("a program that isn't there is an error that names it, as without ranks")
    func missingProgram() async throws {
        try await withTestEngine(backends: [backend()]) { flow async throws in
            for program in ["no-such-program", "/no/such/program"] {
                let future = flow.executableTask("ranks", .ranks(2)) { Command(program) }()
                let error = try #require((await future.error as? TaskFailedError)?.cause as? CommandError)
                #expect(error.reason == .notFound)
                #expect(error.description.contains(program))
            }
        }
    }
}

@Suite("Commands of several ranks without an MPI")
struct MissingLauncherTests {
    @Test("a missing launcher is an error that says what to install")
    func missing() async throws {
        try await withTestEngine(backends: [LocalBackend(launcher: .openMPI("no-such-mpirun"))]) { flow async throws in
            let future = flow.executableTask("ranks", .ranks(1)) { "/bin/true" }()
            let error = try #require((await future.error as? TaskFailedError)?.cause as? CommandError)
            #expect(error.reason == .notFound)
            #expect(error.description.contains("no-such-mpirun"))
            #expect(error.description.contains("apt-get install openmpi-bin"))
        }
    }

    @Test("a launcher that is none is an error that says so")
    func stranger() async throws {
        try await withTestEngine(backends: [LocalBackend(launcher: .program("/bin/echo"))]) { flow async throws in
            let future = flow.executableTask("ranks", .ranks(1)) { "/bin/true" }()
            let error = try #require((await future.error as? TaskFailedError)?.cause as? CommandError)
            #expect(error.description.contains("neither Open MPI's launcher nor Hydra"))
        }
    }
}
