/// The connections of a server and their states, as a pure state machine. It keeps clients that connect and send
/// nothing from using up the program's file descriptors.
///
/// A connection either waits for a request, until its last byte has come, or is being answered. Only waiting
/// connections have a time limit, and only they give way to a new one if there are too many.
struct ConnectionTable<ID: Hashable> {
    struct Limits: Sendable {
        var connections: Int
        /// The maximum time from the opening of a connection to the end of its first request.
        var request: Duration
        /// The maximum time from a response to the end of the next request.
        var idle: Duration
    }

    enum Opened: Equatable {
        /// The connection is to be closed if no request has come by then.
        case accepted(until: Duration)
        /// The same, and another connection is to be closed now.
        case instead(of: ID, until: Duration)
        /// The connection is to be closed now, because all others are being answered.
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
        // The connection that has waited longest is the least likely to send a request.
        let waiting = entries.filter { $0.value.deadline != nil }
        guard let oldest = waiting.min(by: { $0.value.since < $1.value.since })?.key else { return .refused }
        entries[oldest] = nil
        entries[id] = Entry(since: now, deadline: deadline)
        return .instead(of: oldest, until: deadline)
    }

    /// Notes that a request has come completely.
    mutating func requested(_ id: ID) { entries[id]?.deadline = nil }

    /// Notes that a request and its response are complete.
    ///
    /// - Returns: the time by which the next request must have come; nil for a connection that is closed.
    mutating func answered(_ id: ID, at now: Duration) -> Duration? {
        guard entries[id] != nil else { return nil }
        entries[id] = Entry(since: now, deadline: now + limits.idle)
        return now + limits.idle
    }

    /// Returns whether the time of a connection is over.
    func isLate(_ id: ID, at now: Duration) -> Bool { entries[id]?.deadline.map { $0 <= now } ?? false }

    mutating func closed(_ id: ID) { entries[id] = nil }
}
