import AsyncFlowBase

/// The part of a store that its writing thread shares with the appending threads.
final class StoreCore: Sendable {
    let queue = Lock(CommitQueue())
    let wakeUp = WakeUp()
    let directory: String
    /// The time that the times of records are relative to.
    let base: JournalTime
    private let definitions = Lock<[DefinitionRecord: DefinitionNumber]>([:])

    init(directory: String, base: JournalTime) {
        self.directory = directory
        self.base = base
    }

    /// - Parameter whenSynced: Called when everything up to this record is on disk.
    @inline(__always)
    func append(
        _ bytes: UnsafeRawBufferPointer, _ whenSynced: (@Sendable (JournalError?) -> Void)? = nil
    ) throws(JournalError) {
        while true {
            var room: WakeUp?
            let step = try queue.withLock { queue throws(JournalError) -> CommitQueue.Step in
                if queue.isRefusing { throw queue.failure ?? .closed(directory) }
                let step = queue.append(bytes)
                if case .wait = step {
                    let wakeUp = WakeUp()
                    queue.waitForRoom(wakeUp)
                    room = wakeUp
                    return step
                }
                guard let whenSynced else { return step }
                // Both steps may request a wake-up; one is enough.
                if case .wake = queue.wait(whenSynced) { return .wake }
                return step
            }
            switch step {
            case .done: return
            case .wake: return wakeUp.signal()
            case .wait: room?.wait()
            }
        }
    }

    /// Calls back when everything that was appended before is on disk.
    func sync(_ callback: @escaping @Sendable (JournalError?) -> Void) {
        let step: CommitQueue.Step? = queue.withLock { queue in
            if queue.isRefusing { return nil }
            return queue.wait(callback)
        }
        switch step {
        case nil: callback(queue.withLock { $0.failure } ?? .closed(directory))
        case .wake: wakeUp.signal()
        case .done, .wait: break
        }
    }

    func define(_ definition: DefinitionRecord) -> DefinitionNumber {
        let (number, isNew) = definitions.withLock { definitions in
            if let number = definitions[definition] { return (number, false) }
            let number = DefinitionNumber(UInt32(definitions.count))
            definitions[definition] = number
            return (number, true)
        }
        if isNew {
            // If the store has failed, the first result reports it.
            try? withEncoded(.definition(number, definition), base: base) { bytes throws(JournalError) in
                try append(bytes)
            }
        }
        return number
    }

    /// The definitions so far, for the start of a segment.
    var definitionRecords: [JournalRecord] {
        definitions.withLock { $0 }.sorted { $0.value.value < $1.value.value }.map { .definition($0.value, $0.key) }
    }

    var isRefusing: Bool { queue.withLock { $0.isRefusing } }
    var failure: JournalError? { queue.withLock { $0.failure } }

    /// Makes the thread write the remaining records and end.
    func close() {
        queue.withLock { $0.isClosing = true }
        wakeUp.signal()
    }

    /// Refuses all later records, and calls the waiting callers back with the error.
    ///
    /// - Returns: Whether this is the first failure.
    @discardableResult
    func fail(_ error: JournalError) -> Bool {
        let isFirst = queue.withLock { $0.failure == nil }
        let (waiters, threads) = queue.withLock { $0.fail(error) }
        for thread in threads { thread.signal() }
        for waiter in waiters { waiter.callback(error) }
        return isFirst
    }
}

/// The thread that writes and syncs the records of all callers in groups.
struct CommitThread: ~Copyable {
    let core: StoreCore
    let lock: JournalLock
    let durability: JournalDurability
    let whenFailed: @Sendable (JournalError) -> Void
    private var writer: SegmentWriter
    private var syncDue: ContinuousClock.Instant?
    private var beatDue = ContinuousClock.now + JournalLock.beatInterval
    private var checkDue = ContinuousClock.now
    private var hasFailed = false

    /// The time for which the thread waits for more records, in microseconds.
    private static let nap = 5000

