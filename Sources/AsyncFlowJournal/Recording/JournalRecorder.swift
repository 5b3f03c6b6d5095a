import AsyncFlow
import AsyncFlowBase
import Logging
import Synchronization

/// The journal of one engine. It answers calls from the results of earlier runs, and records the results of this run.
///
/// ``CallLedger`` and ``ReplayRule`` make the decisions; this class carries them out, with the files and the store.
final class JournalRecorder: EnginePart, PortableMemory {
    struct DefinitionKey: Hashable {
        var record: DefinitionRecord
        var options: RecordingOptions
    }

    let store: JournalStore
    let journal: Journal
    let settings: RunSettings
    let naming = FileNaming()
    let history: JournalHistory
    let rule: ReplayRule
    let logger: Logger
    let watch: RunningCalls?
    let backlog: NamingBacklog
    private let cleaner = SerialThread()
    private let ledger = Lock(CallLedger())
    /// The iterations of loops that go on now, by the number of their block.
    private let iterations = Lock<[UInt64: ScopeID]>([:])
    private let hasIterations = Atomic<Bool>(false)
    private let endings = Lock<[@Sendable () async -> Void]>([])
    private let parked = Lock<ParkedError?>(nil)
    /// The number of recorded calls that are taken, counted from the first one, by their key; of calls without files.
    private let adopted = Lock<[CallKey: Int]>([:])
    private let definitions = Lock<[DefinitionKey: RecordedDefinition]>([:])
    let seat = Lock<EngineSeat?>(nil)
    /// The blocks whose members have read files that no task has made.
    private let blocksWithFiles = Lock<Set<UInt64>>([])
    private let failure: FailureSlot
    let failedCount = Atomic<Int>(0)

    /// - Throws: ``JournalError`` if the journal can't be opened.
    init(_ journal: Journal, _ settings: RunSettings, _ logger: Logger) throws(JournalError) {
        self.journal = journal
        self.settings = settings
        self.logger = logger
        let failure = FailureSlot()
        self.failure = failure
        var options = JournalStore.Options()
        options.durability = journal.durability
        options.retainedRuns = journal.retainedRuns
        options.whenFailed = { failure.fail($0) }
        options.progress = { logger.notice("\($0)") }
        store = try JournalStore.open(journal.directory, run: ThisProgram.run, options: options)
        history = JournalHistory(store, isFresh: settings.isFresh)
        rule = ReplayRule(crashLimit: journal.crashLimit)
        watch =
            history.crashes.crashes > 0
            ? RunningCalls(JournalHistory.runningPath(store.directory, store.generation)) : nil
        backlog = NamingBacklog(store, naming)
        for loss in store.contents.losses {
            logger.log(level: loss.cause == .unfinished ? .info : .warning, "the journal \(journal.directory): \(loss)")
        }
        if settings.isFresh { try store.append(.note(JournalHistory.freshNote)) }
        if !settings.rerun.isEmpty {
            try store.append(.forgotten(ForgottenRecord(time: JournalTime.now, names: settings.rerun)))
        }
    }

    var memory: (any CallMemory)? { self }

    func downloadPath(of url: String, sha256: String?) -> String? {
        let name = CallDigest.of(Array("\(url)\n\(sha256 ?? "")".utf8))
        return "\(store.directory.absolutePath)/downloads/\(name)"
    }

    func traces(of backend: String) -> [[UInt8]] { history.traces(of: backend) }

    func keep(trace: [UInt8], of backend: String) async throws {
        let note = NoteRecord(
            kind: BackendTrace.kind, time: JournalTime.now,
            payload: BackendTrace(backend: backend, bytes: trace).payload)
        do throws(JournalError) { try await store.appendSynced(.note(note)) } catch {
            if journal.onFailure == .stop { throw error }
        }
    }
    var mayRecall: Bool { !history.isEmpty }

    func begin(_ engine: EngineSeat) {
        seat.withLock { $0 = engine }
        failure.whenFailed { [weak self] error in self?.storeFailed(error) }
    }

    private func storeFailed(_ error: JournalError) {
        switch journal.onFailure {
        case .goOn: logger.warning("\(error); the run continues, and its results are no longer recorded")
        case .stop:
            logger.error("\(error)")
            seat.withLock { $0 }?.halt(because: error.description)
        }
    }

    /// Does something when all tasks have ended, before the journal is closed.
    func atEnd(_ action: @escaping @Sendable () async -> Void) { endings.withLock { $0.append(action) } }

    /// Ends the run because all that is left waits.
    func park(_ error: ParkedError) {
        parked.withLock { $0 = error }
        seat.withLock { $0 }?.halt(because: "the run is parked")
    }

