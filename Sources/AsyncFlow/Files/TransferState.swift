/// The waiters for one file and the state of its transfer, as a pure state machine: events in, actions out.
///
/// ```
///  idle ──join──▶ fetching ──succeeded──▶ complete
///   ▲  ◀──failed─────┘ └──last one leaves──▶ stopping ──stopped──▶ idle, or fetching if somebody has come
/// ```
struct TransferState<Waiter> {
    typealias Ticket = UInt64
    private enum Phase { case idle, fetching, stopping, complete }
    private var phase: Phase
    private var waiters: [Ticket: Waiter] = [:]
    private var lastTicket: Ticket = 0

    /// - Parameter isComplete: whether the file is there from the beginning.
    init(isComplete: Bool = false) { phase = isComplete ? .complete : .idle }

    enum Joined {
        /// The file is complete.
        case isThere
        /// The waiter is registered. If `begins` is true, the caller has to begin the transfer.
        case waits(Ticket, begins: Bool)
    }

    /// Adds a waiter for the file.
    mutating func join(_ waiter: Waiter) -> Joined {
        if phase == .complete { return .isThere }
        lastTicket += 1
        waiters[lastTicket] = waiter
        guard phase == .idle else { return .waits(lastTicket, begins: false) }
        phase = .fetching
        return .waits(lastTicket, begins: true)
    }

    /// Removes a waiter.
    ///
    /// - Returns: whether the transfer has to be stopped, because nobody waits for the file.
    mutating func leave(_ ticket: Ticket) -> Bool {
        guard waiters.removeValue(forKey: ticket) != nil, waiters.isEmpty, phase == .fetching else { return false }
        phase = .stopping
        return true
    }

    enum Ended {
        /// These waiters have to be notified.
        case tell([Waiter])
        /// A waiter was added while the transfer was being stopped: the caller has to begin again.
        case begin
    }

    mutating func succeeded() -> Ended {
        phase = .complete
        return .tell(takeWaiters())
    }

    /// Notes that the transfer failed or was stopped.
    mutating func failed() -> Ended {
        if phase == .stopping, !waiters.isEmpty {
            phase = .fetching
            return .begin
        }
        phase = .idle
        return .tell(takeWaiters())
    }

    /// The waiter that has waited longest.
    var first: Waiter? { waiters.min { $0.key < $1.key }?.value }

    private mutating func takeWaiters() -> [Waiter] {
        defer { waiters = [:] }
        return waiters.sorted { $0.key < $1.key }.map(\.value)
    }
}
