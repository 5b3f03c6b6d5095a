/// The working directories of a task's dependencies, for a task that sees all of their files without getting them as
/// arguments.
struct DependencyDirectories {
    private let dependencies: [TaskNode]
    private let plan: StagingPlan

    init(_ dependencies: [TaskNode], for plan: StagingPlan) {
        self.dependencies = dependencies
        self.plan = plan
    }

    /// Links their contents into the task's directory, side by side. Files that the task was given or declares take
    /// precedence: nothing with the same name hides them.
    ///
    /// - Throws: ``FileError`` that names two dependencies with different files of the same name.
    func link(into directory: String) throws(FileError) {
        var origins: [FileNameKey: (task: TaskNode, path: String)] = [:]
        for task in dependencies {
            guard let source = task.workingDirectory else { continue }
            for name in try FileSystem.contents(of: source) where !plan.has(name) {
                let path = "\(source)/\(name)"
                if let other = origins[FileNameKey(name)] {
                    // A file that several tasks in a row have seen arrives by each of them.
                    if FileSystem.isSame(other.path, path) { continue }
                    throw clash(name, other.task, task)
                }
                origins[FileNameKey(name)] = (task, path)
                try FileSystem.link("\(directory)/\(name)", to: path)
            }
        }
    }

    private func clash(_ name: String, _ a: TaskNode, _ b: TaskNode) -> FileError {
        func label(_ task: TaskNode) -> String { "\(task.definition.name) (\(task.id))" }
        return FileError(
            .nameClash, [name],
            "the dependencies \(label(a)) and \(label(b)) both have a '\(name)' in their working directories; declare it "
                + "as an output there, and pass the futures on with .staged(as: \"name\")")
    }
}
