import AsyncFlowBase

/// The records on their way to the disk: the batch that is being filled, the batches that wait to be written, and the
/// callers that wait for space or for a sync. It is accessed only under the store's lock.
struct CommitQueue: ~Copyable {
    /// The next step of an appending thread after it has released the lock.
    enum Step {
        case done
        case wake
        /// Too many bytes wait to be written: wait for space, and try again.
        case wait
    }
    struct Waiter {
        var number: UInt64
        var callback: @Sendable (JournalError?) -> Void
    }

    /// The maximum number of bytes that wait to be written.
    static let maximumBytes = 64 << 20

    private(set) var filling = Batch()
    private(set) var full: [Batch] = []
    private var spare: [Batch] = []
    /// The number of bytes of full batches and of those that are being written.
    private(set) var bytes = 0
    private(set) var waiters: [Waiter] = []
    private var roomWaiters: [WakeUp] = []
    private(set) var syncIsWished = false
    var isClosing = false { didSet { isRefusing = isRefusing || isClosing } }
    /// Whether records are refused, because the store has failed or is closed.
    private(set) var isRefusing = false
    private(set) var failure: JournalError?
    /// The state of the writing thread, which decides whether a record has to wake it.
    var thread = ThreadState.busy

    enum ThreadState {
        case busy
        /// The thread waits for the first record.
        case sleeping
        /// The thread waits briefly for more records.
        case napping
    }

    var nextNumber: UInt64 { filling.endNumber }
    var isEmpty: Bool { filling.isEmpty && full.isEmpty }

    /// Whether the writing thread should wait for more records, because there are few and no caller waits for them.
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
            // The empty batch is too small for a large record.
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

    /// Registers a caller that waits until all appended records are synced.
    mutating func wait(_ callback: @escaping @Sendable (JournalError?) -> Void) -> Step {
        waiters.append(Waiter(number: nextNumber, callback: callback))
        syncIsWished = true
        defer { thread = .busy }
        return thread == .busy ? .done : .wake
    }

    mutating func waitForRoom(_ wakeUp: WakeUp) { roomWaiters.append(wakeUp) }

    /// Takes out all batches that are to be written now.
    mutating func take() -> [Batch] {
        if !filling.isEmpty { turnOver() }
        defer { full = [] }
        return full
    }

    /// Takes out the request for a sync; later requests are for another sync.
    mutating func takeWish() -> Bool {
        defer { syncIsWished = false }
        return syncIsWished
    }

    /// Takes back a batch that has been written.
    ///
    /// - Returns: The threads that have to be woken.
    mutating func giveBack(_ batch: Batch) -> [WakeUp] {
        bytes = max(0, bytes - batch.capacity)
        if batch.capacity == Batch.capacity, spare.count < 8 { spare.append(batch) }
        return bytes <= Self.maximumBytes ? takeRoomWaiters() : []
    }

    /// Takes out the callers that wait for records before a number.
    mutating func takeWaiters(upTo number: UInt64) -> [Waiter] {
        let count = waiters.firstIndex { $0.number > number } ?? waiters.count
        defer { waiters.removeFirst(count) }
        return Array(waiters[..<count])
    }

    /// Takes out all waiting callers and threads, because the store has failed or is closed.
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
