import ArgumentParser
import AsyncFlowBase
import AsyncFlowPlan

struct CancelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel", abstract: "Ends a run on this machine.",
        discussion: "Its processes get SIGTERM and, after their grace period, SIGKILL. Returns when the run has ended.")

    @Argument(help: "The run's name, or the path of its directory.")
    var name = "latest"

    func run() throws {
        let entry = try RunEntry.find(name)
        guard entry.isAlive, let process = entry.processID, process > 1 else {
            throw FlowExit.because("'\(entry.name)' isn't running: \(entry.state)", FlowExit.failed)
        }
        if entry.text("host") != FlowSession.hostName {
            throw FlowExit.because(
                "'\(entry.name)' runs on \(entry.text("host")): cancel it there", FlowExit.unavailable)
        }
        guard kill(process, SIGTERM) == 0 else {
            throw FlowExit.because("'\(entry.name)' can't be ended: \(SystemError.current)", FlowExit.failed)
        }
        // The lock is given back when the process has ended, with all that it had started.
        let descriptor = open("\(entry.path)/lock", O_RDONLY | O_CLOEXEC)
        if descriptor >= 0 {
            _ = try? retrying { flock(descriptor, LOCK_SH) }
            close(descriptor)
        }
        FlowConsole.note("'\(entry.name)' has ended")
    }
}
