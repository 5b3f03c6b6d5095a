public import AsyncFlow

/// What starts a pool's workers: anything that connects a program's standard input and output with the pool.
public struct WorkerLauncher: Sendable {
    private let makeCommand: @Sendable (WorkerInvocation) -> Command
    /// Whether nothing but pipes is between the pool and its workers, which the system closes with either of them.
    package var isLocal = false

    /// - Parameter command: makes the command that starts a worker: ``WorkerInvocation/program`` with
    ///   ``WorkerInvocation/arguments`` behind it and nothing else. Its standard input and output are the worker's.
    public init(_ command: @escaping @Sendable (WorkerInvocation) -> Command) { makeCommand = command }

    func command(for invocation: WorkerInvocation) -> Command { makeCommand(invocation) }

    /// Processes of this machine.
    public static let local: WorkerLauncher = {
        var launcher = WorkerLauncher { worker in
            var command = Command(worker.program, arguments: worker.arguments).environment(worker.environment)
            command.workingDirectory = worker.workingDirectory
            return command
        }
        launcher.isLocal = true
        return launcher
    }()

    /// Processes of another machine, by `ssh`, which must get there without asking for anything.
    ///
    /// The program has to be there under the same path, or the one that the pool is told; environment and working
    /// directory are set there.
    ///
    /// - Parameters:
    ///   - host: the machine, in a form that `ssh` takes.
    ///   - options: more words for `ssh`, before the host.
    public static func ssh(_ host: String, options: [String] = []) -> WorkerLauncher {
        WorkerLauncher { worker in
            Command("ssh", arguments: ["-T", "-o", "BatchMode=yes"] + options + ["--", host, worker.shellLine])
        }
    }

    /// Steps of a Slurm allocation, by `srun`: one node and one process each.
    ///
    /// - Parameter options: more words for `srun`, for example `--jobid=1234` or `--exact`.
    public static func srun(_ options: [String] = []) -> WorkerLauncher {
        WorkerLauncher { worker in
            var words = ["--nodes=1", "--ntasks=1", "--unbuffered", "--export=ALL"]
            if let cores = worker.cores { words.append("--cpus-per-task=\(cores)") }
            if let directory = worker.workingDirectory { words.append("--chdir=\(directory)") }
            return Command("srun", arguments: words + options + ["--", worker.program] + worker.arguments)
                .environment(worker.environment)
        }
    }

    /// What a command starts: the words of the worker take the place of a word `{worker}`, or stand at the end if there
    /// is none; `{name}` in a word is the worker's name.
    ///
    /// ```swift
    /// .command("nice -n 10")
    /// .command("mpirun -n 1 --host \(host) {worker}")
    /// ```
    public static func command(_ template: Command) -> WorkerLauncher {
        WorkerLauncher { worker in
            var command = template.environment(worker.environment)
            // The command may be `env`, or have it among its words.
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

/// A worker that is to be started.
public struct WorkerInvocation: Sendable, Hashable {
    /// The program, which calls ``WorkflowWorker/serveIfLaunchedAsOne(_:)``.
    public let program: String
    /// The words that make it a worker.
    public let arguments: [String]
    /// The worker's name: that of the pool, and a number.
    public let name: String
    /// Its place in the pool, from 0; a worker that replaces another one has the same.
    public let slot: Int
    /// The variables that it is to have, besides those that it has anyway.
    public let environment: [String: String]
    public let workingDirectory: String?
    /// How many cores it may use, if the pool says so.
    public let cores: Int?

    /// A line for a shell that starts the worker in its directory and with its variables.
    public var shellLine: String {
        let directory = workingDirectory.map { "cd \(ShellQuoting.quoted($0)) && " } ?? ""
        let words = EnvironmentPrefix.words(setting: environment, running: [program] + arguments)
        return directory + "exec " + words.map(ShellQuoting.quoted).joined(separator: " ")
    }
}
