/// The connections of a server and what each is doing, as a pure state machine: no client keeps the program from
/// opening files by connecting and saying nothing.
///
/// A connection waits for a request, from its first byte to its last, or is answered. Only those that wait have a time
/// limit, and only they have to give way to a new one when there are too many.
struct ConnectionTable<ID: Hashable> {
    struct Limits: Sendable {
        var connections: Int
        /// The longest time from a connection's beginning until its first request has come.
        var request: Duration
        /// The longest time from an answer until the next request has come.
        var idle: Duration
    }

    enum Opened: Equatable {
        /// To be closed if no request has come by then.
        case accepted(until: Duration)
        /// The same, and another one is to be closed now.
        case instead(of: ID, until: Duration)
        /// To be closed now: all others are being answered.
        case refused
    }

    private struct Entry {
        var since: Duration
        /// Nil while the connection is being answered.
        var deadline: Duration?
    }
    private let limits: Limits
    private var entries: [ID: Entry] = [:]

    init(_ limits: Limits) { self.limits = limits }

    var count: Int { entries.count }

    mutating func opened(_ id: ID, at now: Duration) -> Opened {
        let deadline = now + limits.request
        guard entries.count >= limits.connections else {
            entries[id] = Entry(since: now, deadline: deadline)
            return .accepted(until: deadline)
        }
        // The one that has waited longest is the least likely to ask for something.
        let waiting = entries.filter { $0.value.deadline != nil }
        guard let oldest = waiting.min(by: { $0.value.since < $1.value.since })?.key else { return .refused }
        entries[oldest] = nil
        entries[id] = Entry(since: now, deadline: deadline)
        return .instead(of: oldest, until: deadline)
    }

    /// A request has come as a whole.
    mutating func requested(_ id: ID) { entries[id]?.deadline = nil }

    /// Request and answer are over.
    ///
    /// - Returns: the time by which the next request has to be there; nil for a connection that is closed.
    mutating func answered(_ id: ID, at now: Duration) -> Duration? {
        guard entries[id] != nil else { return nil }
        entries[id] = Entry(since: now, deadline: now + limits.idle)
        return now + limits.idle
    }

    /// Whether the time of a connection is over.
    func isLate(_ id: ID, at now: Duration) -> Bool { entries[id]?.deadline.map { $0 <= now } ?? false }

    mutating func closed(_ id: ID) { entries[id] = nil }
}
