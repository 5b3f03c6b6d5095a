import AsyncFlow
import AsyncFlowBase

/// The scope of a loop's last iteration, once it is known.
final class LastIteration: Sendable {
    let scope = Lock<ScopeID?>(nil)
}

/// One loop in a run with a journal.
final class LoopRun<State: Codable & Sendable>: Sendable {
    private let loop: CallID
    private let definition: RecordedDefinition
    private let places: DurablePlaces
    private let scope: ScopeID
    private let form: ValueForm<State>
    private var recorder: JournalRecorder { places.recorder }

    /// - Parameter loop: the loop's call, which is being made.
    init(_ loop: CallID, _ definition: RecordedDefinition, _ places: DurablePlaces) {
        self.loop = loop
        self.definition = definition
        self.places = places
        scope = places.recorder.scope(in: TaskContext.current?.enclosingBlocks ?? [])
        form = .codable(of: definition.record.name)
    }

    /// The scope of an iteration's calls, and of the state that it begins with.
    private func scope(of count: UInt64) -> ScopeID {
        // 0 is the program's own.
        ScopeID(max(1, CallDigest.call(loop, in: ScopeID(.max), occurrence: count).low))
    }

    private func stateCall(_ count: UInt64) -> OpenCall {
        let scope = scope(of: count)
        let call = CallDigest.call(loop, in: scope, occurrence: .max)
        let header = CallHeader(definition: definition.number, scope: scope, occurrence: count, call: call, key: call)
        let identity = CallIdentity(frame: call, quick: call, parts: [], files: [])
        let entry = recorder.history.outcome(of: call)
        return OpenCall(
            header: header, definition: definition, identity: identity, entry: entry, answer: .reuse,
            earlierAttempts: 0)
    }

    /// The iterations that have ended, and the state after them; nil for a loop that begins.
    ///
    /// - Throws: ``JournalError`` if the state is there and can't be used.
    func resume() async throws -> (UInt64, State)? {
        guard !definition.isForgotten, let count = await places.history().iterations[loop], count > 0 else {
            return nil
        }
        // The last one may be lost; the one before is there until the last one is safe.
        for count in stride(from: count, to: count - min(count, 3), by: -1) {
            let call = stateCall(count)
            guard call.entry?.hasValue == true else { continue }
            let outcome = await onThread { [recorder, form] in recorder.recall(call, as: form) }
            switch outcome {
            case .success(let state):
                places.superseded.add(scope(of: count - 1))
                return (count, state)
            case .failure(let miss): throw error(miss.reason, count)
            }
        }
        return nil
    }

    private func error(_ reason: ReplayRule.Reason, _ count: UInt64) -> JournalError {
        let what =
            switch reason {
            case .undecodable(let text): "can't be decoded: \(text)"
            case .changedOutput(let path): "has a file that isn't there as it was: \(path)"
            case .lostValue(let text): "is gone: \(text)"
            default: "is gone"
            }
        let name = definition.record.name
        return JournalError(
            .damaged, recorder.journal.directory,
            "the state of the loop '\(name.harmless())' after \(count) iterations \(what.harmless()). Start the program as "
                + "it was, or raise the loop's version or use ASYNCFLOW_RERUN=\(name.harmless()) to begin it anew")
    }

    /// An iteration's body begins.
    func open(_ count: UInt64, _ task: TaskContext) { recorder.open(scope(of: count), of: task.taskID.number) }

    /// An iteration has ended, and all that it has called.
    func close(_ count: UInt64, _ block: TaskID) { recorder.close(scope(of: count), of: block.number) }

    /// Records the state after some iterations, which stands for all that these have done.
    func record(_ state: State, _ count: UInt64) async throws {
        let call = stateCall(count)
        // Before the state: it is on disk when that is, and without a state it isn't looked at.
        try? recorder.store.append(
            .iteration(IterationRecord(loop: loop, count: count, state: call.id, scope: scope)))
        try await recorder.record(
            state, of: call, as: form, began: .now, attempt: 1, synced: recorder.journal.durability == .everyResult,
            then: [])
        places.superseded.add(scope(of: count - 1))
    }

    /// The loop's last iteration has ended.
    ///
    /// - Parameter last: gets its scope, to be superseded when the loop's value is recorded.
    func end(_ count: UInt64, _ last: LastIteration) { last.scope.withLock { $0 = scope(of: count) } }
}
