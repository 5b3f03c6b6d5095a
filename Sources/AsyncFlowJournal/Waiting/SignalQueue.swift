/// The open waits for signals, and messages that came before their wait. Pure.
///
/// The n-th message for a name goes to its n-th wait: both queue in their order.
struct SignalQueue: Sendable {
    /// A message that isn't in a file.
    struct Message: Sendable, Equatable {
        var id: ShortDigest
        var payload: [UInt8]
    }

    private var waits: [String: [(number: UInt64, order: UInt64)]] = [:]
    private var messages: [String: [Message]] = [:]
    private var messageCount = 0
    private var lastNumber: UInt64 = 0

    /// More messages than these aren't kept in memory.
    static let maximumMessages = 10_000

    /// The names that somebody waits for.
    var names: Set<String> { Set(waits.keys) }

    /// - Parameter order: the wait's place among those that are open, its task's number: of tasks that were called one
    ///   after the other the first may begin last.
    /// - Returns: the wait's number.
    mutating func open(_ name: String, order: UInt64) -> UInt64 {
        lastNumber += 1
        var open = waits[name] ?? []
        open.insert((lastNumber, order), at: open.firstIndex { $0.order > order } ?? open.endIndex)
        waits[name] = open
        return lastNumber
    }

    mutating func close(_ number: UInt64, _ name: String) {
        guard var open = waits[name] else { return }
        open.removeAll { $0.number == number }
        waits[name] = open.isEmpty ? nil : open
    }

    /// The wait that the next message for a name belongs to.
    func first(_ name: String) -> UInt64? { waits[name]?.first?.number }

    /// Keeps a message until somebody waits for it.
    ///
    /// - Returns: false if there are too many.
    mutating func keep(_ message: Message, for name: String) -> Bool {
        guard messageCount < Self.maximumMessages else { return false }
        messageCount += 1
        messages[name, default: []].append(message)
        return true
    }

    mutating func takeMessage(for name: String) -> Message? {
        guard var kept = messages[name], !kept.isEmpty else { return nil }
        let message = kept.removeFirst()
        messages[name] = kept.isEmpty ? nil : kept
        messageCount -= 1
        return message
    }
}

/// The identities of the last messages, to know one that comes twice.
struct SeenMessages: Sendable {
    private var known: Set<ShortDigest> = []
    private var order: [ShortDigest] = []
    private var next = 0
    private static let capacity = 10_000

    func contains(_ message: ShortDigest) -> Bool { known.contains(message) }

    mutating func insert(_ message: ShortDigest) {
        guard known.insert(message).inserted else { return }
        guard order.count >= Self.capacity else { return order.append(message) }
        known.remove(order[next])
        order[next] = message
        next = (next + 1) % Self.capacity
    }
}
