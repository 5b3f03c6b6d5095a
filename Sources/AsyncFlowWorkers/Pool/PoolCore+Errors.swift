import AsyncFlow
import AsyncFlowBase
import Synchronization

extension PoolCore {
    func describe(_ reason: PoolMachine.KillReason) -> String {
        switch reason {
        case .startTimeout: "it wasn't ready within \(configuration.startTimeout), and was killed"
        case .notNeeded: "the pool closed before it was ready"
        case .silence: "it hung: no message for \(configuration.heartbeatTimeout), so it was killed"
        case .cancelOverdue: "it was killed because a cancelled task in it didn't end in its grace period"
        case .cutOff: "the pipe from it was closed"
        case .garbage: "its output can't be understood"
        case .closingTimeout: "it didn't end when asked to, and was killed"
        }
    }

    func error(_ end: PoolMachine.CallEnd, of task: TaskContext, _ state: borrowing State) -> any Error {
        switch end {
        case .cancelled: return CancellationError()
        case .poolFailed: return poolFailure(state)
        case .poolClosed:
            return WorkerPoolError(
                code: .backendUnavailable, poolName: name, message: "the pool '\(name)' has been shut down")
        case .lost(let worker):
            let (hello, end) = (state.workers[worker]?.hello, state.workers[worker]?.end)
            return WorkerLostError(
                taskID: task.taskID, taskName: task.taskName, workerName: workerName(worker),
                host: hello?.host ?? "an unknown host", processID: hello?.processID ?? 0,
                reason: end?.reason ?? "it has ended", signal: end?.signal, exitCode: end?.exitCode,
                crashMessage: end?.crashMessage ?? "", standardErrorTail: end?.standardErrorTail ?? "")
        }
    }

    func poolFailure(_ state: borrowing State) -> WorkerPoolError {
        WorkerPoolError(
            code: .backendUnavailable, poolName: name,
            message: "the pool '\(name)' can't start its workers: \(state.failure ?? "the reason is unknown")")
    }

    func mismatch(
        of call: PortableCall, _ theirs: String?, _ link: WorkerLink, _ hello: Hello?
    ) -> WorkerPoolError {
        // The names come from the worker.
        let known = (hello?.ownTasks.map(\.name).sorted().joined(separator: ", ") ?? "").shortened(to: 4096).harmless()
        let there =
            theirs.map { "it has \($0.shortened(to: 4096).harmless()) instead" }
            ?? "it has " + (known.isEmpty ? "no portable tasks" : "only: \(known)")
        return WorkerPoolError(
            code: .unsupportedByBackend, poolName: name,
            message: "worker '\(link.name)' can't run the portable task \(call.signature): \(there); "
                + "name it in the list for WorkflowWorker.serveIfLaunchedAsOne, and use the same program at both ends")
    }

    /// Returns the reason why a worker that has introduced itself can't be used, if there is one.
    ///
    /// - Parameter known: this program's tasks by name, if it has listed them.
    static func problem(with hello: Hello, known: [String: String]?) -> String? {
        guard hello.version == WireProtocol.version else {
            return "it speaks version \(hello.version) of the protocol, and this program version "
                + "\(WireProtocol.version); use the same program at both ends"
        }
        guard let known, hello.hash != WireProtocol.hash(of: known.values) else { return nil }
        let theirs = Set(hello.ownTasks.map(\.signature))
        let ours = Set(known.values)
        let missing = ours.subtracting(theirs).sorted().joined(separator: ", ")
        // The signatures come from the worker.
        let strange = theirs.subtracting(ours).sorted().joined(separator: ", ").shortened(to: 4096).harmless()
        return "its portable tasks aren't those of this program; only here: \(missing.isEmpty ? "none" : missing); "
            + "only there: \(strange.isEmpty ? "none" : strange); use the same program at both ends"
    }
}
