/// Who has one of a fixed number of slots and who waits for one, as a pure state machine.
///
/// Somebody who finds no free slot draws a ticket first and begins to wait with it a moment later; in between, the ticket
/// may be cancelled, and slots may be given back.
struct SlotQueue<Waiter> {
    typealias Ticket = UInt64

    private enum Place {
        case arriving
        case waiting(Waiter)
        case cancelled
    }
    private var free: Int
    /// Tickets that have neither got a slot nor been told that they are cancelled.
    private var places: [Ticket: Place] = [:]
    /// The tickets of those who wait, in order, from `next` on. Who was cancelled has no place any more.
    private var queue: [Ticket] = []
    private var next = 0
    private var lastTicket: Ticket = 0

    init(count: Int) { free = count }

    /// Takes a slot if one is free.
    ///
    /// - Returns: nil if a slot was taken, else a ticket to wait with.
    mutating func take() -> Ticket? {
        if free > 0 {
            free -= 1
            return nil
        }
        lastTicket += 1
        places[lastTicket] = .arriving
        return lastTicket
    }

    enum Answer: Equatable {
        /// A slot was given back meanwhile: it is taken now.
        case taken
        case cancelled
        /// The waiter is kept; ``giveBack()`` or ``cancel(_:)`` returns it later.
        case waits
    }

    /// Begins to wait with a ticket.
    mutating func wait(_ waiter: Waiter, with ticket: Ticket) -> Answer {
        if case .cancelled? = places[ticket] {
            places[ticket] = nil
            return .cancelled
        }
        if free > 0 {
            free -= 1
            places[ticket] = nil
            return .taken
        }
        places[ticket] = .waiting(waiter)
        queue.append(ticket)
        return .waits
    }

    /// Gives up waiting.
    ///
    /// - Returns: the waiter that has to be told; nil if there is none yet, or none any more.
    mutating func cancel(_ ticket: Ticket) -> Waiter? {
        switch places[ticket] {
        case .arriving:
            places[ticket] = .cancelled
            return nil
        case .waiting(let waiter):
            places[ticket] = nil
            return waiter
        case .cancelled, nil: return nil
        }
    }

    /// Gives a slot back.
    ///
    /// - Returns: the waiter that has it now; nil if nobody waits.
    mutating func giveBack() -> Waiter? {
        while next < queue.count {
            let ticket = queue[next]
            next += 1
            if next > queue.count / 2 {  // gives up the used half: constant cost on average
                queue.removeFirst(next)
                next = 0
            }
            if case .waiting(let waiter)? = places.removeValue(forKey: ticket) { return waiter }
        }
        free += 1
        return nil
    }
}
