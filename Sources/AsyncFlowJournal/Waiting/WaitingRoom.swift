import AsyncFlow
import AsyncFlowBase
import Logging

/// The waits of an engine's tasks for events outside of it: answers and times.
///
/// Without a journal, messages are handed over in memory; with one they come through its inbox, and a thread looks
/// there as long as somebody waits.
final class WaitingRoom: Sendable {
    /// The end of a wait for a signal.
    typealias Outcome = Result<SignalAnswer, any Error>

    /// A wait for a signal.
    struct Wait: Sendable {
        let question: SignalQuestion
        let task: TaskID
        let deadline: JournalTime?
        /// Makes an answer durable; called once, before it is handed over.
        let commit: @Sendable ([UInt8], ShortDigest) throws -> Void
    }

    private struct OpenWait {
        var wait: Wait
        var continuation: CheckedContinuation<SignalAnswer, any Error>
        var cancelTimer: (@Sendable () -> Void)?
        /// A message is being committed for it.
        var isClaimed = false
        /// The outcome that came meanwhile; it counts if the message isn't taken.
        var pending: Outcome?
        var shown: UInt64?
    }
    private struct State {
        var queue = SignalQueue()
        var seen = SeenMessages()
        var waits: [UInt64: OpenWait] = [:]
        /// Waits whose deadline isn't looked at yet: a message that is there already comes first.
        var unarmed: [UInt64] = []
        var sleeps: [UInt64: (due: JournalTime, task: TaskID, name: String)] = [:]
        var lastSleep: UInt64 = 0
        var isWatching = false
        var isClosed = false
    }
    private let state = Lock(State())
    /// Held while messages are handed over, so that their order is kept.
    private let delivery = Lock(())
    private let seat: EngineSeat
    private let inbox: Inbox?
    /// The journal's path; nil without one.
    let journal: String?
    let logger: Logger
    private let questions: QuestionBoard
    private let wakeUp = WakeUp()
    /// The wall's time when the engine was made.
    private let origin: JournalTime

    private static let pollInterval = 200_000

    /// - Parameters:
    ///   - journal: the path of the journal, in whose inbox messages come in; nil for memory alone.
    ///   - now: the wall's time; another one in tests.
    init(
        _ seat: EngineSeat, journal: String?, _ questions: QuestionBoard, _ logger: Logger, now: JournalTime = .now
    ) {
        self.seat = seat
        self.journal = journal
        inbox = journal.map { Inbox(of: $0) }
        self.questions = questions
        self.logger = logger
        origin = now - Self.microseconds(seat.elapsed)
    }

    private static func microseconds(_ duration: Duration) -> Int64 { duration.bounded.clampedNanoseconds / 1000 }

    /// The wall's time by the engine's clock: setting the machine's clock doesn't change a wait that goes on.
    var now: JournalTime { origin &+ Self.microseconds(seat.elapsed) }

    private func elapsed(at time: JournalTime) -> Duration {
        .microseconds(max(0, time.subtractingReportingOverflow(origin).partialValue))
    }

    /// The moment after a duration.
    func moment(_ duration: Duration, after start: JournalTime) -> JournalTime {
        start.addingReportingOverflow(Self.microseconds(duration)).partialValue
    }

    /// The messages that earlier runs have taken.
    func note(_ seen: SeenMessages) { state.withLock { $0.seen = seen } }

    // MARK: - Sleeping

    /// Returns when a time has come.
    nonisolated(nonsending) func sleep(until due: JournalTime, as task: TaskID, _ name: String) async throws {
        if due <= now { return }
        let number = state.withLock { state in
            state.lastSleep += 1
            state.sleeps[state.lastSleep] = (due, task, name)
            return state.lastSleep
        }
        defer { state.withLock { _ = $0.sleeps.removeValue(forKey: number) } }
        try await seat.sleep(until: elapsed(at: due))
    }

    // MARK: - Waiting for a signal

