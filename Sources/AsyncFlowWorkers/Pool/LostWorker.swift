import AsyncFlow
import AsyncFlowBase

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A process behind a bridge that has ended while it ran a call, as the bridge tells of it.
struct LostWorker: Decodable {
    private var worker = ""
    private var host = ""
    private var processID: Int32 = 0
    private var reason = ""
    private var signal: Int32?
    private var exitCode: Int32?
    private var crashMessage = ""
    private var standardErrorTail = ""

    /// - Parameter bridge: The name of the worker that tells of it.
    static func error(_ failure: CallFailure, of task: TaskContext?, behind bridge: String) -> WorkerLostError {
        // If the details can't be read, the worker is known to be gone all the same.
        let lost = failure.encoded.flatMap { try? JSONDecoder().decode(LostWorker.self, from: Data($0)) }
        let text = { (text: String?, limit: Int) in (text ?? "").shortened(to: limit).harmlessLines() }
        let host = text(lost?.host, 255)
        return WorkerLostError(
            taskID: task?.taskID, taskName: task?.taskName, workerName: text(lost?.worker ?? bridge, 255),
            host: host.isEmpty ? "an unknown host" : host, processID: max(0, lost?.processID ?? 0),
            reason: text(lost?.reason ?? "nothing more is known", 4 << 10), signal: lost?.signal,
            exitCode: lost?.exitCode, crashMessage: text(lost?.crashMessage, 4 << 10),
            standardErrorTail: text(lost?.standardErrorTail, 4 << 10))
    }
}
