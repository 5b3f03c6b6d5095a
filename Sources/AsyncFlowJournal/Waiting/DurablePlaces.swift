import AsyncFlow
import AsyncFlowBase

/// The waits and loops of an engine with a journal: where those of earlier runs are, and the records of this run's.
final class DurablePlaces: Sendable {
    let recorder: JournalRecorder
    private let room: WaitingRoom
    private let read = Lock<PlaceHistory?>(nil)
    let superseded: SupersededScopes

    init(_ recorder: JournalRecorder, _ room: WaitingRoom) {
        self.recorder = recorder
        self.room = room
        let superseded = SupersededScopes(recorder.store)
        self.superseded = superseded
        recorder.atEnd {
            room.close()
            await superseded.finish()
        }
    }

    /// Returns the history that earlier runs left; it is read on first use.
    nonisolated(nonsending) func history() async -> PlaceHistory {
        if let known = read.withLock({ $0 }) { return known }
        return await onThread { [self] in
            read.withLock { read in
                if let read { return read }
                let history = PlaceHistory(recorder.store.contents, from: recorder.history.firstRun)
                room.note(history.seen)
                read = history
                return history
            }
        }
    }

    /// The call that is being made, with its scope.
    private func place(of task: TaskContext) -> (call: CallID, scope: ScopeID) {
        guard let call = CurrentCall.id else { preconditionFailure("only a call that is being made waits") }
        return (call, recorder.scope(in: task.enclosingBlocks))
    }

    /// Sleeps until the time that was noted when the call was first made.
    nonisolated(nonsending) func sleep(
        for duration: Duration, _ definition: RecordedDefinition, in task: TaskContext
    ) async throws {
        let known = definition.isForgotten ? nil : await history().due[place(of: task).call]
        let due = known ?? room.moment(duration, after: room.now)
        try await sleep(until: due, isKnown: known != nil, definition, in: task)
    }

    /// Sleeps until a time.
    nonisolated(nonsending) func sleep(
        until due: JournalTime, isKnown: Bool = true, _ definition: RecordedDefinition, in task: TaskContext
    ) async throws {
        let (call, scope) = place(of: task)
        let record = JournalRecord.timer(
            TimerRecord(call: call, name: definition.record.name, due: due, scope: scope))
        // Again in each run: what the last one waited for is seen from outside.
        try await append(record, synced: !isKnown)
        task.report(TaskProgress(message: "sleeps until \(WaitText.date(due))"))
        try await room.sleep(until: due, as: task.taskID, definition.record.name)
    }

    /// Waits for an answer, unless an earlier run has accepted one.
    nonisolated(nonsending) func answer(
        _ question: SignalQuestion, _ definition: RecordedDefinition, in task: TaskContext
    ) async throws -> SignalAnswer {
        let (call, scope) = place(of: task)
        let history = await history()
        let isKnown = !definition.isForgotten
        if isKnown, let json = history.answers[call], question.problem(json) == nil { return SignalAnswer(json: json) }
        let known = isKnown ? history.since[call] : nil
        let since = known ?? room.now
        let deadline = question.timeout.map { room.moment($0, after: since) }
        try await append(
            .waiting(
                WaitingRecord(
                    call: call, name: question.name, type: question.type, question: question.text, since: since,
                    deadline: deadline, scope: scope)), synced: known == nil)
        let (store, onFailure) = (recorder.store, recorder.journal.onFailure)
        return try await room.ask(question, since: since, deadline: deadline, in: task) { payload, message in
            let record = SignalRecord(
                name: question.name, message: message, time: .now, payload: payload,
                answered: SignalRecord.Answered(call, in: scope))
            do throws(JournalError) { try store.appendAndWait(.signal(record)) } catch {
                if onFailure == .stop { throw error }
            }
        }
    }

    private nonisolated(nonsending) func append(_ record: JournalRecord, synced: Bool) async throws {
        do throws(JournalError) {
            if synced { try await recorder.store.appendSynced(record) } else { try recorder.store.append(record) }
        } catch {
            // The store has said so itself.
            if recorder.journal.onFailure == .stop { throw error }
        }
    }
}

extension WaitingRoom {
    /// Shows a question, and waits for its answer.
    nonisolated(nonsending) func ask(
        _ question: SignalQuestion, since: JournalTime, deadline: JournalTime?, in task: TaskContext,
        commit: @escaping @Sendable ([UInt8], ShortDigest) throws -> Void
    ) async throws -> SignalAnswer {
        let text = question.text.isEmpty ? "" : ": \(question.text.harmless())"
        task.report(
            TaskProgress(
                message: DisplayText.shortened("waits for an answer to '\(question.name)'" + text, to: 120)))
        tell(question, text, deadline)
        let shown = QuestionBoard.Question(
            name: question.name, type: question.type, text: question.text, since: Double(since) / 1e6,
            deadline: deadline.map { Double($0) / 1e6 })
        return try await answer(
            Wait(question: question, task: task.taskID, deadline: deadline, commit: commit), shown: shown)
    }
}
