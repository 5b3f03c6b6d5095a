/// The command, the backend and the options with which a service is started, each time.
struct ServicePlan: Sendable {
    let command: Command
    let backend: any CommandBackend
    let options: TaskOptions
    /// The services among its arguments.
    let uses: [Service]
    /// Its arguments: everything that they hold, such as another service, lives as long as this service.
    let arguments: any Sendable

    func request(_ task: TaskContext, _ watcher: CommandWatcher) -> CommandRequest {
        CommandRequest(
            command: command.instrumented(in: task), task: task, resources: options.resources, output: .memory,
            gracePeriod: options.gracePeriod, tap: OutputTap(OutputHub()), watcher: watcher)
    }
}
