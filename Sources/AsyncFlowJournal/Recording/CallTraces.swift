import AsyncFlow
import AsyncFlowBase

/// The traces of the commands of one attempt: kept in the journal, for the case that this run doesn't see their end.
///
/// Holds the call's slot among those that are running in this process, too: a command that goes on elsewhere isn't, and
/// can't be what ends the program.
final class CallTraces: CommandTraces {
    private struct State {
        var slot: Int?
        /// Whether a command was started that outlives this process.
        var isElsewhere = false
        var hasEnded = false
        var cleanUps: [@Sendable () -> Void] = []
    }
    private let recorder: JournalRecorder
    private let open: OpenCall
    private let attempt: Int
    private let state = Lock(State())

    init(_ recorder: JournalRecorder, _ open: OpenCall, attempt: Int) {
        self.recorder = recorder
        self.open = open
        self.attempt = attempt
        watch()
    }

    private func watch() {
        // A call that only waits isn't what ends the program.
        guard let watch = recorder.watch, open.definition.kind == .work,
            state.withLock({ $0.slot == nil && !$0.hasEnded })
        else { return }
        let slot = watch.begin(open.id)
        state.withLock { $0.slot = slot }
    }

    private func unwatch() {
        let slot = state.withLock { state in
            defer { state.slot = nil }
            return state.slot
        }
        if let slot { recorder.watch?.end(slot) }
    }

    private func record(_ trace: CommandTrace) -> JournalRecord {
        .started(
            StartedRecord(
                header: open.header, attempt: UInt32(clamping: attempt), time: JournalTime.now, backend: trace.backend,
                ticket: trace.recorded))
    }

    func takeEarlier() -> CommandTrace? {
        if open.definition.isForgotten { return nil }
        guard let trace = recorder.history.takeTrace(of: open.id) else { return nil }
        state.withLock { $0.isElsewhere = true }
        unwatch()
        return trace
    }

    func keep(_ trace: CommandTrace) async throws {
        state.withLock { $0.isElsewhere = true }
        do throws(JournalError) { try await recorder.store.appendSynced(record(trace)) } catch {
            if recorder.journal.onFailure == .stop { throw error }
        }
        unwatch()
    }

    func note(_ trace: CommandTrace) {
        watch()
        try? recorder.store.append(record(trace))
    }

    func whenRecorded(_ body: @escaping @Sendable () -> Void) {
        let isLate = state.withLock { state in
            if !state.hasEnded { state.cleanUps.append(body) }
            return state.hasEnded
        }
        if isLate { recorder.clean([body]) }
    }

    /// The attempt has ended.
    ///
    /// - Returns: what is to be done when its outcome is on disk.
    func end() -> [@Sendable () -> Void] {
        unwatch()
        return state.withLock { state in
            state.hasEnded = true
            defer { state.cleanUps = [] }
            return state.cleanUps
        }
    }

    /// The attempt was cancelled, and its command with it: nobody has to look for that.
    func forget() {
        guard state.withLock({ $0.isElsewhere }) else { return }
        try? recorder.store.append(.note(NoteRecord(kind: Self.forgottenKind, call: open.id, time: JournalTime.now)))
    }

    static let forgottenKind = "ended"
}

extension CommandTrace {
    /// The trace as bytes, without the backend's name.
    var recorded: [UInt8] {
        var bytes: [UInt8] = [1]
        var fields = [ticket, Array((directory ?? "").utf8)]
        if case .files(let output, let error) = output { fields += [Array(output.utf8), Array(error.utf8)] }
        for field in fields {
            bytes += UInt64(field.count).littleEndianBytes
            bytes += field
        }
        return bytes
    }

    /// - Returns: nil if the bytes aren't those of a trace.
    init?(backend: String, recorded bytes: [UInt8]) {
        guard bytes.first == 1 else { return nil }
        var fields: [[UInt8]] = []
        var rest = bytes.dropFirst()
        while !rest.isEmpty {
            guard rest.count >= 8, fields.count < 4 else { return nil }
            let size = UInt64(littleEndianBytes: rest.prefix(8))
            rest = rest.dropFirst(8)
            guard size <= UInt64(rest.count) else { return nil }
            let count = Int(size)
            fields.append(Array(rest.prefix(count)))
            rest = rest.dropFirst(count)
        }
        guard fields.count == 2 || fields.count == 4 else { return nil }
        let texts = fields.map { String(decoding: $0, as: UTF8.self) }
        self.init(
            backend: backend, ticket: fields[0], directory: texts[1].isEmpty ? nil : texts[1],
            output: fields.count == 4 ? .files(standardOutput: texts[2], standardError: texts[3]) : .memory)
    }
}