    init(
        _ core: StoreCore, _ lock: JournalLock, _ durability: JournalDurability, _ writer: consuming SegmentWriter,
        whenFailed: @escaping @Sendable (JournalError) -> Void
    ) {
        self.core = core
        self.lock = lock
        self.durability = durability
        self.writer = writer
        self.whenFailed = whenFailed
    }

    /// Runs until the store is closed, and all records are written and synced.
    mutating func run() {
        while true {
            sleep()
            nap()
            let (batches, isWished, isClosing) = core.queue.withLock { queue in
                (queue.take(), queue.takeWish(), queue.isClosing)
            }
            if !hasFailed {
                do throws(JournalError) { try commit(batches, isWished: isWished || isClosing) } catch { fail(error) }
            }
            beatIfDue()
            if isClosing { return end() }
        }
    }

    /// Waits until there is work.
    private mutating func sleep() {
        let now = ContinuousClock.now
        if let syncDue, syncDue <= now { return }
        let isIdle = core.queue.withLock { queue in
            guard queue.isEmpty, !queue.syncIsWished, !queue.isClosing else { return false }
            queue.thread = .sleeping
            return true
        }
        guard isIdle else { return }
        let until = min(beatDue, syncDue ?? beatDue)
        _ = core.wakeUp.wait(microseconds: Int(max(0, (until - now).inSeconds * 1e6)))
        core.queue.withLock { $0.thread = .busy }
    }

    /// Waits briefly for more records, unless a caller waits for those that are there.
    private func nap() {
        let naps = core.queue.withLock { queue in
            guard queue.hasCompanyToCome else { return false }
            queue.thread = .napping
            return true
        }
        guard naps else { return }
        _ = core.wakeUp.wait(microseconds: Self.nap)
        core.queue.withLock { $0.thread = .busy }
    }

    private mutating func commit(_ batches: [Batch], isWished: Bool) throws(JournalError) {
        do throws(SystemError) {
            for batch in batches {
                try writer.write(batch)
                for thread in core.queue.withLock({ $0.giveBack(batch) }) { thread.signal() }
                if writer.needsSync { try sync() }
                // A slow disk must not delay the signs of life too long.
                beatIfDue()
            }
            let now = ContinuousClock.now
            if !batches.isEmpty, syncDue == nil { syncDue = interval.map { now + $0 } }
            let isDue = syncDue.map { $0 <= now } ?? false
            if isWished || isDue { try sync() }
        } catch {
            if error.code == Self.takenOver { try lock.check() }
            throw .writing(
                core.directory, error, "; \(writer.synced) records of this run are on disk, and stay usable")
        }
    }

    private mutating func sync() throws(SystemError) {
        if checkDue <= .now {
            checkDue = .now + .seconds(1)
            do throws(JournalError) { try lock.check() } catch { throw SystemError(code: Self.takenOver) }
        }
        try writer.sync()
        syncDue = nil
        let waiters = core.queue.withLock { $0.takeWaiters(upTo: writer.synced) }
        for waiter in waiters { waiter.callback(nil) }
    }

    /// The code that represents the loss of the lock among the system's errors.
    private static let takenOver: CInt = -1

    /// The time between automatic syncs; nil for none.
    private var interval: Duration? {
        switch durability.level {
        case .process: nil
        case .background(let interval): interval
        case .everyResult: .seconds(1)
        }
    }

    private mutating func beatIfDue() {
        guard beatDue <= .now else { return }
        beatDue = .now + JournalLock.beatInterval
        lock.beat()
    }

    private mutating func fail(_ error: JournalError) {
        hasFailed = true
        syncDue = nil
        if core.fail(error) { whenFailed(error) }
    }

    private mutating func end() {
        if !hasFailed {
            do throws(SystemError) { try writer.end() } catch { fail(.writing(core.directory, error)) }
        }
        lock.release()
        // Later appends are refused; no caller waits any longer.
        core.fail(.closed(core.directory))
    }
}
