import AsyncFlowBase

/// The program that starts the ranks of a command: `mpirun` of Open MPI, or `mpiexec` of MPICH and related MPIs.
public struct ParallelLauncher: Sendable, Hashable {
    /// The family of launchers whose arguments it takes.
    package enum Family: Sendable, Hashable { case openMPI, hydra }

    /// The names to try; the first program that exists is used.
    package let programs: [String]
    /// The family; nil if the program has to be asked.
    package let family: Family?

    /// `mpirun`, or else `mpiexec`, as found in `PATH`, of any MPI. It is asked once for its version.
    public static let detected = ParallelLauncher(programs: ["mpirun", "mpiexec"], family: nil)

    /// Returns the launcher of Open MPI, version 4 or later.
    ///
    /// - Parameter program: a name to look up in `PATH`, or a path.
    public static func openMPI(_ program: String = "mpirun") -> ParallelLauncher {
        ParallelLauncher(programs: [program], family: .openMPI)
    }

    /// Returns the Hydra launcher of MPICH, and of Intel MPI and MVAPICH.
    ///
    /// - Parameter program: a name to look up in `PATH`, or a path.
    public static func hydra(_ program: String = "mpiexec.hydra") -> ParallelLauncher {
        ParallelLauncher(programs: [program], family: .hydra)
    }

    /// Returns any launcher, which is asked once for its version.
    ///
    /// - Parameter program: a name to look up in `PATH`, or a path.
    public static func program(_ program: String) -> ParallelLauncher {
        ParallelLauncher(programs: [program], family: nil)
    }

    /// A launcher that was found.
    package struct Found: Sendable, Hashable {
        package let path: String
        package let family: Family
    }

    private static let families = Lock<[String: Family]>([:])

    /// Finds the launcher for a command, in the `PATH` that the command itself sees.
    ///
    /// - Throws: ``CommandError`` with the reason `notFound`, and advice on what to install, if there is none; an error
    ///   from starting it; `CancellationError`.
    package func find(for command: Command, runner: CommandRunner) async throws -> Found {
        let path = try path(for: command)
        if let family = family ?? Self.families.withLock({ $0[path] }) { return Found(path: path, family: family) }
        var question = Command(path, "--version")
        question.environment = command.environment
        question.inheritsEnvironment = command.inheritsEnvironment
        let version = try await runner.run(question.environment(Self.permissionsForRoot)).text
        guard let family = Family(version: version) else {
            throw CommandError(
                .notExecutable, command,
                detail: "'\(path)' is neither Open MPI's launcher nor Hydra; it says of itself: "
                    + "\(version.prefix(200).trimmed). Give the backend one of these: "
                    + "LocalBackend(launcher: .openMPI(…)) or .hydra(…)")
        }
        Self.families.withLock { $0[path] = family }
        return Found(path: path, family: family)
    }

    private func path(for command: Command) throws(CommandError) -> String {
        for program in programs {
            var probe = command
            probe.executable = program
            probe.workingDirectory = nil
            do {
                return try ProgramFile.path(for: probe)
            } catch  where error.reason == .notFound {}
        }
        let names = programs.map { "'\($0)'" }.joined(separator: " nor ")
        throw CommandError(
            .notFound, command,
            detail: "a command with ranks is started by an MPI launcher, and there is no \(names) in PATH "
                + "(\(ProcessEnvironment.path(for: command))); install an MPI (Debian and Ubuntu: "
                + "apt-get install openmpi-bin, macOS: brew install open-mpi), or give the backend another launcher")
    }

    /// The variables without which Open MPI refuses to run as root.
    static var permissionsForRoot: [String: String] {
        guard geteuid() == 0 else { return [:] }
        return [
            "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
            "PRTE_ALLOW_RUN_AS_ROOT": "1", "PRTE_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
        ]
    }
}

extension ParallelLauncher.Family {
    /// - Parameter version: the launcher's output when it is asked for its version.
    package init?(version: String) {
        if ["Open MPI", "OpenRTE", "PRRTE"].contains(where: version.contains) {
            self = .openMPI
        } else if ["HYDRA", "Hydra", "Intel(R) MPI"].contains(where: version.contains) {
            self = .hydra
        } else {
            return nil
        }
    }
}

extension ParallelLauncher.Found {
    /// Returns the command that starts the ranks of another one.
    ///
    /// The launcher counts no cores and binds nothing: that is the scheduler's job, and two launchers that don't know
    /// of each other would bind their ranks to the same cores. It stays on this machine, even within a job of Slurm.
    ///
    /// - Parameters:
    ///   - command: the command of each rank; its program is a path.
    ///   - marker: a variable that the ranks have and the launcher doesn't.
    ///   - isCrowded: whether there are more ranks than cores, so that a waiting rank should give up its core.
    package func command(for command: Command, ranks: Int, marker: String, isCrowded: Bool) -> Command {
        var launch = command
        launch.executable = path
        launch.environment.merge(ParallelLauncher.permissionsForRoot) { given, _ in given }
        let names = command.environment.keys.sorted()
        switch family {
        case .openMPI:
            launch.arguments = ["-n", "\(ranks)", "--host", "localhost:\(ranks)", "--bind-to", "none"]
            launch.arguments += names.flatMap { ["-x", $0] } + ["-x", "\(marker)=1"]
            if isCrowded { launch.environment["OMPI_MCA_mpi_yield_when_idle"] = "1" }
        case .hydra:
            // By default it passes on its whole environment.
            launch.arguments = ["-n", "\(ranks)", "-launcher", "fork", "-hosts", "localhost:\(ranks)"]
            launch.arguments += ["-bind-to", "none", "-genv", marker, "1"]
        }
        launch.arguments += LauncherWords.protected([command.executable] + command.arguments)
        return launch
    }
}
