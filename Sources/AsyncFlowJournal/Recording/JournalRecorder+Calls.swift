import AsyncFlow
import AsyncFlowBase
import Logging
import Synchronization

extension JournalRecorder {
    nonisolated(nonsending) func outcome<Value: Sendable>(
        of call: RecallableCall, as form: ValueForm<Value>, in task: TaskContext,
        perform: nonisolated(nonsending) (CallTerms) async throws -> Value
    ) async throws -> Value {
        let definition = definition(task.kind, task.taskName, task.recording)
        return try await outcome(of: call, definition, as: form, in: task, perform: perform)
    }

    /// Returns the recorded outcome of a call, or performs and records it, for a task whose definition is known.
    nonisolated(nonsending) func outcome<Value: Sendable>(
        of call: RecallableCall, _ definition: RecordedDefinition, as form: ValueForm<Value>, in task: TaskContext,
        perform: nonisolated(nonsending) (CallTerms) async throws -> Value
    ) async throws -> Value {
        guard var open = try await openCall(call, definition, task) else {
            // A file doesn't exist; the call itself reports that best.
            if task.isRecalling { throw NotRecalled() }
            // Not by the name of a call around it.
            return try await CurrentCall.$id.withValue(nil) { try await perform(CallTerms()) }
        }
        if open.isKnown {
            switch await onThreadIfLarge(open, { [open] in self.recall(open, as: form) }) {
            case .success(let value):
                task.reportReuse(open.explanation)
                return value
            case .failure(let miss): open = open.running(because: miss.reason)
            }
            task.keep(KeptCall(open))
        }
        try open.check()
        if task.isRecalling { throw NotRecalled() }
        return try await run(open, as: form, in: task, perform)
    }

    private nonisolated(nonsending) func openCall(
        _ call: RecallableCall, _ definition: RecordedDefinition, _ task: TaskContext
    ) async throws -> OpenCall? {
        if let kept = task.recollection as? KeptCall { return kept.call }
        let blocks = task.enclosingBlocks
        let scope = scope(in: blocks)
        guard let made = try CallIdentity.make(call, of: definition, naming) else { return nil }
        let identity = definition.options.isOnce ? await lasting(made) : made
        // Files are read if their quick names aren't recorded.
        let open =
            identity.byContent == nil || history.isEmpty
            ? self.open(identity, of: definition, in: scope)
            : await onThread { self.open(identity, of: definition, in: scope) }
        if !open.identity.files.allSatisfy(\.isMade) { note(filesIn: blocks.map(\.number)) }
        task.keep(KeptCall(open))
        if open.earlierAttempts > 0 { task.countEarlierAttempts(open.earlierAttempts) }
        return open
    }

    /// Returns the identity of a call that may run once only: by the contents of its files, as their quick names change
    /// with their times. A call that was interrupted can be found by its identity only.
    private nonisolated(nonsending) func lasting(_ identity: CallIdentity) async -> CallIdentity {
        guard let byContent = identity.byContent, let key = await onThread(byContent) else { return identity }
        var identity = identity
        identity.quick = key
        identity.settled = .min
        return identity
    }

    /// Performs a call and records its outcome.
    private nonisolated(nonsending) func run<Value: Sendable>(
        _ open: OpenCall, as form: ValueForm<Value>, in task: TaskContext,
        _ perform: nonisolated(nonsending) (CallTerms) async throws -> Value
    ) async throws -> Value {
        let traces = CallTraces(self, open, attempt: task.attempt)
        let isSynced = open.definition.options.isOnce || open.definition.options.isCommitted
        let began = JournalTime.now
        if isSynced {
            // Together with all earlier records, such as the values of its arguments.
            try await store.appendSynced(
                .started(StartedRecord(header: open.header, attempt: UInt32(clamping: task.attempt), time: began)))
        }
        let value: Value
        do {
            value = try await CurrentCall.$id.withValue(open.id) {
                try await perform(
                    CallTerms(
                        environment: Self.variables(of: open), traces: traces, refusal: open.refusal))
            }
        } catch {
            let cleanUps = traces.end()
            defer { clean(cleanUps) }
            if Self.isCancellation(error) { traces.forget() }
            noteFailure(of: open, error, began: began, attempt: task.attempt, mayRetry: task.hasRetries)
            throw error
        }
        let cleanUps = traces.end()
        // A member has read a file, so the block's value depends on more than its arguments.
        if open.definition.isBlock, hasFiles(task.taskID.number) {
            noteRun(of: open)
            return value
        }
        let isHandedOnLater = isSynced || journal.durability == .everyResult
        try await record(
            value, of: open, as: form, began: began, attempt: task.attempt, synced: isHandedOnLater, then: cleanUps)
        return value
    }

    /// Returns the environment variables for the commands of a call. A program that uses AsyncFlow itself doesn't take
    /// this run's journal, which it couldn't open.
    private static func variables(of open: OpenCall) -> [String: String] {
        ["ASYNCFLOW_CALL_ID": open.id.description, "ASYNCFLOW_JOURNAL": ""]
    }

    nonisolated(nonsending) func record<Value: Sendable>(
        _ value: Value, of open: OpenCall, as form: ValueForm<Value>, began: JournalTime, attempt: Int, synced: Bool,
        then cleanUps: [@Sendable () -> Void]
    ) async throws {
        let files = form.files(value).compactMap { $0 as? InputFile }
        let made = files.compactMap { file -> [FileFacts]? in
            guard case .local(let path) = file.place else { return nil }
            return FileTree.facts(of: path)
        }
        let bytes = try Envelope(files: made, value: form.encode(value)).bytes()
        let result = result(of: open, began: began, attempt: attempt, files: made)
        if synced {
            let failure: JournalError? = await withCheckedContinuation { continuation in
                do throws(JournalError) {
                    try store.append(result, value: bytes) { continuation.resume(returning: $0) }
                } catch {
                    continuation.resume(returning: error)
                }
            }
            if let failure, journal.onFailure == .stop { throw failure }
            clean(cleanUps)
        } else {
            append(result, bytes, then: cleanUps)
        }
        noteRun(of: open)
        backlog.name(open, made: made)
    }