    func finish() async throws {
        for action in endings.withLock({ $0 }) { await action() }
        await onThread { self.backlog.finish() }
        let report = EndReport(self)
        if let text = report.text { logger.info("\(text)") }
        let failures = failedCount.load(ordering: .relaxed)
        let parked = parked.withLock { $0 }
        let end = EndRecord(
            outcome: parked != nil ? .parked : failures == 0 ? .completed : .failed, time: JournalTime.now,
            ran: UInt64(report.ran),
            reused: UInt64(report.reused), failed: UInt64(failures))
        if failure.error != nil {
            // Without an end record the run counts as interrupted, and the calls that weren't recorded run again.
            _ = await onThread { Result { try self.store.close(nil) } }
        } else {
            do {
                try await onThread { Result { try self.store.close(end) } }.get()
                history.removeRunningLists(upTo: store.generation)
            } catch {
                // Reported already, like a failure during the run.
                if journal.onFailure == .stop { throw error }
            }
        }
        await onThread { self.finishCleaning() }
        if let error = failure.error, journal.onFailure == .stop { throw error }
        if let parked { throw parked }
    }

    /// Removes what commands have left outside of the program, on a thread that nobody waits for before the run's end.
    func clean(_ bodies: [@Sendable () -> Void]) {
        if !bodies.isEmpty { cleaner.add(bytes: 0) { bodies.forEach { $0() } } }
    }

    private func finishCleaning() {
        if cleaner.isIdle { return }
        let wakeUp = WakeUp()
        cleaner.add(bytes: 0) { wakeUp.signal() }
        wakeUp.wait()
    }

    // MARK: - Definitions

    /// Returns the definition of recorded calls, which is created at the first use.
    func definition(
        _ kind: TaskKind, _ name: String, _ options: RecordingOptions, place: String = "", typeNames: [String] = [],
        makes outputs: [String] = [], as recorded: RecordedKind = .work
    ) -> RecordedDefinition {
        let makes = outputs.isEmpty ? "" : " -> " + outputs.joined(separator: ", ")
        let record = DefinitionRecord(
            kind: recorded.word ?? kind.description, name: name, version: options.version, place: place,
            types: typeNames.joined(separator: ", ") + makes)
        let key = DefinitionKey(record: record, options: options)
        if let known = definitions.withLock({ $0[key] }) { return known }
        let made = RecordedDefinition(
            record, store.define(record), options: options,
            isNamed: kind != .executable && kind != .prompt, makes: outputs, isForgotten: settings.rerun.contains(name),
            typeNames: typeNames, kind: recorded)
        return definitions.withLock { definitions in
            if let known = definitions[key] { return known }
            definitions[key] = made
            return made
        }
    }

    var allDefinitions: [RecordedDefinition] { definitions.withLock { Array($0.values) } }

    // MARK: - Opening a call

    /// Assigns a call its identity and looks up its outcome. Reads files if their quick names aren't recorded.
    func open(_ identity: CallIdentity, of definition: RecordedDefinition, in scope: ScopeID) -> OpenCall {
        var (call, occurrence) = ledger.withLock { $0.enter(identity.quick, in: scope) }
        var entry = history.outcome(of: call)
        if let found = entry, !mayReuse(found, for: identity) { entry = nil }
        if entry?.hasValue != true, !history.isEmpty, definition.kind == .work,
            let other = adopt(identity, in: scope)
        {
            entry = other.entry
            (call, occurrence) = (other.header.call, other.header.occurrence)
        }
        let header = CallHeader(
            definition: definition.number, scope: scope, occurrence: occurrence, call: call, key: identity.frame)
        var known = ReplayRule.Knowledge()
        known.isForgotten = definition.isForgotten
        switch entry?.record {
        case .result?: known.outcome = .value
        case .failure?, .cancelled?: known.outcome = .failure
        default: break
        }
        known.crashes = history.crashes.count(of: call)
        known.isBegun = history.begun.contains(call)
        known.isTraced = known.isBegun && history.hasTrace(of: call)
        if definition.isBlock, let entry { known.isOfOtherBuild = !ThisProgram.isBuild(history.build(of: entry)) }
        return OpenCall(
            header: header, definition: definition, identity: identity, entry: entry,
            answer: rule.answer(known, isOnce: definition.options.isOnce),
            earlierAttempts: definition.isForgotten ? 0 : history.attempts[call] ?? 0)
    }

