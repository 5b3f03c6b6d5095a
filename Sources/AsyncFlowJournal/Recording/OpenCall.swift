import AsyncFlow
import AsyncFlowBase

/// A call of this run, from when it is looked up until it ends.
struct OpenCall: Sendable {
    let header: CallHeader
    let definition: RecordedDefinition
    let identity: CallIdentity
    /// What the journal has of it.
    let entry: JournalEntry?
    var answer: ReplayRule.Answer
    /// The attempts that failed in the runs before, which were interrupted.
    let earlierAttempts: Int
}

/// The same, kept by a task from one attempt to the next.
final class KeptCall: Sendable {
    let call: OpenCall
    init(_ call: OpenCall) { self.call = call }
}

/// A task isn't started again because it was running at several crashes of the program in a row.
public struct RepeatedCrashError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The task's name.
    public let taskName: String
    /// The call's id in the journal.
    public let callID: String
    /// The crashes in a row at which it was running.
    public let crashes: Int

    public var description: String {
        "\(taskName) (call \(callID)) was running, or about to, when the program was interrupted \(crashes) times in a row, "
            + "and isn't started again: it is the likely cause. Mend it, and start the program with "
            + "ASYNCFLOW_RERUN=\(taskName) to have it run"
    }
}

/// A task that must not run twice was begun in an earlier run, and nobody knows whether it has done its work.
public struct InterruptedTaskError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The task's name.
    public let taskName: String
    /// The call's id in the journal, and on the other side of its effect.
    public let callID: String

    public var description: String {
        "\(taskName) (call \(callID)) was begun in an earlier run and interrupted, and may run once only. Find out whether it "
            + "has done its work; if not, start the program with ASYNCFLOW_RERUN=\(taskName)"
    }
}

extension OpenCall {
    var id: CallID { header.call }

    /// - Throws: why the call must not be performed.
    func check() throws {
        switch answer {
        case .refuse(let crashes):
            throw RepeatedCrashError(taskName: definition.record.name, callID: id.description, crashes: crashes)
        case .unsettled:
            throw InterruptedTaskError(taskName: definition.record.name, callID: id.description)
        case .reuse, .run: break
        }
    }

    var isKnown: Bool { answer == .reuse }

    var reason: ReplayRule.Reason {
        if case .run(let reason) = answer { reason } else { .new }
    }

    /// The same call, which is performed although a value is recorded.
    func running(because reason: ReplayRule.Reason) -> OpenCall {
        var copy = self
        copy.answer = .run(reason)
        return copy
    }

    /// The form of the call in a sentence.
    var explanation: String { "call \(id) of an earlier run" }
}
