/// The free places of a semaphore and the queue of those waiting for one, as a pure state machine.
///
/// A caller that finds no free place draws a ticket first and begins to wait with it a moment later. In between, the
/// ticket may be cancelled, and places may be given back.
package struct SemaphoreQueue<Waiter> {
    package typealias Ticket = UInt64

    private enum Place {
        case arriving
        case waiting(Waiter)
        case cancelled
    }
    private var free: Int
    /// Tickets that have neither got a place nor been reported as cancelled.
    private var places: [Ticket: Place] = [:]
    /// The tickets of the waiting callers, in order, starting at `next`. Cancelled ones are no longer in `places`.
    private var queue: [Ticket] = []
    private var next = 0
    private var lastTicket: Ticket = 0

    package init(count: Int) { free = count }

    /// Takes a place if one is free.
    ///
    /// - Returns: nil if a place was taken; otherwise a ticket to wait with.
    package mutating func take() -> Ticket? {
        if free > 0 {
            free -= 1
            return nil
        }
        lastTicket += 1
        places[lastTicket] = .arriving
        return lastTicket
    }

    package enum Answer: Equatable {
        /// A place was given back in the meantime, and is now taken.
        case taken
        case cancelled
        /// The waiter is kept; ``giveBack()`` or ``cancel(_:)`` returns it later.
        case waits
    }

    /// Begins to wait with a ticket.
    package mutating func wait(_ waiter: Waiter, with ticket: Ticket) -> Answer {
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
    /// - Returns: the waiter that has to be notified; nil if there is none yet, or none remains.
    package mutating func cancel(_ ticket: Ticket) -> Waiter? {
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

    /// Gives a place back.
    ///
    /// - Returns: the waiter that now has it; nil if nobody waits.
    package mutating func giveBack() -> Waiter? {
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
