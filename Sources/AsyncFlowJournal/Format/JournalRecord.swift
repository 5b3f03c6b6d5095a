/// A record of a journal.
///
/// Every subset of a journal's records is a valid journal: a lost record costs a repetition, never a wrong result.
package enum JournalRecord: Sendable, Equatable {
    /// A run started. Written by the store itself, as is ``end(_:)``.
    case run(RunRecord)
    /// A task was defined. Written by the store itself, again in each segment.
    case definition(DefinitionNumber, DefinitionRecord)
    /// A block, stream element or iteration was entered.
    case scope(ScopeRecord)
    /// A call ended with a value.
    case result(ResultRecord)
    /// A call ended with an error.
    case failure(FailureRecord)
    /// A call was cancelled, refused, or never started because of a dependency.
    case cancelled(CancelledRecord)
    /// A call was answered from the journal in this run. Retention keeps the records that the last runs have used.
    case reused(ReusedRecord)
    /// A call is about to run, or a side effect is about to happen.
    case started(StartedRecord)
    /// An attempt failed, and another one follows.
    case attempt(AttemptRecord)
    /// The content digest of a file or large value, computed after its call's record was written.
    case named(NamedRecord)
    /// The choice of one future among several, according to which of them ended first.
    case order(OrderRecord)
    /// A durable sleep started.
    case timer(TimerRecord)
    /// A wait for a signal started.
    case waiting(WaitingRecord)
    /// A signal arrived.
    case signal(SignalRecord)
    /// The calls in a scope are no longer needed: its durable block has ended, or the next iteration has started.
    case superseded(ScopeID)
    /// The user has asked for calls to run again. It applies to the records before this one.
    case forgotten(ForgottenRecord)
    /// A note of another kind.
    case note(NoteRecord)
    /// A run ended regularly.
    case end(EndRecord)
    /// An iteration of a loop ended, and what it did isn't needed any more.
    case iteration(IterationRecord)
}

/// The start of a program's run.
package struct RunRecord: Sendable, Equatable {
    /// The random identity of the run.
    package var id: ShortDigest
    /// The number of the run: 1 for the journal's first run, one more for each resumed run. The store sets it when it
    /// opens a directory.
    package var generation: UInt64 = 0
    package var began: JournalTime
    /// The program's path.
    package var program: String
    /// The identity of the program's build, in hexadecimal digits; empty if it isn't known.
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

/// A task definition, for display and explanations. Being recorded here doesn't make a property part of a key.
package struct DefinitionRecord: Sendable, Hashable {
    /// The kind: `function`, `executable`, `prompt`, `portable`, `block` or another word.
    package var kind: String
    package var name: String
    /// The version in the form that is part of the key; empty without one.
    package var version: String
    /// The source location, as `#fileID:#line`; empty if it isn't known.
    package var place: String
    /// The types of inputs and output, for display.
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
    /// The kind: `block`, `scope`, `stream`, `loop` or another word.
    package var kind: String
    package var name: String
    /// The position of the stream element or iteration; 0 for other scopes.
    package var position: UInt64

    package init(id: ScopeID, parent: ScopeID, kind: String, name: String, position: UInt64 = 0) {
        self.id = id
        self.parent = parent
        self.kind = kind
        self.name = name
        self.position = position
    }
}

/// The regular end of a run; a killed run has none.
package struct EndRecord: Sendable, Equatable {
    /// The way a run ended; a number, so that later versions can add some.
    package struct Outcome: Sendable, Hashable, RawRepresentable {
        package var rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }

        package static let completed = Outcome(rawValue: 0)
        package static let failed = Outcome(rawValue: 1)
        /// The run was ended by the user or a signal before all tasks were done.
        package static let stopped = Outcome(rawValue: 2)
        /// Ended because everything left waited for a signal or a time.
        package static let parked = Outcome(rawValue: 3)
    }
    package var outcome: Outcome
    package var time: JournalTime
    package var ran: UInt64
    package var reused: UInt64
    package var failed: UInt64
    /// A sentence for display; empty without one.
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
