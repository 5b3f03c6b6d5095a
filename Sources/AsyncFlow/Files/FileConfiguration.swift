/// How an engine deals with files.
public struct FileConfiguration: Sendable {
    /// What fetches files that a URL names, one for each scheme; none by default, so that only local files can be used.
    public var sources: [any FileSource] = []
    /// How files are brought into working directories where neither the file nor the task says; a symbolic link.
    public var staging: FileStaging = .link
    /// Whether every executable task has a working directory of its own, in which it sees everything that is in those
    /// of its dependencies; see ``TaskOption/dependencyDirectories(_:)``. No by default.
    public var linksDependencyDirectories = false
    /// Whether the working directories of tasks that succeeded stay after the run. Yes by default.
    ///
    /// If not, one is deleted as soon as no file of it is in use any more: no task waits for one, and the program holds
    /// neither a file of it nor the task's future. Those of tasks that failed stay in any case.
    public var keepsWorkingDirectories = true
    /// How many files may be fetched at once; 8 by default.
    public var maximumTransfers = 8
    /// How many files may be copied at once; 4 by default. Linking is not limited.
    public var maximumCopies = 4

    /// How much standard output a command may write that is its task's value; a gigabyte by default. One that writes
    /// more is ended with an error; ``TaskOption/captureStdio`` has output of any length written into a file instead.
    public var maximumOutputInMemory = CommandRequest.defaultOutputLimit

    public init() {}

    /// - Throws: ``EngineError`` if two sources are for the same scheme, or two settings contradict each other.
    func validate() throws(EngineError) {
        var seen: Set<String> = []
        for scheme in sources.flatMap(\.schemes) where !seen.insert(scheme.lowercased()).inserted {
            throw EngineError(.invalidConfiguration, "two file sources are for '\(scheme)' URLs; give only one of them")
        }
        guard maximumOutputInMemory > .zero else {
            throw EngineError(
                .invalidConfiguration,
                "files.maximumOutputInMemory must be more than 0, got \(maximumOutputInMemory.bytes) bytes")
        }
        if linksDependencyDirectories, !keepsWorkingDirectories {
            throw EngineError(
                .invalidConfiguration,
                "linksDependencyDirectories needs the working directories to stay; set keepsWorkingDirectories to true")
        }
    }
}

extension WorkflowEngine.Configuration {
    /// How files are brought in, fetched and kept.
    public var files: FileConfiguration {
        get { settings[FileConfiguration.self] ?? FileConfiguration() }
        set { settings[FileConfiguration.self] = newValue }
    }
}
