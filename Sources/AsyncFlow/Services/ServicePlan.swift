/// What a service is started with, each time anew.
struct ServicePlan: Sendable {
    let command: Command
    let backend: any CommandBackend
    let options: TaskOptions
    /// The services among its arguments.
    let uses: [Service]
    /// Its arguments: what they hold, another service for example, lives as long as this one.
    let arguments: any Sendable

    func request(_ task: TaskContext, _ watcher: CommandWatcher) -> CommandRequest {
        CommandRequest(
            command: command.instrumented(in: task), task: task, resources: options.resources, output: .memory,
            gracePeriod: options.gracePeriod, tap: OutputTap(OutputHub()), watcher: watcher)
    }
}
