import AsyncFlowBase

/// The lines on standard error about the end of the process by a signal.
enum SignalNotice {
    /// The time that the end may take before the tasks that are waited for are named.
    static let patience = Duration.seconds(3)

    static func begins(by signal: Int32, _ tasks: UnfinishedTasks) {
        let work = tasks.count == 0 ? "" : "cancelling \(tasks.count == 1 ? "1 task" : "\(tasks.count) tasks"), then "
        say("\(name(of: signal)): \(work)ending; a second signal ends at once")
    }

    static func waits(for tasks: UnfinishedTasks, atMost rest: Duration) {
        guard tasks.count > 0 else { return }
        say("still waiting for \(tasks.text); ending anyway in \(rest.shortText), or at once by a second signal")
    }

    static func leaves(_ tasks: UnfinishedTasks, after limit: Duration) {
        guard tasks.count > 0 else { return }
        say("ending without waiting longer than \(limit.shortText) for: \(tasks.text)")
    }

    private static func name(of signal: Int32) -> String {
        switch signal {
        case SIGINT: "SIGINT"
        case SIGTERM: "SIGTERM"
        case SIGHUP: "SIGHUP"
        default: "signal \(signal)"
        }
    }

    private static func say(_ text: String) { Console.write("asyncflow: \(text)\n", to: STDERR_FILENO) }
}
