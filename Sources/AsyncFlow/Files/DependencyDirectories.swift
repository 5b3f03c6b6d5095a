/// The working directories of a task's dependencies, of which it is to see everything without having been given it.
struct DependencyDirectories {
    private let dependencies: [TaskNode]
    private let plan: StagingPlan

    init(_ dependencies: [TaskNode], for plan: StagingPlan) {
        self.dependencies = dependencies
        self.plan = plan
    }

    /// Links what is in them into the task's directory, side by side. What the task was given or declares goes first:
    /// it isn't hidden by anything of the same name.
    ///
    /// - Throws: ``FileError`` that names two dependencies which have different files of one name.
    func link(into directory: String) throws(FileError) {
        var origins: [FileNameKey: (task: TaskNode, path: String)] = [:]
        for task in dependencies {
            guard let source = task.workingDirectory else { continue }
            for name in try FileSystem.contents(of: source) where !plan.has(name) {
                let path = "\(source)/\(name)"
                if let other = origins[FileNameKey(name)] {
                    // A file that several tasks in a row have seen comes along each way.
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
