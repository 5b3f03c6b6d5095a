/// A file that a task promises to make in its working directory.
///
/// When the task has succeeded, the file must exist; its future's value is then an ``InputFile``, which other tasks
/// take as an argument. Files that a failed attempt has left are never passed on.
public struct OutputFile: TaskValue, Hashable {
    enum Kind { case file, directory, standardOutput, pattern }

    /// The path, relative to the task's working directory.
    public let path: String
    let kind: Kind

    /// Creates a declaration of a file.
    ///
    /// - Parameter path: the file's path, relative to the task's working directory. Folders in it are made before the
    ///   task begins.
    public init(_ path: String) { self.init(path: path, kind: .file) }

    fileprivate init(path: String, kind: Kind) {
        self.path = path
        self.kind = kind
    }
}

extension OutputFile: CustomStringConvertible {
    /// The path as an argument of the command: a file may be an argument of its own task.
    public var description: String { RelativeName.asArgument(path) }
}

extension OutputDeclaration where Self == OutputFile {
    /// Returns a declaration of a directory, with everything in it; it is passed on as a directory.
    public static func directory(_ path: String) -> OutputFile { OutputFile(path: path, kind: .directory) }

    /// Returns a declaration of a file that receives the command's standard output, of any size. For commands only, and
    /// for at most one of a command's files.
    public static func standardOutput(_ path: String) -> OutputFile { OutputFile(path: path, kind: .standardOutput) }

    /// Returns a declaration of all files whose names match a shell pattern (`*`, `?`, `[a-z]`), in the order of their
    /// names, except those that were staged. At least one must match; exactly one if the task's value is a single
    /// file.
    public static func matching(_ pattern: String) -> OutputFile { OutputFile(path: pattern, kind: .pattern) }
}
