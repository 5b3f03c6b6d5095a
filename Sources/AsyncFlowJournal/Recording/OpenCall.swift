public import AsyncFlow
import AsyncFlowBase

/// A call of this run, from its look-up to its end.
struct OpenCall: Sendable {
    let header: CallHeader
    let definition: RecordedDefinition
    let identity: CallIdentity
    /// The journal's record of the call; nil without one.
    let entry: JournalEntry?
    var answer: ReplayRule.Answer
    /// The number of attempts that failed in the interrupted runs before this one.
    let earlierAttempts: Int
}

/// An open call that a task keeps from one attempt to the next.
final class KeptCall: Sendable {
    let call: OpenCall
    init(_ call: OpenCall) { self.call = call }
}

/// An error for a task that isn't started again because it was running at several crashes of the program in a row.
public struct RepeatedCrashError: WorkflowError, Hashable {
    /// The task's name.
    public let taskName: String?
    /// The call's id in the journal.
    public let callID: String
    /// The number of crashes in a row at which the task was running.
    public let crashes: Int

    public var code: WorkflowErrorCode { .repeatedCrash }
    public var message: String {
        "\(taskName ?? "") (call \(callID)) was running, or about to start, when the program was interrupted "
            + "\(crashes) times in a row, and isn't started again: it is the likely cause. Fix it, and start the "
            + "program with ASYNCFLOW_RERUN=\(taskName ?? "") to run it again"
    }
}

/// An error for a task that must not run twice, was started in an earlier run and interrupted, so that it is unknown
/// whether it has done its work.
public struct InterruptedTaskError: WorkflowError, Hashable {
    /// The task's name.
    public let taskName: String?
    /// The call's id in the journal, which the other side of its effect may know.
    public let callID: String

    public var code: WorkflowErrorCode { .interrupted }
    public var message: String {
        "\(taskName ?? "") (call \(callID)) was started in an earlier run, was interrupted, and may run only once. "
            + "Check whether it has done its work; if not, start the program with ASYNCFLOW_RERUN=\(taskName ?? "")"
    }
}

extension OpenCall {
    var id: CallID { header.call }

    /// Checks whether the call may be performed.
    ///
    /// - Throws: ``RepeatedCrashError`` or ``InterruptedTaskError`` if it must not be performed.
    func check() throws {
        switch answer {
        case .refuse(let crashes):
            throw RepeatedCrashError(taskName: definition.record.name, callID: id.description, crashes: crashes)
        case .unsettled: throw interruption
        case .find, .reuse, .run: break
        }
    }

    /// The error of a call that may run once only, was begun, and isn't found again.
    var refusal: InterruptedTaskError? { answer == .find ? interruption : nil }

    private var interruption: InterruptedTaskError {
        InterruptedTaskError(taskName: definition.record.name, callID: id.description)
    }

    var isKnown: Bool { answer == .reuse }

    var reason: ReplayRule.Reason {
        switch answer {
        case .run(let reason): reason
        case .find: .interrupted
        case .reuse, .refuse, .unsettled: .new
        }
    }

    /// Returns the same call, to be performed although a value is recorded.
    func running(because reason: ReplayRule.Reason) -> OpenCall {
        var copy = self
        copy.answer = .run(reason)
        return copy
    }

    /// A description of the recorded call, for reports of reuse.
    var explanation: String { "call \(id) of an earlier run" }
}

extension WorkflowErrorCode {
    /// The call was running each time when the program was interrupted, several times in a row.
    public static let repeatedCrash = WorkflowErrorCode("repeatedCrash")
    /// The call may run only once, and was interrupted in an earlier run.
    public static let interrupted = WorkflowErrorCode("interrupted")
}