    /// Returns whether a recorded call with the same quick names has read the same content. If it began right after a
    /// change of a file, another change may have left the quick name the same, and the contents are compared.
    private func mayReuse(_ entry: JournalEntry, for identity: CallIdentity) -> Bool {
        guard case .result(let result) = entry.record, let byContent = identity.byContent,
            result.began <= identity.settled / 1000
        else { return true }
        guard let content = history.contentKey(of: result.header.call) else { return false }
        return byContent() == content
    }

    /// Finds a recorded call that does the same work: one from another block, or one with the same file contents but
    /// other names and times.
    private func adopt(
        _ identity: CallIdentity, in scope: ScopeID
    ) -> (entry: JournalEntry, header: CallHeader)? {
        let isInIteration = hasIterations.load(ordering: .relaxed) && isIteration(scope)
        if identity.byContent == nil, !isInIteration { return adoptFirst(identity.frame) }
        let candidates = history.outcomes(withKey: identity.frame)
        if candidates.isEmpty { return nil }
        var content: CallKey?
        if let byContent = identity.byContent {
            // The content is needed only if that of the recorded files is known.
            guard candidates.contains(where: { history.contentKey(of: $0.header.call) != nil }) else { return nil }
            content = byContent()
            if content == nil { return nil }
        }
        for candidate in candidates {
            // An iteration does again what the one before has done.
            if isInIteration, candidate.header.scope != scope { continue }
            if let content, history.contentKey(of: candidate.header.call) != content { continue }
            if ledger.withLock({ $0.take(candidate.header.call, for: scope) }) { return candidate }
        }
        return nil
    }

    /// Returns the first recorded call with a key, without files, that no other call has taken.
    private func adoptFirst(_ key: CallKey) -> (entry: JournalEntry, header: CallHeader)? {
        let start = adopted.withLock { $0[key] ?? 0 }
        let (call, next) = history.take(withKey: key, after: start) { call in ledger.withLock { $0.take(call) } }
        // Most keys have no recorded call.
        if next > start { adopted.withLock { $0[key] = max(next, $0[key] ?? 0) } }
        return call
    }

    // MARK: - Iterations

    /// The scope of the calls in these blocks, the innermost first: the iteration that they are part of, else the
    /// blocks' names.
    func scope(in blocks: [(number: UInt64, name: String)]) -> ScopeID {
        if blocks.isEmpty { return .program }
        if hasIterations.load(ordering: .relaxed),
            let iteration = iterations.withLock({ known in
                blocks.first { known[$0.number] != nil }.flatMap { known[$0.number] }
            })
        {
            return iteration
        }
        return CallDigest.scope(blocks.map(\.name))
    }

    private func isIteration(_ scope: ScopeID) -> Bool { iterations.withLock { $0.values.contains(scope) } }

    /// The calls in a block, and in the blocks in it, are those of an iteration from now on.
    func open(_ iteration: ScopeID, of block: UInt64) {
        iterations.withLock { $0[block] = iteration }
        hasIterations.store(true, ordering: .relaxed)
        ledger.withLock { $0.open(iteration) }
    }

    /// The iteration has ended, and all that was called in it.
    func close(_ iteration: ScopeID, of block: UInt64) {
        iterations.withLock { _ = $0.removeValue(forKey: block) }
        ledger.withLock { $0.close(iteration) }
    }

    // MARK: - Blocks

    /// Notes that a member of these blocks has read a file that no task has made, so that their values can't be reused
    /// as a whole.
    func note(filesIn blocks: [UInt64]) {
        if !blocks.isEmpty { blocksWithFiles.withLock { $0.formUnion(blocks) } }
    }

    func hasFiles(_ block: UInt64) -> Bool { blocksWithFiles.withLock { $0.remove(block) != nil } }
}

/// Runs a slow function on a separate thread.
func onThread<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
        // If no thread can be started, the current one is used.
        if (try? SystemThread.startDetached { continuation.resume(returning: body()) }) == nil {
            continuation.resume(returning: body())
        }
    }
}

/// The store's failure, kept until a callback is registered.
private final class FailureSlot: Sendable {
    private struct State {
        var error: JournalError?
        var callback: (@Sendable (JournalError) -> Void)?
    }
    private let state = Lock(State())

    var error: JournalError? { state.withLock { $0.error } }

    func fail(_ error: JournalError) {
        let callback = state.withLock { state in
            state.error = state.error ?? error
            return state.callback
        }
        callback?(error)
    }

    func whenFailed(_ callback: @escaping @Sendable (JournalError) -> Void) {
        let error = state.withLock { state in
            state.callback = callback
            return state.error
        }
        if let error { callback(error) }
    }
}
