/// The pure state machine of one signal, which decides what is sent to a collector and when, what is retried, and what
/// is given up.
///
/// Times are durations since a fixed start. At most one request is in flight. Items for which there is no room are left
/// out: nothing ever waits for a collector.
struct ExportMachine<Item: Sendable>: Sendable {
    struct Settings: Sendable, Hashable {
        /// The maximum number of waiting items.
        var queueLimit: Int
        /// The maximum number of items in a request.
        var batchLimit: Int
        /// The time for which an item waits for others to be sent together.
        var delay: Duration
        /// The time limit of one request.
        var requestTimeout: Duration
        /// The time after which a batch isn't sent again.
        var patience: Duration
        var pauses = RetryPauses()
        /// The time between collections of new items; nil if items are added by the caller.
        var collectionInterval: Duration?
    }

    /// The next step to take.
    enum Action {
        /// Collect new items.
        case collect
        /// Send these items by the given deadline.
        case send([Item], deadline: Duration)
        /// Send the previous batch again by the given deadline.
        case resend(deadline: Duration)
        /// Cancel the request that is in flight.
        case abort
        /// Do nothing until then, or until something happens.
        case sleep(until: Duration?)
        /// End.
        case end
    }

    /// The outcome of a request.
    enum Answer: Sendable, Hashable {
        /// The collector accepted the batch, except for this many items.
        case accepted(rejected: Int, message: String)
        /// The collector can't take it now.
        case busy(String, retryAfter: Duration?)
        /// The collector will never accept it.
        case refused(String)
        /// There was no answer.
        case unreachable(String)
    }

    private enum State {
        case idle
        case sending(count: Int, attempt: Int, since: Duration, isAborted: Bool)
        /// - Parameter isBusy: whether the collector answered that it can't take the batch yet.
        case pausing(count: Int, attempt: Int, since: Duration, until: Duration, isBusy: Bool)
        case ended
    }

    private struct Flush {
        let number: Int
        /// The number of items that had been added when the flush was requested.
        let mark: Int
        let deadline: Duration
    }

    private let settings: Settings
    private var state = State.idle
    private var queue: [Item] = []
    /// The time at which the oldest item of the queue has waited long enough.
    private var due: Duration = .zero
    private var nextCollection: Duration
    private var mustCollect = false
    private var stopDeadline: Duration?
    private var flushes: [Flush] = []
    /// The number of items that are dealt with, whatever their outcome.
    private var gone = 0
    private var come = 0
    private(set) var report = ExportReport()

    init(_ settings: Settings, at now: Duration) {
        self.settings = settings
        nextCollection = settings.collectionInterval.map { now + $0 } ?? .zero
    }

    // MARK: - What happens

    /// Adds items. If there isn't room for all, the new ones are left out rather than the old.
    ///
    /// - Returns: whether to call ``next(at:)``.
    mutating func add(_ items: [Item], at now: Duration) -> Bool {
        if case .ended = state {
            report.dropped += items.count
            return false
        }
        let wasEmpty = queue.isEmpty
        let wasFull = queue.count >= settings.batchLimit
        let room = max(0, settings.queueLimit - queue.count)
        if items.count <= room { queue += items } else { queue += items.prefix(room) }
        report.dropped += max(0, items.count - room)
        come += min(room, items.count)
        if wasEmpty { due = now + settings.delay }
        guard case .idle = state else { return false }
        return !queue.isEmpty && (wasEmpty || (!wasFull && queue.count >= settings.batchLimit))
    }

    /// Handles the outcome of the request in flight.
    ///
    /// - Parameter random: a random number from 0 up to, but not including, 1.
    mutating func answered(_ answer: Answer, at now: Duration, random: Double) {
        guard case .sending(let count, let attempt, let since, let isAborted) = state else { return }
        switch answer {
        case .accepted(let rejected, let message):
            let rejected = min(max(0, rejected), count)
            report.sent += count - rejected
            report.rejected += rejected
            if !message.isEmpty { report.lastProblem = message }
            ended(count, at: now)
        case .refused(let problem):
            report.lastProblem = problem
            lost(count, at: now)
        case .busy(let problem, let retryAfter):
            report.lastProblem = problem
            let pause = retryAfter ?? settings.pauses.pause(after: attempt, random: random)
            retry(count, attempt, since, after: pause, isBusy: true, at: now)
        case .unreachable(let problem):
            report.lastProblem = problem
            // At the end, an unreachable collector isn't waited for.
            if stopDeadline != nil || isAborted { return giveUp(count) }
            let pause = settings.pauses.pause(after: attempt, random: random)
            retry(count, attempt, since, after: pause, isBusy: false, at: now)
        }
    }

    private mutating func retry(
        _ count: Int, _ attempt: Int, _ since: Duration, after pause: Duration, isBusy: Bool, at now: Duration
    ) {
        let until = now + max(.zero, pause)
        if let stopDeadline, until >= stopDeadline { return giveUp(count) }
        // A collector's own retry time takes precedence over the patience, so that is checked last.
        if now - since >= settings.patience { return lost(count, at: now) }
        report.retries += 1
        state = .pausing(count: count, attempt: attempt, since: since, until: until, isBusy: isBusy)
    }

