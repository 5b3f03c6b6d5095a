/// A backend that can say what it would do with a command. A dry run asks it, and nothing else.
package protocol DryRunnableBackend: CommandBackend {
    /// What stands in the report of a dry run instead of the command alone.
    func dryRunDetail(of command: Command, resources: ResourceRequest, for task: TaskContext) -> String
}

extension TaskNode {
    /// What a dry run says of a command of this task.
    func dryRunDetail(of command: Command) -> String {
        guard let backend = definition.backend?.backend as? any DryRunnableBackend else { return command.description }
        return backend.dryRunDetail(of: command, resources: request, for: TaskContext(self))
    }
}