    /// Returns the next message for a name, or that the time is over.
    ///
    /// - Throws: `CancellationError` if the calling Swift task is cancelled.
    nonisolated(nonsending) func answer(_ wait: Wait, shown: QuestionBoard.Question) async throws -> SignalAnswer {
        let number = state.withLock { $0.queue.open(wait.question.name, order: wait.task.number) }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                enter(number, OpenWait(wait: wait, continuation: continuation), shown)
            }
        } onCancel: {
            end(number, .failure(CancellationError()))
        }
    }

    private func enter(_ number: UInt64, _ open: OpenWait, _ shown: QuestionBoard.Question) {
        let name = open.wait.question.name
        let (starts, isClosed) = state.withLock { state in
            if state.isClosed { return (false, true) }
            state.waits[number] = open
            state.unarmed.append(number)
            guard inbox != nil else { return (false, false) }
            defer { state.isWatching = true }
            return (!state.isWatching, false)
        }
        if isClosed {
            state.withLock { $0.queue.close(number, name) }
            return open.continuation.resume(throwing: CancellationError())
        }
        // Cancelled before it was there.
        if Task.isCancelled { end(number, .failure(CancellationError())) }
        let shownNumber = questions.ask(shown) { [weak self] json in self?.take(json, for: name) ?? .notAsked }
        let isThere = state.withLock { state in
            state.waits[number]?.shown = shownNumber
            return state.waits[number] != nil
        }
        if !isThere { questions.withdraw(shownNumber) }
        if inbox == nil {
            handOverKept(name)
            arm()
        } else if starts {
            if (try? SystemThread.startDetached { [self] in watch() }) == nil {
                state.withLock { $0.isWatching = false }
                end(number, .failure(SignalError(.notSent, name, "no thread could be started that looks for answers")))
            }
        } else {
            wakeUp.signal()
        }
    }

    /// Ends a wait, unless a message is being handed to it.
    private func end(_ number: UInt64, _ outcome: Outcome) {
        let open = state.withLock { state -> OpenWait? in
            guard let open = state.waits[number] else { return nil }
            if open.isClaimed {
                state.waits[number]?.pending = open.pending ?? outcome
                return nil
            }
            state.queue.close(number, open.wait.question.name)
            return state.waits.removeValue(forKey: number)
        }
        guard let open else { return }
        open.cancelTimer?()
        if let shown = open.shown { questions.withdraw(shown) }
        open.continuation.resume(with: outcome)
    }

    /// Sets the timers of waits that messages were looked for.
    private func arm() {
        let due = state.withLock { state in
            defer { state.unarmed = [] }
            return state.unarmed.compactMap { number in
                state.waits[number]?.wait.deadline.map { (number, $0) }
            }
        }
        for (number, deadline) in due {
            let cancel = seat.schedule(at: elapsed(at: deadline)) { [weak self] in
                self?.end(number, .success(.timedOut))
            }
            let isOver = state.withLock { state in
                state.waits[number]?.cancelTimer = cancel
                return state.waits[number] == nil
            }
            if isOver { cancel() }
        }
    }

    // MARK: - Messages

    /// Hands a message to the wait that it belongs to.
    ///
    /// - Throws: what kept it from being made durable.
    private func deliver(
        _ payload: [UInt8], _ message: ShortDigest, to name: String
    ) throws -> QuestionBoard.Outcome {
        let claimed = state.withLock { state -> (number: UInt64, wait: Wait)? in
            guard let number = state.queue.first(name), let open = state.waits[number] else { return nil }
            state.waits[number]?.isClaimed = true
            return (number, open.wait)
        }
        guard let (number, wait) = claimed else { return .notAsked }
        if let problem = wait.question.problem(payload) {
            release(number)
            return .refused(problem)
        }
        do { try wait.commit(payload, message) } catch {
            release(number)
            throw error
        }
        let open = state.withLock { state in
            state.seen.insert(message)
            state.queue.close(number, name)
            return state.waits.removeValue(forKey: number)
        }
        open?.cancelTimer?()
        if let shown = open?.shown { questions.withdraw(shown) }
        open?.continuation.resume(returning: SignalAnswer(json: payload))
        return .taken
    }

    private func release(_ number: UInt64) {
        let pending = state.withLock { state in
            state.waits[number]?.isClaimed = false
            return state.waits[number]?.pending
        }
        if let pending { end(number, pending) }
    }

    /// Takes an answer of this process: hands it over, or keeps it until somebody waits.
    ///
    /// - Throws: ``SignalError``.
    func send(_ json: [UInt8], to name: String) throws(SignalError) {
        if let problem = SignalName.problem(name) { throw SignalError(.invalidName, name, problem) }
        guard json.count <= Inbox.maximumSize else {
            throw SignalError(
                .tooLarge, name,
                "the message for '\(name)' has \(json.count) bytes, and may have \(Inbox.maximumSize)")
        }
        if let inbox {
            if let number = state.withLock({ $0.queue.first(name) }),
                let problem = state.withLock({ $0.waits[number]?.wait.question })?.problem(json)
            {
                throw SignalError(.wrongType, name, problem)
            }
            do throws(SystemError) { _ = try inbox.post(json, for: name) } catch {
                throw SignalError(.notSent, name, "the message for '\(name)' can't be put into the inbox: \(error)")
            }
            return wakeUp.signal()
        }
        let outcome = delivery.withLock { _ in
            let message = SignalQueue.Message(id: .random(), payload: json)
            let outcome = (try? deliver(json, message.id, to: name)) ?? .notAsked
            guard outcome == .notAsked else { return outcome }
            let isKept = state.withLock { $0.queue.keep(message, for: name) }
            return isKept ? .notAsked : .refused("")
        }
        switch outcome {
        case .refused(""):
            throw SignalError(
                .tooLarge, name, "too many messages wait to be taken: more than \(SignalQueue.maximumMessages)")
        case .refused(let problem): throw SignalError(.wrongType, name, problem)
        case .taken, .notAsked: break
        }
    }

    /// Takes the answer of somebody who was shown the question.
    private func take(_ json: [UInt8], for name: String) -> QuestionBoard.Outcome {
        guard state.withLock({ $0.queue.first(name) }) != nil else { return .notAsked }
        do throws(SignalError) {
            try send(json, to: name)
            return .taken
        } catch {
            return .refused(error.description)
        }
    }

    /// Hands over the messages in memory that came before their wait.
    private func handOverKept(_ name: String) {
        delivery.withLock { _ in
            while let message = state.withLock({ state in
                state.queue.first(name) == nil ? nil : state.queue.takeMessage(for: name)
            }) {
                switch (try? deliver(message.payload, message.id, to: name)) ?? .notAsked {
                case .taken: break
                case .refused(let problem): logger.warning("a message was dropped: \(problem)")
                case .notAsked: _ = state.withLock { $0.queue.keep(message, for: name) }
                }
            }
        }
    }

    // MARK: - The inbox

    private func watch() {
        while true {
            look()
            arm()
            let goesOn = state.withLock { state in
                if state.waits.isEmpty || state.isClosed { state.isWatching = false }
                return state.isWatching
            }
            guard goesOn else { return }
            _ = wakeUp.wait(microseconds: Self.pollInterval)
        }
    }

    /// Hands over the messages that are there.
    private func look() {
        guard let inbox else { return }
        var names = state.withLock { $0.queue.names }
        guard !names.isEmpty else { return }
        for (file, name) in inbox.messages() where names.contains(name) {
            let message = SignalName.message(in: file)
            if state.withLock({ $0.seen.contains(message) }) {
                inbox.remove(file)
                continue
            }
            let payload: [UInt8]
            do throws(Inbox.Unreadable) { payload = try inbox.read(file) } catch {
                if let reason = error.reason { inbox.reject(file, because: reason) }
                continue
            }
            do {
                switch try delivery.withLock({ _ in try deliver(payload, message, to: name) }) {
                case .taken: inbox.remove(file)
                case .refused(let problem):
                    inbox.reject(file, because: problem)
                    logger.warning("a message was refused: \(problem)")
                // A wait that begins meanwhile must not get a later one.
                case .notAsked: names.remove(name)
                }
            } catch {
                // It stays where it is, for when the journal can be written again.
                return
            }
        }
    }

    /// Looks at the inbox no more; everything that waited has ended.
    func close() {
        state.withLock { $0.isClosed = true }
        wakeUp.signal()
    }

    // MARK: - For whoever looks whether the run is worth its process

    struct Picture: Sendable {
        /// The tasks that wait.
        var tasks: Set<UInt64> = []
        var timers = 0
        /// The waits, in words.
        var texts: [String] = []
        /// The first time that is waited for.
        var nextTime: JournalTime?
    }

    var picture: Picture {
        state.withLock { state in
            var picture = Picture()
            for (_, open) in state.waits.sorted(by: { $0.key < $1.key }) {
                picture.tasks.insert(open.wait.task.number)
                if open.cancelTimer != nil { picture.timers += 1 }
                picture.texts.append("an answer to '\(open.wait.question.name)'")
                picture.nextTime = [picture.nextTime, open.wait.deadline].compactMap { $0 }.min()
            }
            for (_, sleep) in state.sleeps.sorted(by: { $0.key < $1.key }) {
                picture.tasks.insert(sleep.task.number)
                picture.timers += 1
                picture.texts.append("the end of '\(sleep.name)'")
                picture.nextTime = min(picture.nextTime ?? sleep.due, sleep.due)
            }
            return picture
        }
    }
}