    /// Appends a result without waiting for it. A failed store reports its failure elsewhere.
    ///
    /// - Parameter cleanUps: what is done when it is on disk.
    func append(_ result: ResultRecord, _ bytes: [UInt8], then cleanUps: [@Sendable () -> Void] = []) {
        do throws(JournalError) {
            guard cleanUps.isEmpty else {
                return try store.append(result, value: bytes) { failure in
                    if failure == nil { self.clean(cleanUps) }
                }
            }
            try store.append(result, value: bytes)
        } catch  where error.reason == .tooLarge {
            logger.warning("\(error)")
        } catch {}
    }

    func result(
        of open: OpenCall, began: JournalTime, attempt: Int = 1, files: [[FileFacts]] = []
    ) -> ResultRecord {
        ResultRecord(
            header: open.header, execution: files.isEmpty ? nil : 0, began: began,
            duration: UInt64(max(0, JournalTime.now - began)), attempt: UInt32(clamping: attempt), value: .none,
            files: files.compactMap(\.first).map { facts in
                RecordedFile(
                    name: String(facts.path.split(separator: "/").last ?? ""), path: facts.path, size: facts.size,
                    modified: facts.modified, inode: facts.inode, isDirectory: facts.isDirectory)
            },
            parts: open.identity.parts)
    }

    static func isCancellation(_ error: any Error) -> Bool {
        error is CancellationError || error is TaskCancelledError
    }

    func noteRun(of open: OpenCall) {
        open.definition.ranCount.add(1, ordering: .relaxed)
        guard !history.isEmpty else { return }
        open.definition.note(RecordedDefinition.Miss(call: open.id, parts: open.identity.parts, reason: open.reason))
    }

    func noteReuse(of open: OpenCall) {
        open.definition.reusedCount.add(1, ordering: .relaxed)
        try? store.append(.reused(ReusedRecord(call: open.id, source: open.id)))
    }

    /// Records the failure of a call or an attempt. A cancellation isn't recorded, since the effect of a cancelled call
    /// is unknown.
    func noteFailure(of open: OpenCall, _ error: any Error, began: JournalTime, attempt: Int, mayRetry: Bool) {
        if Self.isCancellation(error) { return }
        failedCount.add(1, ordering: .relaxed)
        noteRun(of: open)
        let code = (error as? any WorkflowError)?.code.description ?? ""
        let recorded = RecordedError(
            type: String(reflecting: type(of: error)), code: code,
            message: String(
                SecretRedactor(WithheldEnvironment.knownSecrets).redact(String(describing: error)).prefix(2000)
            ).harmlessLines())
        if mayRetry {
            try? store.append(
                .attempt(
                    AttemptRecord(
                        call: open.id, attempt: UInt32(clamping: attempt + open.earlierAttempts), time: JournalTime.now,
                        error: recorded)))
        } else {
            try? store.append(
                .failure(
                    FailureRecord(
                        header: open.header, began: began, duration: UInt64(max(0, JournalTime.now - began)),
                        attempt: UInt32(clamping: attempt), error: recorded, parts: open.identity.parts)))
        }
    }

    // MARK: - Recalling

    struct Miss: Error {
        var reason: ReplayRule.Reason
    }

    /// Returns the recorded value of a call, if it is still valid.
    func recall<Value: Sendable>(_ open: OpenCall, as form: ValueForm<Value>) -> Result<Value, Miss> {
        guard case .result(let result)? = open.entry?.record else { return .failure(Miss(reason: .new)) }
        let bytes: [UInt8]
        switch result.value {
        case .none: return .failure(Miss(reason: .lostValue("the record contains none")))
        case .inline(let inline): bytes = inline
        case .object(let id, let size):
            do throws(JournalError) { bytes = try store.objects.get(id, size: size) } catch {
                return .failure(Miss(reason: .lostValue(error.description)))
            }
        }
        guard let envelope = Envelope(bytes) else {
            return .failure(Miss(reason: .undecodable("its format is unknown")))
        }
        for facts in envelope.files {
            guard let top = facts.first else { continue }
            let now = FileTree.facts(of: top.path)
            if now == facts { continue }
            guard now != nil, let content = history.content(of: top.path, madeBy: result.header.call),
                naming.content(at: top.path) == content
            else { return .failure(Miss(reason: .changedOutput(top.path))) }
        }
        do {
            let value = try form.decode(envelope.value)
            noteReuse(of: open)
            // The run that recorded the call was killed before its contents were named.
            if open.identity.byContent != nil, history.contentKey(of: open.id) == nil { backlog.name(open, made: []) }
            return .success(value)
        } catch {
            return .failure(Miss(reason: .undecodable("\(error)")))
        }
    }

    /// Runs the function on another thread if the recorded call has files or a large value, which have to be read.
    private nonisolated(nonsending) func onThreadIfLarge<Value: Sendable>(
        _ open: OpenCall, _ body: @escaping @Sendable () -> Value
    ) async -> Value {
        guard case .result(let result)? = open.entry?.record else { return body() }
        if case .inline = result.value, result.files.isEmpty { return body() }
        return await onThread(body)
    }
}
