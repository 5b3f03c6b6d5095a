import Testing

@testable import AsyncFlowProcesses

@Suite("Finding the rank that failed first in a launcher's messages")
struct RankFailureTests {
    static let rule = String(repeating: "-", count: 74)

    @Test(
        "the messages of Open MPI 4 and 5 and of Hydra are understood",
        arguments: [
            (
                """
                Primary job  terminated normally, but 1 process returned
                a non-zero exit code. Per user-direction, the job has been aborted.
                \(rule)
                mpirun detected that one or more processes exited with non-zero status, thus causing
                the job to be terminated. The first process to do so was:

                  Process name: [[25596,1],2]
                  Exit code:    3
                """, RankFailure(rank: 2, .exited(3))
            ),
            (
                "mpirun noticed that process rank 1 with PID 0 on node vm exited on signal 9 (Killed).",
                RankFailure(rank: 1, .signalled(9))
            ),
            (
                """
                prterun detected that one or more processes exited with non-zero status,
                thus causing the job to be terminated. The first process to do so was:

                   Process name: [prterun-vm-4711@1,12] Exit code:    65
                """, RankFailure(rank: 12, .exited(65))
            ),
            (
                """
                prterun noticed that process rank 2 with PID 9217 on node vm exited on
                signal 11 (Segmentation fault).
                """, RankFailure(rank: 2, .signalled(11))
            ),
            (
                """
                MPI_ABORT was invoked on rank 3 in communicator MPI_COMM_WORLD
                with errorcode 7.
                \(rule)
                mpirun noticed that process rank 0 with PID 11 on node vm exited on signal 15 (Terminated).
                """, RankFailure(rank: 3, .exited(7))
            ),
            (
                """
                MPI_ABORT was invoked on rank 1 in communicator MPI_COMM_WORLD
                  Proc: [[2,1],1]
                  Errorcode: 9
                """, RankFailure(rank: 1, .exited(9))
            ),
            (
                "Abort(5) on node 2: application called MPI_Abort(MPI_COMM_WORLD, 5) - process 2",
                RankFailure(rank: 2, .exited(5))
            ),
        ])
    func understood(text: String, failure: RankFailure) {
        #expect(RankFailure(in: text) == failure)
    }

    @Test(
        "what isn't a launcher's message names no rank",
        arguments: [
            "", "rank 3 failed", "Exit code: 3", "process rank 2 is happy",
            "YOUR APPLICATION TERMINATED WITH THE EXIT STRING: Killed (signal 9)", "MPI_ABORT was invoked on rank",
        ])
    func nothing(text: String) {
        #expect(RankFailure(in: text) == nil)
    }

    @Test(
        "a launcher is known by what it says of its version",
        arguments: [
            ("mpirun (Open MPI) 4.1.4", ParallelLauncher.Family.openMPI), ("mpiexec (OpenRTE) 4.0.3", .openMPI),
            ("HYDRA build details:\n    Version: 4.0.2", .hydra),
            ("Intel(R) MPI Library for Linux* OS, Version 2021.9", .hydra), ("GNU bash, version 5.2", nil),
        ])
    func family(version: String, family: ParallelLauncher.Family?) {
        #expect(ParallelLauncher.Family(version: version) == family)
    }

    @Test("the launcher is told to stay here, to bind nothing, and to pass the variables on")
    func arguments() {
        var program = Command("/bin/program", "a b")
        program.environment = ["OMP_NUM_THREADS": "2"]
        let found = ParallelLauncher.Found(path: "/usr/bin/mpirun", family: .openMPI)
        let launch = found.command(for: program, ranks: 3, marker: "MARK", isCrowded: true)
        #expect(
            launch.description
                == "/usr/bin/mpirun -n 3 --host localhost:3 --bind-to none -x OMP_NUM_THREADS -x MARK=1 /bin/program 'a b'"
        )
        #expect(launch.environment["OMPI_MCA_mpi_yield_when_idle"] == "1")
        let hydra = ParallelLauncher.Found(path: "mpiexec", family: .hydra)
        #expect(
            hydra.command(for: program, ranks: 2, marker: "MARK", isCrowded: false).description
                == "mpiexec -n 2 -launcher fork -hosts localhost:2 -bind-to none -genv MARK 1 /bin/program 'a b'")
    }
}
