/// The configuration of an engine's handling of files.
public struct FileConfiguration: Sendable {
    /// The sources that fetch files from URLs, at most one for each scheme; none by default, so that only local files
    /// can be used.
    public var sources: [any FileSource] = []
    /// The staging method of input files, unless the file or the task has its own; by default a symbolic link.
    public var staging: FileStaging = .link
    /// Whether every executable task has its own working directory, in which it sees everything in the directories of
    /// its dependencies; see ``TaskOption/dependencyDirectories(_:)``. False by default.
    public var linksDependencyDirectories = false
    /// Whether the working directories of tasks that succeeded are kept after the run. True by default.
    ///
    /// If they aren't kept, a directory is deleted as soon as none of its files is in use: no task waits for one, and
    /// the program holds neither one of its files nor the task's future. The directories of tasks that failed are
    /// always kept.
    public var keepsWorkingDirectories = true
    /// The number of files that may be fetched at once; 8 by default.
    public var maximumTransfers = 8
    /// The number of files that may be copied at once; 4 by default. Linking isn't limited.
    public var maximumCopies = 4

    /// The maximum size of a command's standard output as its task's value; a gigabyte by default. A command that
    /// writes more is ended with an error; with ``TaskOption/captureStdio``, output of any length goes to a file
    /// instead.
    public var maximumOutputInMemory = CommandRequest.defaultOutputLimit

    public init() {}

    /// Checks the configuration.
    ///
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
    /// The configuration of the staging, fetching and keeping of files.
    public var files: FileConfiguration {
        get { settings[FileConfiguration.self] ?? FileConfiguration() }
        set { settings[FileConfiguration.self] = newValue }
    }
}
