/// The choice of one future among several.
package struct OrderRecord: Sendable, Equatable {
    /// The scope that the choice was made in.
    package var scope: ScopeID
    /// The number of choices that the scope had started before: it identifies the `asCompleted` or `firstCompleted`.
    package var choice: UInt64
    /// The number of futures that this `asCompleted` or `firstCompleted` had delivered before.
    package var position: UInt64
    /// The position of the delivered future among the given futures.
    package var chosen: UInt64

    package init(scope: ScopeID, choice: UInt64, position: UInt64, chosen: UInt64) {
        self.scope = scope
        self.choice = choice
        self.position = position
        self.chosen = chosen
    }
}

/// A durable sleep.
package struct TimerRecord: Sendable, Equatable {
    package var call: CallID
    package var name: String
    package var due: JournalTime
    package var scope: ScopeID

    package init(call: CallID, name: String, due: JournalTime, scope: ScopeID = .program) {
        self.call = call
        self.name = name
        self.due = due
        self.scope = scope
    }
}

/// A wait for a signal.
package struct WaitingRecord: Sendable, Equatable {
    package var call: CallID
    /// The signal's name.
    package var name: String
    /// The type that the signal's payload must have, for display.
    package var type: String
    package var question: String
    package var since: JournalTime
    /// The time limit; nil without one.
    package var deadline: JournalTime?
    package var scope: ScopeID

    package init(
        call: CallID, name: String, type: String, question: String, since: JournalTime, deadline: JournalTime? = nil,
        scope: ScopeID = .program
    ) {
        self.call = call
        self.name = name
        self.type = type
        self.question = question
        self.since = since
        self.deadline = deadline
        self.scope = scope
    }
}

/// A signal that arrived.
package struct SignalRecord: Sendable, Equatable {
    package var name: String
    /// The message's identity: a message with the same identity counts once.
    package var message: ShortDigest
    package var time: JournalTime
    /// The payload as JSON.
    package var payload: [UInt8]
    /// The wait that it answers, and where that stands.
    package var answered: Answered?

    package struct Answered: Sendable, Equatable {
        package var call: CallID
        package var scope: ScopeID

        package init(_ call: CallID, in scope: ScopeID) {
            self.call = call
            self.scope = scope
        }
    }

    package init(
        name: String, message: ShortDigest, time: JournalTime, payload: [UInt8], answered: Answered? = nil
    ) {
        self.name = name
        self.message = message
        self.time = time
        self.payload = payload
        self.answered = answered
    }
}

/// The position of a loop: the iterations that have ended, with the recorded state after them.
package struct IterationRecord: Sendable, Equatable {
    /// The loop's call.
    package var loop: CallID
    /// The number of iterations that have ended.
    package var count: UInt64
    /// The call under which the state after them is recorded.
    package var state: CallID
    /// Where the loop stands.
    package var scope: ScopeID

    package init(loop: CallID, count: UInt64, state: CallID, scope: ScopeID = .program) {
        self.loop = loop
        self.count = count
        self.state = state
        self.scope = scope
    }
}

/// Calls that are to run again.
package struct ForgottenRecord: Sendable, Equatable {
    package var time: JournalTime
    /// The names of definitions whose calls are all to run again.
    package var names: [String]
    package var calls: [CallID]
    /// Whether only failed calls are to run again.
    package var failuresOnly: Bool

    package init(time: JournalTime, names: [String] = [], calls: [CallID] = [], failuresOnly: Bool = false) {
        self.time = time
        self.names = names
        self.calls = calls
        self.failuresOnly = failuresOnly
    }
}

/// A note of another kind.
package struct NoteRecord: Sendable, Equatable {
    /// The kind of the note, such as `settled`.
    package var kind: String
    package var call: CallID?
    package var time: JournalTime
    package var payload: [UInt8]

    package init(kind: String, call: CallID? = nil, time: JournalTime, payload: [UInt8] = []) {
        self.kind = kind
        self.call = call
        self.time = time
        self.payload = payload
    }
}
