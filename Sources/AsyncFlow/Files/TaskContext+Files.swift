extension TaskContext {
    /// The working directory of the running task, absolute; nil for a task that has none, because it neither takes nor
    /// declares files. A function makes its files there; this process's own current directory is another one.
    public var workingDirectory: String? { node.workingDirectory }

    /// The absolute path of a file in the running task's working directory.
    ///
    /// - Parameter file: what the task declares.
    /// - Returns: the path; nil for a task that has no working directory.
    public func path(of file: OutputFile) -> String? { workingDirectory.map { "\($0)/\(file.path)" } }
}