    private mutating func lost(_ count: Int, at now: Duration) {
        report.undelivered += count
        ended(count, at: now)
    }

    private mutating func ended(_ count: Int, at now: Duration) {
        gone += count
        due = now + settings.delay
        state = .idle
    }

    /// Gives up the batch and all waiting items, because sending them would take longer than the time left.
    private mutating func giveUp(_ count: Int) {
        report.undelivered += count + queue.count
        gone += count + queue.count
        queue = []
        state = .ended
    }

    /// Requests that everything added so far is sent at once.
    mutating func flush(_ number: Int, deadline: Duration) {
        mustCollect = settings.collectionInterval != nil
        flushes.append(Flush(number: number, mark: come + (mustCollect ? 1 : 0), deadline: deadline))
    }

    /// Announces that nothing more is added; the remaining items are sent by the deadline.
    mutating func stop(deadline: Duration) {
        guard stopDeadline == nil else { return }
        stopDeadline = deadline
        mustCollect = settings.collectionInterval != nil
    }

    // MARK: - What is to be done

    mutating func next(at now: Duration) -> Action {
        if case .ended = state { return .end }
        if mustCollect || (settings.collectionInterval != nil && stopDeadline == nil && now >= nextCollection) {
            mustCollect = false
            nextCollection = now + (settings.collectionInterval ?? .zero)
            return .collect
        }
        switch state {
        case .ended: return .end
        case .sending(let count, let attempt, let since, let isAborted):
            if let stopDeadline, now >= stopDeadline, !isAborted {
                state = .sending(count: count, attempt: attempt, since: since, isAborted: true)
                return .abort
            }
            return sleep(until: isAborted ? nil : stopDeadline)
        case .pausing(let count, let attempt, let since, let until, let isBusy):
            // An unreachable collector is tried a last time at once; a busy one when it said it may have time.
            let until = stopDeadline == nil || isBusy ? until : min(until, now)
            if let stopDeadline, max(now, until) >= stopDeadline {
                giveUp(count)
                return .end
            }
            guard now >= until else { return sleep(until: until) }
            state = .sending(count: count, attempt: attempt + 1, since: since, isAborted: false)
            return .resend(deadline: requestDeadline(now))
        case .idle:
            if queue.isEmpty {
                guard stopDeadline != nil else { return sleep(until: nil) }
                state = .ended
                return .end
            }
            if let stopDeadline, now >= stopDeadline {
                giveUp(0)
                return .end
            }
            let isAsked = stopDeadline != nil || flushes.contains { $0.mark > gone }
            guard isAsked || queue.count >= settings.batchLimit || now >= due else { return sleep(until: due) }
            let batch = Array(queue.prefix(settings.batchLimit))
            queue.removeFirst(batch.count)
            state = .sending(count: batch.count, attempt: 1, since: now, isAborted: false)
            return .send(batch, deadline: requestDeadline(now))
        }
    }

    private func requestDeadline(_ now: Duration) -> Duration {
        min(now + settings.requestTimeout, stopDeadline ?? .seconds(Int64.max / 2))
    }

    private func sleep(until: Duration?) -> Action {
        let times = [until, settings.collectionInterval.map { _ in nextCollection }, flushes.map(\.deadline).min()]
        return .sleep(until: times.compactMap { $0 }.min())
    }

    /// Returns the flushes that are over, and whether all their items were dealt with in time.
    mutating func endedFlushes(at now: Duration) -> [(number: Int, isComplete: Bool)] {
        guard !flushes.isEmpty else { return [] }
        let isEnd = if case .ended = state { true } else { false }
        var ended: [(number: Int, isComplete: Bool)] = []
        for flush in flushes where flush.mark <= gone || isEnd || now >= flush.deadline {
            ended.append((flush.number, flush.mark <= gone))
        }
        flushes.removeAll { flush in ended.contains { $0.number == flush.number } }
        return ended
    }
}

/// The pauses before a batch is sent again, if the collector doesn't give one.
struct RetryPauses: Sendable, Hashable {
    var first: Duration = .seconds(1)
    var factor = 1.5
    var longest: Duration = .seconds(5)

    /// Returns the pause after an attempt. Half of it is random, so that many programs don't retry at the same time.
    func pause(after attempt: Int, random: Double) -> Duration {
        var pause = first / .seconds(1)
        for _ in 1..<max(1, min(attempt, 64)) { pause = min(pause * factor, longest / .seconds(1)) }
        return .seconds(min(pause, longest / .seconds(1)) * (0.5 + 0.5 * random))
    }
}

/// The outcome of the items of one signal.
struct ExportReport: Sendable, Hashable {
    var sent = 0
    /// The number of items for which there was no room.
    var dropped = 0
    /// The number of items that the collector rejected from requests that it otherwise accepted.
    var rejected = 0
    /// The number of items that weren't delivered because the collector was unreachable, was busy for too long, or
    /// refused the request.
    var undelivered = 0
    var retries = 0
    var lastProblem: String?

    var lost: Int { dropped + rejected + undelivered }
}
