extension TaskOption where Kind == ExecutableKind {
    /// Runs the command in a working directory of its own, `<workDirectory>/<engine id>/<task id>`. Tasks that take or
    /// declare files do so without being told.
    public static var ownDirectory: Self { Self { $0.files.wantsDirectory = true } }

    /// Whether the command sees everything that is in the working directories of its dependencies: each file and folder
    /// there is linked into its own, side by side, without being passed as an argument.
    ///
    /// Tells for this task what ``FileConfiguration/linksDependencyDirectories`` tells for all. The dependencies need
    /// working directories of their own. A name that the task was given or declares is left out; two dependencies with
    /// different files of the same name fail the task.
    public static func dependencyDirectories(_ visible: Bool = true) -> Self {
        Self {
            $0.files.linksDependencyDirectories = visible
            if visible { $0.files.wantsDirectory = true }
        }
    }
}

extension TaskOption where Kind: FileTaskKind {
    /// How the task's files are brought into its working directory, where a file doesn't say; see ``FileStaging``.
    public static func staging(_ staging: FileStaging) -> Self { Self { $0.files.staging = staging } }
}

/// Marks the kinds of task that get files of their own.
public protocol FileTaskKind: TaskKindMarker {}
extension FunctionKind: FileTaskKind {}
extension ExecutableKind: FileTaskKind {}

/// What a task's options say about its files.
struct FileOptions: Sendable {
    /// Whether the task has a working directory of its own: it asks for one, or it takes or declares files.
    var wantsDirectory = false
    /// The declared files, as far as they don't depend on the arguments.
    var outputs: [OutputFile] = []
    var staging: FileStaging?
    /// Nil for what the engine's configuration says.
    var linksDependencyDirectories: Bool?
}

extension TaskOptions {
    var files: FileOptions {
        get { values[FileOptions.self] ?? FileOptions() }
        set { values[FileOptions.self] = newValue }
    }
}

extension TaskDefinition {
    /// Whether its tasks have working directories of their own.
    var usesFiles: Bool {
        if options.files.wantsDirectory { return true }
        return kind == .executable && engine.files.configuration.linksDependencyDirectories
    }

    /// Whether its tasks see what is in the directories of their dependencies.
    var linksDependencyDirectories: Bool {
        options.files.linksDependencyDirectories ?? engine.files.configuration.linksDependencyDirectories
    }
}
