/// One fact of a journal.
///
/// Every subset of a journal's records is a valid journal: a record that was lost costs a repetition, never a wrong
/// result.
package enum JournalRecord: Sendable, Equatable {
    /// A run began. Written by the store itself, as is ``end(_:)``.
    case run(RunRecord)
    /// A task was defined. Written by the store itself, in each segment anew.
    case definition(DefinitionNumber, DefinitionRecord)
    /// A block, stream element or iteration was entered.
    case scope(ScopeRecord)
    /// A call ended with a value.
    case result(ResultRecord)
    /// A call ended with an error.
    case failure(FailureRecord)
    /// A call was cancelled, refused, or never began because of a dependency.
    case cancelled(CancelledRecord)
    /// A call was answered from the journal in this run. Retention keeps what the last runs have used.
    case reused(ReusedRecord)
    /// A call is about to run, or an effect is about to happen.
    case started(StartedRecord)
    /// An attempt failed, and another one follows.
    case attempt(AttemptRecord)
    /// The content digest of a file or large value, computed after its call's record was written.
    case named(NamedRecord)
    /// The choice of one future among several, made by which of them ended first.
    case order(OrderRecord)
    /// A durable sleep began.
    case timer(TimerRecord)
    /// A wait for a signal began.
    case waiting(WaitingRecord)
    /// A signal came.
    case signal(SignalRecord)
    /// The calls in a scope that nobody needs any more: its durable block has ended, or the next iteration has begun.
    case superseded(ScopeID)
    /// Calls that a person wants to run again. It holds for what was recorded before it.
    case forgotten(ForgottenRecord)
    /// Anything else.
    case note(NoteRecord)
    /// A run ended by itself.
    case end(EndRecord)
}

/// The beginning of a run of a program.
package struct RunRecord: Sendable, Equatable {
    /// Random.
    package var id: ShortDigest
    /// 1 for the journal's first run, one more for each resumed one; the store fills it in when it opens a directory.
    package var generation: UInt64 = 0
    package var began: JournalTime
    /// The program's path.
    package var program: String
    /// The identity of the program's build, as bytes in hexadecimal digits; empty where it isn't known.
    package var build: String
    package var arguments: [String]
    package var directory: String
    package var host: String
    package var processID: Int32
    /// The version of AsyncFlow.
    package var engine: String

    package init(
        id: ShortDigest = .random(), began: JournalTime, program: String, build: String = "", arguments: [String] = [],
        directory: String = "", host: String = "", processID: Int32 = 0, engine: String = ""
    ) {
        self.id = id
        self.began = began
        self.program = program
        self.build = build
        self.arguments = arguments
        self.directory = directory
        self.host = host
        self.processID = processID
        self.engine = engine
    }
}

/// A task definition, for people and for explanations; none of it is part of a key by being here.
package struct DefinitionRecord: Sendable, Hashable {
    /// `function`, `executable`, `prompt`, `portable`, `block` or another word.
    package var kind: String
    package var name: String
    /// The version as the key has it; empty without one.
    package var version: String
    /// `#fileID:#line`; empty where it isn't known.
    package var place: String
    /// The types of inputs and output, for people.
    package var types: String

    package init(kind: String, name: String, version: String = "", place: String = "", types: String = "") {
        self.kind = kind
        self.name = name
        self.version = version
        self.place = place
        self.types = types
    }
}

/// A block, workflow scope, stream element or loop iteration.
package struct ScopeRecord: Sendable, Equatable {
    package var id: ScopeID
    package var parent: ScopeID
    /// `block`, `scope`, `stream`, `loop` or another word.
    package var kind: String
    package var name: String
    /// The position of the stream element or iteration; 0 for others.
    package var position: UInt64

    package init(id: ScopeID, parent: ScopeID, kind: String, name: String, position: UInt64 = 0) {
        self.id = id
        self.parent = parent
        self.kind = kind
        self.name = name
        self.position = position
    }
}

/// The end of a run by itself: not of one that was killed.
package struct EndRecord: Sendable, Equatable {
    /// How a run ends; a number, so that later versions can add some.
    package struct Outcome: Sendable, Hashable, RawRepresentable {
        package var rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }

        package static let completed = Outcome(rawValue: 0)
        package static let failed = Outcome(rawValue: 1)
        /// Ended by a person or a signal before everything was done.
        package static let stopped = Outcome(rawValue: 2)
    }
    package var outcome: Outcome
    package var time: JournalTime
    package var ran: UInt64
    package var reused: UInt64
    package var failed: UInt64
    /// A sentence, for people; empty without one.
    package var message: String

    package init(
        outcome: Outcome, time: JournalTime, ran: UInt64 = 0, reused: UInt64 = 0, failed: UInt64 = 0,
        message: String = ""
    ) {
        self.outcome = outcome
        self.time = time
        self.ran = ran
        self.reused = reused
        self.failed = failed
        self.message = message
    }
}
