import AsyncFlowBase

/// Records on their way to the disk: the batch that is being filled, those that wait to be written, and the callers
/// that wait for room or for a sync. Touched under the store's lock only.
struct CommitQueue: ~Copyable {
    /// What an appending thread has to do after it has let go of the lock.
    enum Step {
        case done
        case wake
        /// Too much waits to be written: wait for room, and try again.
        case wait
    }
    struct Waiter {
        var number: UInt64
        var callback: @Sendable (JournalError?) -> Void
    }

    /// The bytes that may wait to be written.
    static let maximumBytes = 64 << 20

    private(set) var filling = Batch()
    private(set) var full: [Batch] = []
    private var spare: [Batch] = []
    /// The bytes of full batches and of those that are being written.
    private(set) var bytes = 0
    private(set) var waiters: [Waiter] = []
    private var roomWaiters: [WakeUp] = []
    private(set) var syncIsWished = false
    var isClosing = false { didSet { isRefusing = isRefusing || isClosing } }
    /// Whether nothing is taken any more: the store has failed, or is closed.
    private(set) var isRefusing = false
    private(set) var failure: JournalError?
    /// Whether the writing thread has to be woken for the first record, or for something urgent.
    var thread = ThreadState.busy

    enum ThreadState {
        case busy
        /// Waits for anything.
        case sleeping
        /// Waits for more of what has begun to come.
        case napping
    }

    var nextNumber: UInt64 { filling.endNumber }
    var isEmpty: Bool { filling.isEmpty && full.isEmpty }

    /// Whether the writing thread does well to wait for more: little is there, and nobody waits for it.
    var hasCompanyToCome: Bool {
        !filling.isEmpty && full.isEmpty && !syncIsWished && !isClosing && filling.length * 2 < filling.capacity
    }

    @inline(__always)
    mutating func append(_ record: UnsafeRawBufferPointer) -> Step {
        if !filling.hasRoom(for: record.count) {
            if bytes > Self.maximumBytes { return .wait }
            turnOver(roomFor: record.count)
        }
        filling.append(record)
        switch thread {
        case .busy: return .done
        case .sleeping: break
        case .napping: if filling.length * 2 < filling.capacity && full.isEmpty { return .done }
        }
        thread = .busy
        return .wake
    }

    private mutating func turnOver(roomFor count: Int = 0) {
        let next = nextNumber
        if filling.isEmpty {
            // Too small for a large record.
        } else {
            bytes += filling.capacity
            full.append(filling)
        }
        if count > Batch.capacity {
            filling = Batch(capacity: count)
        } else {
            filling = spare.popLast() ?? Batch()
        }
        filling.reset(firstNumber: next)
    }

    /// Registers a caller that waits until all that was appended is synced.
    mutating func wait(_ callback: @escaping @Sendable (JournalError?) -> Void) -> Step {
        waiters.append(Waiter(number: nextNumber, callback: callback))
        syncIsWished = true
        defer { thread = .busy }
        return thread == .busy ? .done : .wake
    }

    mutating func waitForRoom(_ wakeUp: WakeUp) { roomWaiters.append(wakeUp) }

    /// Everything that is to be written now.
    mutating func take() -> [Batch] {
        if !filling.isEmpty { turnOver() }
        defer { full = [] }
        return full
    }

    /// Takes the wish for a sync; what is wished from now on is another one.
    mutating func takeWish() -> Bool {
        defer { syncIsWished = false }
        return syncIsWished
    }

    /// Takes a batch back that is written.
    ///
    /// - Returns: Threads that have to be woken.
    mutating func giveBack(_ batch: Batch) -> [WakeUp] {
        bytes = max(0, bytes - batch.capacity)
        if batch.capacity == Batch.capacity, spare.count < 8 { spare.append(batch) }
        return bytes <= Self.maximumBytes ? takeRoomWaiters() : []
    }

    /// Takes the callers out that wait for records before a number.
    mutating func takeWaiters(upTo number: UInt64) -> [Waiter] {
        let count = waiters.firstIndex { $0.number > number } ?? waiters.count
        defer { waiters.removeFirst(count) }
        return Array(waiters[..<count])
    }

    /// Takes everybody out that waits: the store has failed or is closed.
    mutating func fail(_ error: JournalError) -> (waiters: [Waiter], threads: [WakeUp]) {
        failure = failure ?? error
        isRefusing = true
        full = []
        bytes = 0
        filling.reset(firstNumber: nextNumber)
        defer { waiters = [] }
        return (waiters, takeRoomWaiters())
    }

    private mutating func takeRoomWaiters() -> [WakeUp] {
        defer { roomWaiters = [] }
        return roomWaiters
    }
}
