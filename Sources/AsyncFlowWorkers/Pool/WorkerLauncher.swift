public import AsyncFlow

/// A launcher of a pool's workers: anything that connects a program's standard input and output with the pool.
public struct WorkerLauncher: Sendable {
    private let makeCommand: @Sendable (WorkerInvocation) -> Command
    /// Whether only pipes connect the pool and its workers; the system closes a pipe when either end is gone.
    package var isLocal = false

    /// Creates a launcher.
    ///
    /// - Parameter command: makes the command that starts a worker: ``WorkerInvocation/program`` followed by
    ///   ``WorkerInvocation/arguments`` and nothing else. Its standard input and output are the worker's.
    public init(_ command: @escaping @Sendable (WorkerInvocation) -> Command) { makeCommand = command }

    func command(for invocation: WorkerInvocation) -> Command { makeCommand(invocation) }

    /// A launcher of processes on this machine.
    public static let local: WorkerLauncher = {
        var launcher = WorkerLauncher { worker in
            var command = Command(worker.program, arguments: worker.arguments).environment(worker.environment)
            command.workingDirectory = worker.workingDirectory
            return command
        }
        launcher.isLocal = true
        return launcher
    }()

    /// Returns a launcher of processes on another machine with `ssh`, which must connect without asking for anything.
    ///
    /// The program must be there under the same path, or under the one that is configured; environment and working
    /// directory are set there.
    ///
    /// - Parameters:
    ///   - host: the machine, in a form that `ssh` accepts.
    ///   - options: further words for `ssh`, before the host.
    public static func ssh(_ host: String, options: [String] = []) -> WorkerLauncher {
        WorkerLauncher { worker in
            Command("ssh", arguments: ["-T", "-o", "BatchMode=yes"] + options + ["--", host, worker.shellLine])
        }
    }

    /// Returns a launcher of steps of a Slurm allocation with `srun`, with one node and one process each.
    ///
    /// - Parameter options: further words for `srun`, for example `--jobid=1234` or `--exact`.
    public static func srun(_ options: [String] = []) -> WorkerLauncher {
        WorkerLauncher { worker in
            var words = ["--nodes=1", "--ntasks=1", "--unbuffered", "--export=ALL"]
            if let cores = worker.cores { words.append("--cpus-per-task=\(cores)") }
            if let directory = worker.workingDirectory { words.append("--chdir=\(directory)") }
            return Command("srun", arguments: words + options + ["--", worker.program] + worker.arguments)
                .environment(worker.environment)
        }
    }

    /// Returns a launcher that starts workers with a command: the words of the worker replace a word `{worker}`, or are
    /// appended if there is none; `{name}` in a word is replaced by the worker's name.
    ///
    /// ```swift
    /// .command("nice -n 10")
    /// .command("mpirun -n 1 --host \(host) {worker}")
    /// ```
    public static func command(_ template: Command) -> WorkerLauncher {
        WorkerLauncher { worker in
            var command = template.environment(worker.environment)
            // The command may be `env`, or contain it.
            let own = EnvironmentPrefix.runnableByEnv([worker.program] + worker.arguments)
            var words = ([template.executable] + template.arguments).map { word in
                word.split(separator: "{name}", omittingEmptySubsequences: false).joined(separator: worker.name)
            }
            if let place = words.firstIndex(of: "{worker}") {
                words.replaceSubrange(place...place, with: own)
            } else {
                words += own
            }
            command.executable = words[0]
            command.arguments = Array(words.dropFirst())
            command.workingDirectory = worker.workingDirectory ?? template.workingDirectory
            return command
        }
    }
}

/// The invocation of a worker.
public struct WorkerInvocation: Sendable, Hashable {
    /// The program, which calls ``WorkflowWorker/serveIfLaunchedAsOne(_:)``.
    public let program: String
    /// The arguments that make the program a worker.
    public let arguments: [String]
    /// The worker's name: that of the pool, with a number.
    public let name: String
    /// The worker's place in the pool, from 0; a worker that replaces another one gets the same.
    public let slot: Int
    /// The variables that the worker gets in addition to those that it has anyway.
    public let environment: [String: String]
    /// The directory in which the worker runs; nil for the launcher's default.
    public let workingDirectory: String?
    /// The number of cores that the worker may use, if the pool sets it.
    public let cores: Int?

    /// A shell command line that starts the worker in its directory and with its variables.
    public var shellLine: String {
        let directory = workingDirectory.map { "cd \(ShellQuoting.quoted($0)) && " } ?? ""
        let words = EnvironmentPrefix.words(setting: environment, running: [program] + arguments)
        return directory + "exec " + words.map(ShellQuoting.quoted).joined(separator: " ")
    }
}
