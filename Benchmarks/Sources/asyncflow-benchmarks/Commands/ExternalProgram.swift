import Dispatch
import Foundation
import Synchronization

/// A program that is run to its end and whose standard output is kept; its standard error goes to ours.
struct ExternalProgram: Sendable {
    var executable: URL
    var arguments: [String]

    /// What a program printed and, if it wasn't a success, what went wrong.
    struct Outcome: Sendable {
        var lines: [String]
        var failure: ProgramFailed?
    }

    /// Runs the program, and ends it when it takes longer than `limit`.
    func run(within limit: Duration) async -> Outcome {
        await withCheckedContinuation { continuation in
            // A thread of its own to wait in: the tasks' threads stay free.
            Thread.detachNewThread { continuation.resume(returning: runAndWait(within: limit)) }
        }
    }

    private func runAndWait(within limit: Duration) -> Outcome {
        let name = executable.lastPathComponent
        let process = Process()
        let pipe = Pipe()
        process.executableURL = executable
        process.arguments = arguments
        process.standardOutput = pipe
        do {
            try process.run()
        } catch {
            return Outcome(
                lines: [], failure: ProgramFailed("\(name) can't be started: \(error.localizedDescription)"))
        }
        let watch = Watch(processID: process.processIdentifier)
        DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(Int(limit.components.seconds))) {
            watch.endProcess()
        }
        let output = (try? pipe.fileHandleForReading.readToEnd()) ?? Data()
        process.waitUntilExit()
        let wasEnded = watch.stop()

        var outcome = Outcome(
            lines: String(decoding: output, as: UTF8.self).split(separator: "\n").map(String.init), failure: nil)
        if wasEnded {
            outcome.failure = ProgramFailed("\(name) took longer than \(limit.components.seconds) s and was ended.")
        } else if process.terminationReason != .exit || process.terminationStatus != 0 {
            outcome.failure = ProgramFailed("\(name) failed with status \(process.terminationStatus).")
        }
        return outcome
    }

    /// Ends a process at most once, and not after it was seen to end: its number may be another's by then.
    private final class Watch: Sendable {
        private enum State { case watching, ended, stopped }

        private let processID: pid_t
        private let state = Mutex(State.watching)

        init(processID: pid_t) { self.processID = processID }

        func endProcess() {
            state.withLock { state in
                guard state == .watching else { return }
                kill(processID, SIGKILL)
                state = .ended
            }
        }

        /// - Returns: whether the process was ended.
        func stop() -> Bool {
            state.withLock { state in
                defer { state = .stopped }
                return state == .ended
            }
        }
    }
}

struct ProgramFailed: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}
