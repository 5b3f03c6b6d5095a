/// The requests of the last minute, and the tokens that they take together.
struct SentRequests: Sendable {
    private struct Entry {
        let id: Int
        let time: Double
        var tokens: Int
    }

    private var entries: [Entry] = []
    /// The number of requests at the front that are older than the window.
    private var gone = 0
    /// The place of each request in ``entries``, counted from the first one ever.
    private var positions: [Int: Int] = [:]
    private var removedEver = 0
    private(set) var tokens = 0

    var count: Int { entries.count - gone }
    var oldest: Double? { gone < entries.count ? entries[gone].time : nil }

    mutating func append(_ id: Int, tokens count: Int, at time: Double) {
        positions[id] = removedEver + entries.count
        entries.append(Entry(id: id, time: time, tokens: count))
        tokens += count
    }

    /// - Parameter count: the tokens that the request actually took.
    mutating func correct(_ id: Int, tokens count: Int) {
        guard let position = positions[id] else { return }
        let index = position - removedEver
        tokens += count - entries[index].tokens
        entries[index].tokens = count
    }

    mutating func forget(until time: Double) {
        while gone < entries.count, entries[gone].time <= time {
            tokens -= entries[gone].tokens
            positions[entries[gone].id] = nil
            gone += 1
        }
        if gone > 64, gone * 2 > entries.count {
            entries.removeFirst(gone)
            removedEver += gone
            gone = 0
        }
    }
}
