extension TaskContext {
    /// The absolute path of the running task's working directory; nil for a task that has none, because it neither
    /// takes nor declares files. A function makes its files there; it isn't this process's current directory.
    public var workingDirectory: String? { node.workingDirectory }

    /// Returns the absolute path of a file in the running task's working directory.
    ///
    /// - Parameter file: the file, as the task declares it.
    /// - Returns: the path; nil for a task that has no working directory.
    public func path(of file: OutputFile) -> String? { workingDirectory.map { "\($0)/\(file.path)" } }
}
