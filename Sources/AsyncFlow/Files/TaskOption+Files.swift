extension TaskOption where Kind == ExecutableKind {
    /// Runs the command in the task's own working directory, `<workDirectory>/<engine id>/<task id>`. Tasks that take
    /// or declare files always do so.
    public static var ownDirectory: Self { Self { $0.files.wantsDirectory = true } }

    /// Sets whether the command sees everything in the working directories of its dependencies: each file and folder
    /// there is linked into its own directory, side by side, without being passed as an argument.
    ///
    /// This sets for one task what ``FileConfiguration/linksDependencyDirectories`` sets for all. The dependencies must
    /// have their own working directories. A name that the task was given or declares is left out; two dependencies
    /// with different files of the same name fail the task.
    public static func dependencyDirectories(_ visible: Bool = true) -> Self {
        Self {
            $0.files.linksDependencyDirectories = visible
            if visible { $0.files.wantsDirectory = true }
        }
    }
}

extension TaskOption where Kind: FileTaskKind {
    /// Sets the staging method of the task's input files, unless a file has its own; see ``FileStaging``.
    public static func staging(_ staging: FileStaging) -> Self { Self { $0.files.staging = staging } }
}

/// A marker of the kinds of task that may have files.
public protocol FileTaskKind: TaskKindMarker {}
extension FunctionKind: FileTaskKind {}
extension ExecutableKind: FileTaskKind {}

/// The options of a task for its files.
struct FileOptions: Sendable {
    /// Whether the task has its own working directory: because it requests one, or takes or declares files.
    var wantsDirectory = false
    /// The declared files, as far as they don't depend on the arguments.
    var outputs: [OutputFile] = []
    var staging: FileStaging?
    /// Whether directories of dependencies are linked; nil for the setting of the engine's configuration.
    var linksDependencyDirectories: Bool?
}

extension TaskOptions {
    var files: FileOptions {
        get { values[FileOptions.self] ?? FileOptions() }
        set { values[FileOptions.self] = newValue }
    }
}

extension TaskDefinition {
    /// Whether its tasks have their own working directories.
    var usesFiles: Bool {
        if options.files.wantsDirectory { return true }
        return kind == .executable && engine.files.configuration.linksDependencyDirectories
    }

    /// Whether its tasks see the files in the directories of their dependencies.
    var linksDependencyDirectories: Bool {
        options.files.linksDependencyDirectories ?? engine.files.configuration.linksDependencyDirectories
    }
}
