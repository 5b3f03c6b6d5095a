import AsyncFlow
import AsyncFlowBase

/// The results and interruptions of earlier runs, as far as this run may use them.
final class JournalHistory: Sendable {
    private let store: JournalStore
    /// The first run whose records are used; the runs before it don't count after a fresh start.
    private let firstRun: Int
    let isEmpty: Bool
    let crashes: CrashHistory
    /// The calls with `.once` or `.committed` that earlier runs have started.
    let begun: Set<CallID>
    /// The number of failed attempts of each call in the interrupted runs directly before this one.
    let attempts: [CallID: Int]
    /// The content digests of a recorded call's files.
    private struct Contents {
        var key: CallKey?
        var files: [String: ObjectID] = [:]
    }
    private let known = Lock<[CallID: Contents]?>(nil)
    private let runningGenerations: [UInt64]

    static var freshNote: NoteRecord { NoteRecord(kind: "fresh", time: JournalTime.now) }

    init(_ store: JournalStore, isFresh: Bool) {
        self.store = store
        let contents = store.contents
        var first = isFresh ? contents.runs.count : 0
        var begun: Set<CallID> = []
        var attempts: [CallID: Int] = [:]
        let interrupted = contents.runs.reversed().prefix { $0.end == nil }.map(\.run.generation)
        let firstInterrupted = contents.runs.count - interrupted.count
        if !isFresh {
            contents.forEach([.note, .started, .attempt]) { entry in
                switch entry.record {
                case .note(let note) where note.kind == "fresh":
                    first = max(first, entry.run)
                    begun = []
                    attempts = [:]
                case .started(let started): begun.insert(started.header.call)
                case .attempt(let attempt) where entry.run >= firstInterrupted: attempts[attempt.call, default: 0] += 1
                default: break
                }
                return true
            }
        }
        firstRun = first
        isEmpty = contents.callCount == 0 || first >= contents.runs.count
        self.begun = begun
        self.attempts = attempts
        let lists = isFresh ? [] : Self.runningLists(store.directory, interrupted)
        crashes = CrashHistory(lists)
        runningGenerations = interrupted
    }

    static func runningPath(_ directory: String, _ generation: UInt64) -> String {
        "\(directory)/running.\(generation)"
    }

    /// - Parameter generations: The interrupted runs, the latest first.
    private static func runningLists(_ directory: String, _ generations: [UInt64]) -> [Set<CallID>?] {
        generations.map { generation in
            let path = runningPath(directory, generation)
            return access(path, F_OK) == 0 ? RunningCalls.left(at: path) : nil
        }
    }

    /// Removes the lists of running calls. It is called when a run has ended regularly, so that the earlier crashes no
    /// longer matter.
    func removeRunningLists(upTo generation: UInt64) {
        for generation in runningGenerations + [generation] { unlink(Self.runningPath(store.directory, generation)) }
    }

    func outcome(of call: CallID) -> JournalEntry? {
        guard !isEmpty, let entry = store.contents.outcome(of: call, withParts: false), entry.run >= firstRun else {
            return nil
        }
        return entry
    }

    /// Returns the recorded calls with a key that have a value.
    func outcomes(withKey key: CallKey) -> [(entry: JournalEntry, header: CallHeader)] {
        store.contents.outcomes(withKey: key).compactMap { entry in
            guard entry.run >= firstRun, case .result(let result) = entry.record else { return nil }
            return (entry, result.header)
        }
    }

    func build(of entry: JournalEntry) -> String {
        let runs = store.contents.runs
        return runs.indices.contains(entry.run) ? runs[entry.run].run.build : ""
    }

    /// Returns the key by content of a recorded call with files, if it is known.
    func contentKey(of call: CallID) -> CallKey? { contents(of: call)?.key }

    /// Returns the SHA-256 of a file that a recorded call has made, if it is known.
    func content(of path: String, madeBy call: CallID) -> [UInt8]? { contents(of: call)?.files[path]?.bytes }

    /// Returns the digests of a call. They are read at the first use, since a run in which nothing has changed doesn't
    /// need them.
    private func contents(of call: CallID) -> Contents? {
        known.withLock { known in
            if let known { return known[call] }
            var read: [CallID: Contents] = [:]
            store.contents.forEach([.named]) { entry in
                guard case .named(let named) = entry.record else { return true }
                if let key = named.contentKey {
                    read[named.call, default: Contents()].key = key
                } else {
                    read[named.call, default: Contents()].files[named.output] = named.content
                }
                return true
            }
            known = read
            return read[call]
        }
    }
}

extension JournalStore {
    /// The number of this run among the journal's runs.
    var generation: UInt64 { run.generation }
}

extension JournalEntry {
    /// Whether the call ended with a value.
    var hasValue: Bool {
        if case .result = record { true } else { false }
    }
}
