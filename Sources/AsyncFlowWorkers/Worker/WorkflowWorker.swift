public import AsyncFlow
import AsyncFlowBase

/// The means by which a program is its own worker: a pool starts the program again, with an argument that says so.
///
/// ```swift
/// try await WorkflowWorker.serveIfLaunchedAsOne([Tasks.simulate, Tasks.analyse])
/// ```
///
/// must be the first line of the program, before it reads its arguments or prints anything. When the program is
/// launched as usual, it continues after that line.
public enum WorkflowWorker {
    /// The first argument with which a pool launches a worker. Only the worker's settings follow it.
    package static let argument = "--asyncflow-worker"

    /// The tasks that workers of this program can be asked to run, once the program has listed them.
    static let known = Lock<[String: String]?>(nil)

    /// Whether this program serves if it is launched as a worker.
    package static var servesIfLaunchedAsOne: Bool { known.withLock { $0 != nil } }

    /// The words that start a program elsewhere as a worker that runs one task after the other, and commands.
    ///
    /// - Parameters:
    ///   - program: The program; nil for this one.
    ///   - name: The worker's name.
    /// - Returns: Nil if this program is meant and doesn't serve if it is launched as a worker.
    package static func words(starting program: String?, name: String) -> [String]? {
        guard let path = program ?? (servesIfLaunchedAsOne ? Host.program : nil) else { return nil }
        return [path] + WorkerSettings(name: name, concurrency: 1, silence: 0, servesCommands: true).arguments
    }

    /// Serves portable tasks until the pool has no more of them, and then ends the program; returns at once if the
    /// program wasn't launched as a worker.
    ///
    /// In a worker, everything that the tasks print to their standard output goes to the standard error instead,
    /// because the output itself belongs to the pool; their standard input is empty.
    ///
    /// - Parameter tasks: all tasks that workers may be asked to run.
    /// - Throws: ``PortableTaskListError`` if two of them have the same name.
    public static func serveIfLaunchedAsOne(_ tasks: [any PortableTaskDefinition]) async throws {
        var table: [String: String] = [:]
        for task in PortableCommand.builtIn + tasks {
            if let other = table.updateValue(task.signature, forKey: task.name) {
                throw PortableTaskListError(name: task.name, signatures: [other, task.signature])
            }
        }
        for task in PortableCommand.builtIn { table[task.name] = nil }  // every program has them
        let words = CommandLine.arguments.dropFirst()
        // Elsewhere it is an argument like any other, whose meaning is up to the program.
        guard words.first == argument else { return known.withLock { $0 = table } }
        guard let settings = WorkerSettings(Array(words.dropFirst())) else {
            throw WireError("\(argument) is reserved for worker pools; don't pass it yourself")
        }
        let builtIn = settings.servesCommands ? PortableCommand.builtIn : [PortableCommand.presence]
        let server = try WorkerServer(tasks, builtIn: builtIn, settings)
        try server.start()
        // The threads of the server end the program.
        await withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in }
    }
}

/// The error of two portable tasks of one program with the same name, which makes calls ambiguous.
public struct PortableTaskListError: WorkflowError, Hashable {
    /// The name.
    public let name: String
    /// The two tasks' names with their types.
    public let signatures: [String]

    public var code: WorkflowErrorCode { .invalidConfiguration }
    public var message: String {
        "two portable tasks have the same name '\(name)': \(signatures.joined(separator: " and ")); rename one of them"
    }
}

/// A program that runs workflows and is the worker of its own pools.
///
/// ```swift
/// @main struct Ensemble: WorkflowApplication {
///     static let portableTasks: [any PortableTaskDefinition] = [Tasks.simulate]
///     static func run() async throws { … }
/// }
/// ```
public protocol WorkflowApplication {
    /// All tasks that workers may be asked to run.
    static var portableTasks: [any PortableTaskDefinition] { get }
    /// Runs the program itself; not called in a worker.
    static func run() async throws
}

extension WorkflowApplication {
    public static func main() async throws {
        try await WorkflowWorker.serveIfLaunchedAsOne(portableTasks)
        try await run()
    }
}

/// The settings that a pool passes to a worker when it launches it.
struct WorkerSettings: Equatable {
    var name: String
    /// The number of bodies that run at once.
    var concurrency: Int
    /// The number of seconds without a message from the pool after which the worker ends by itself; 0 for never.
    var silence: Int
    /// Whether the worker may run commands, besides the program's own tasks.
    var servesCommands = false

    private static let commandsWord = "commands"
    /// The limits: more threads than any program can have, and a century.
    private static let limits = (concurrency: 1...65_536, silence: 0...(100 * 365 * 86_400))

    var arguments: [String] {
        [WorkflowWorker.argument, name, String(concurrency), String(silence)]
            + (servesCommands ? [Self.commandsWord] : [])
    }

    init(name: String, concurrency: Int, silence: Int, servesCommands: Bool = false) {
        self.name = name
        self.concurrency = concurrency
        self.silence = silence
        self.servesCommands = servesCommands
    }

    init?(_ words: [String]) {
        guard words.count == 3 || (words.count == 4 && words[3] == Self.commandsWord),
            let concurrency = Int(words[1]), Self.limits.concurrency.contains(concurrency),
            let silence = Int(words[2]), Self.limits.silence.contains(silence)
        else { return nil }
        self.init(name: words[0], concurrency: concurrency, silence: silence, servesCommands: words.count == 4)
    }
}
