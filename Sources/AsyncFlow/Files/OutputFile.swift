/// A file that a task promises to make in its working directory.
///
/// When the task has succeeded, the file has to be there; its future's value is then an ``InputFile``, which other
/// tasks take as an argument. What a failed attempt has left is never handed on.
public struct OutputFile: TaskValue, Hashable {
    enum Kind { case file, directory, standardOutput, pattern }

    /// Relative to the task's working directory.
    public let path: String
    let kind: Kind

    /// - Parameter path: the file's path, relative to the task's working directory. Folders in it are made before the
    ///   task begins.
    public init(_ path: String) { self.init(path: path, kind: .file) }

    fileprivate init(path: String, kind: Kind) {
        self.path = path
        self.kind = kind
    }
}

extension OutputFile: CustomStringConvertible {
    /// The path, as an argument of the command: a file may be an argument of its task.
    public var description: String { RelativeName.asArgument(path) }
}

extension OutputDeclaration where Self == OutputFile {
    /// A directory with everything in it; handed on as one.
    public static func directory(_ path: String) -> OutputFile { OutputFile(path: path, kind: .directory) }

    /// A file that gets what the command writes to its standard output, however much that is. For commands only, and
    /// only one of a command's files.
    public static func standardOutput(_ path: String) -> OutputFile { OutputFile(path: path, kind: .standardOutput) }

    /// All files whose names match a pattern of the shell's kind (`*`, `?`, `[a-z]`), in order of their names, without
    /// those that were brought in. At least one must; exactly one where the task has a single file as its value.
    public static func matching(_ pattern: String) -> OutputFile { OutputFile(path: pattern, kind: .pattern) }
}
