/// A backend that can describe what it would do with a command. A dry run asks it for that, and for nothing else.
package protocol DryRunnableBackend: CommandBackend {
    /// Returns the text that a dry run's report shows in place of the command alone.
    func dryRunDetail(of command: Command, resources: ResourceRequest, for task: TaskContext) -> String
}

extension TaskNode {
    /// Returns a dry run's description of a command of this task.
    func dryRunDetail(of command: Command) -> String {
        guard let backend = definition.backend?.backend as? any DryRunnableBackend else { return command.description }
        return backend.dryRunDetail(of: command, resources: request, for: TaskContext(self))
    }
}
