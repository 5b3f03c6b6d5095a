/// The records of earlier runs, as they were when the journal was opened.
///
/// Only an index is in memory, some 24 bytes per call; records are read and decoded when somebody asks for them.
/// Safe to use from many threads.
package final class JournalContents: Sendable {
    /// The runs in their order, each with its end if it had one.
    package let runs: [(run: RunRecord, end: EndRecord?)]
    /// Losses, in sentences, each with what to do if there is something; empty for a journal without damage.
    package let losses: [String]

    init(runs: [(run: RunRecord, end: EndRecord?)] = [], losses: [String] = []) {
        self.runs = runs
        self.losses = losses
    }

    /// The number of ended calls that can be found.
    package var callCount: Int { 0 }

    /// The record that counts for a call: `.result`, `.failure` or `.cancelled`. The newest run's counts; within a run, the
    /// first; what was forgotten or superseded isn't found.
    ///
    /// - Returns: The record, its definition, and the position of its run in ``runs``; nil if there is none or it is damaged.
    package func outcome(of call: CallID) -> JournalEntry? { nil }

    /// The outcomes of all calls with this key, in the order in which they were recorded: for `.cached` tasks and adoption.
    package func outcomes(withKey key: CallKey) -> [JournalEntry] { [] }

    /// Passes on all records in their order, decoded one at a time.
    ///
    /// - Parameters:
    ///   - kinds: The kinds wanted; the rest is skipped without being decoded. Nil for all.
    ///   - body: Returns false to end.
    package func forEach(_ kinds: Set<JournalRecordKind>? = nil, _ body: (JournalEntry) throws -> Bool) rethrows {}
}

/// A record with where it comes from.
package struct JournalEntry: Sendable {
    package var record: JournalRecord
    /// The definition of the call; nil for records that have none.
    package var definition: DefinitionRecord?
    /// The position of its run in ``JournalContents/runs``.
    package var run: Int
}

/// The kind of a record: the number that stands for it in a file.
package enum JournalRecordKind: UInt8, Sendable, Hashable, CaseIterable {
    case run = 1
    case definition, scope, result, failure, cancelled, reused, started, attempt, named, order, timer, waiting, signal
    case superseded, forgotten, note, end
}
