import AsyncFlow
import AsyncFlowBase

/// The results and interruptions of earlier runs, as far as this run may use them.
final class JournalHistory: Sendable {
    private let store: JournalStore
    /// The first run whose records are used; the runs before it don't count after a fresh start.
    let firstRun: Int
    let isEmpty: Bool
    let crashes: CrashHistory
    /// The calls that were started and have neither a recorded end nor a recorded failed attempt since.
    let begun: Set<CallID>
    /// The number of failed attempts of each call in the interrupted runs directly before this one.
    let attempts: [CallID: Int]
    /// The content digests of a recorded call's files.
    private struct Contents {
        var key: CallKey?
        var files: [String: ObjectID] = [:]
    }
    private let known = Lock<[CallID: Contents]?>(nil)
    /// The traces of the commands of such calls.
    private let commands: Lock<[CallID: CommandTrace]>
    private let backends: [String: [[UInt8]]]
    private let runningGenerations: [UInt64]

    static var freshNote: NoteRecord { NoteRecord(kind: "fresh", time: JournalTime.now) }

    init(_ store: JournalStore, isFresh: Bool) {
        self.store = store
        let contents = store.contents
        var first = isFresh ? contents.runs.count : 0
        var begun: Set<CallID> = []
        var attempts: [CallID: Int] = [:]
        var commands: [CallID: CommandTrace] = [:]
        var backends: [String: [[UInt8]]] = [:]
        let interrupted = contents.runs.reversed().prefix { $0.end == nil }.map(\.run.generation)
        let firstInterrupted = contents.runs.count - interrupted.count
        if !isFresh {
            var isForgetful = false
            contents.forEach([.note, .started, .attempt, .forgotten]) { entry in
                switch entry.record {
                case .note(let note) where note.kind == "fresh":
                    first = max(first, entry.run)
                    begun = []
                    attempts = [:]
                    commands = [:]
                case .note(let note) where note.kind == CallTraces.forgottenKind:
                    if let call = note.call { commands[call] = nil }
                case .note(let note) where note.kind == BackendTrace.kind && entry.run >= firstInterrupted:
                    if let trace = BackendTrace(note.payload) {
                        backends[trace.backend, default: []].append(trace.bytes)
                    }
                case .started(let started):
                    let call = started.header.call
                    if contents.hasOutcome(of: call, sinceRun: entry.run) { break }
                    begun.insert(call)
                    if let trace = CommandTrace(backend: started.backend, recorded: started.ticket) {
                        commands[call] = trace
                    }
                case .attempt(let attempt):
                    begun.remove(attempt.call)
                    commands[attempt.call] = nil
                    if entry.run >= firstInterrupted { attempts[attempt.call, default: 0] += 1 }
                case .forgotten: isForgetful = true
                default: break
                }
                return true
            }
            if isForgetful {
                begun = contents.unended(of: begun)
                commands = commands.filter { begun.contains($0.key) }
            }
        }
        firstRun = first
        isEmpty = contents.callCount == 0 || first >= contents.runs.count
        self.begun = begun
        self.attempts = attempts
        self.commands = Lock(commands)
        self.backends = backends
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

    /// Whether a command of the call was started that nobody has seen the end of.
    func hasTrace(of call: CallID) -> Bool { commands.withLock { $0[call] != nil } }

    /// The trace of the command of a call that was started and that nobody has seen the end of; the first time only.
    func takeTrace(of call: CallID) -> CommandTrace? { commands.withLock { $0.removeValue(forKey: call) } }

    /// Returns what a backend has left outside of the program in the runs that were interrupted just before this one.
    func traces(of backend: String) -> [[UInt8]] { backends[backend] ?? [] }

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

    /// Takes the first recorded call with a key that has a value and is free.
    ///
    /// - Parameters:
    ///   - start: The number of calls with the key to skip, because they are taken.
    ///   - take: Takes a call, and returns whether it was free.
    /// - Returns: The call, and the number of calls to skip from now on: 0 if no call has the key.
    func take(
        withKey key: CallKey, after start: Int, _ take: (CallID) -> Bool
    ) -> (call: (entry: JournalEntry, header: CallHeader)?, next: Int) {
        let positions = store.contents.positions(withKey: key)
        for (offset, position) in positions.dropFirst(start).enumerated() {
            guard let entry = store.contents.outcome(at: position, withKey: key), entry.run >= firstRun,
                case .result(let result) = entry.record, take(result.header.call)
            else { continue }
            return ((entry, result.header), start + offset + 1)
        }
        return (nil, positions.count)
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

/// Something that a backend has left outside of the program.
struct BackendTrace {
    static let kind = "backend"
    var backend: String
    var bytes: [UInt8]

    init(backend: String, bytes: [UInt8]) {
        self.backend = backend
        self.bytes = bytes
    }

    /// - Returns: nil if the bytes aren't those of one.
    init?(_ payload: [UInt8]) {
        guard let end = payload.firstIndex(of: 0) else { return nil }
        backend = String(decoding: payload[..<end], as: UTF8.self)
        bytes = Array(payload[(end + 1)...])
    }

    var payload: [UInt8] { backend.utf8.filter { $0 != 0 } + [0] + bytes }
}
