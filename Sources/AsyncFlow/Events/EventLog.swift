/// The events that consumers haven't taken yet, as a pure state machine: one log, with a position in it for each
/// consumer.
///
/// Events are kept in chunks, which are passed on without being copied. Events that every consumer has taken are
/// discarded.
struct EventLog {
    private struct Reader {
        let overflow: EventOverflow
        /// The number of the first event that the reader hasn't taken.
        var position: Int
        /// The number of events that it has taken but not finished with.
        var pending = 0
        var dropped = 0
        /// The number of dropped events that it hasn't been notified of.
        var untold = 0
        /// The time at which it last made progress or was given something to do.
        var lastMove: Duration
        var isAsleep = false
        /// The end of the events that it still gets, if it is to end.
        var end: Int?
    }

    /// The next thing that a consumer gets.
    enum Next {
        case events([[WorkflowEvent]], dropped: Int)
        /// There is nothing yet: the consumer will be woken.
        case sleep
        /// There will be nothing more.
        case end
    }

    static let chunkSize = 1024

    private var chunks: [[WorkflowEvent]] = []
    /// The number of the first event of the first chunk.
    private var first = 0
    private var open: [WorkflowEvent] = []
    /// The number of the first event in the open chunk.
    private var openStart = 0
    private var readers: [Int: Reader] = [:]
    private var isFinished = false

    /// The number that the next event will get.
    private var end: Int { openStart + open.count }

    // MARK: - Readers

    mutating func add(_ reader: Int, _ overflow: EventOverflow, at now: Duration) {
        readers[reader] = Reader(overflow: overflow, position: end, lastMove: now)
    }

    /// Removes a reader.
    ///
    /// - Returns: the number of events that were dropped for it.
    mutating func remove(_ reader: Int) -> Int {
        let removed = readers.removeValue(forKey: reader)
        forget()
        return removed?.dropped ?? 0
    }

    /// Notes that no more events will come.
    mutating func finish() { isFinished = true }

    /// Makes a reader end after the events that are there.
    mutating func end(_ reader: Int) {
        let end = end
        readers[reader]?.end = end
    }

    func droppedCount(of reader: Int) -> Int { readers[reader]?.dropped ?? 0 }

    /// - Returns: a mark after the last event, for ``hasFinished(_:_:)``; nil if there is no such reader.
    func mark(for reader: Int) -> Int? { readers[reader] == nil ? nil : end }

    /// Whether a reader has finished with all events before a mark.
    func hasFinished(_ reader: Int, _ mark: Int) -> Bool {
        readers[reader].map { $0.position - $0.pending >= mark } ?? true
    }

    // MARK: - Adding events

    /// Adds an event.
    ///
    /// - Returns: whether it is time for ``wake(at:)`` and ``mustWait(at:)``.
    @inline(__always)
    mutating func append(_ event: WorkflowEvent) -> Bool {
        open.append(event)
        if open.count < Self.chunkSize { return open.count == 1 }
        seal()
        return true
    }

    private mutating func seal() {
        guard !open.isEmpty else { return }
        openStart += open.count
        if readers.isEmpty {
            first = openStart
            open.removeAll(keepingCapacity: true)
        } else {
            chunks.append(open)
            open = []
            open.reserveCapacity(Self.chunkSize)
        }
    }

    /// Wakes the sleeping readers for which there is something.
    ///
    /// - Returns: their numbers.
    mutating func wake(at now: Duration) -> [Int] {
        var woken: [Int] = []
        for (number, reader) in readers
        where reader.isAsleep && (reader.position < end || isFinished || reader.end != nil) {
            readers[number]!.isAsleep = false
            readers[number]!.lastMove = now
            woken.append(number)
        }
        return woken
    }

    /// Drops the events for which there is no room.
    ///
    /// - Returns: whether there is a reader without room that is worth waiting for.
    mutating func mustWait(at now: Duration) -> Bool {
        var mustWait = false
        for (number, reader) in readers where end - reader.position + reader.pending > reader.overflow.limit {
            if reader.end == nil, now - reader.lastMove < reader.overflow.patience {
                mustWait = true
            } else {
                drop(from: number)
            }
        }
        return mustWait
    }

    /// Drops the events that a reader hasn't taken.
    private mutating func drop(from number: Int) {
        seal()
        let count = min(end, readers[number]!.end ?? end) - readers[number]!.position
        guard count > 0 else { return }
        readers[number]!.position += count
        readers[number]!.dropped += count
        readers[number]!.untold += count
        forget()
    }

    // MARK: - Taking events

    /// Takes all events that there are for a reader.
    mutating func take(_ number: Int, at now: Duration) -> Next {
        guard var reader = readers[number] else { return .end }
        reader.lastMove = now
        reader.isAsleep = false
        let dropped = reader.untold
        reader.untold = 0
        let end = min(end, reader.end ?? end)
        guard reader.position < end || dropped > 0 else {
            let isOver = isFinished || reader.end != nil
            reader.isAsleep = !isOver
            readers[number] = reader
            return isOver ? .end : .sleep
        }
        seal()
        let taken = chunks(from: reader.position, to: end)
        reader.pending = end - reader.position
        reader.position = end
        readers[number] = reader
        forget()
        return .events(taken, dropped: dropped)
    }

    /// Notes that a reader has finished with a number of events.
    mutating func finished(_ number: Int, _ count: Int, at now: Duration) {
        readers[number]?.pending -= count
        readers[number]?.lastMove = now
    }

    /// Returns the events in a range: whole chunks, except where only a part is needed.
    private func chunks(from start: Int, to end: Int) -> [[WorkflowEvent]] {
        var result: [[WorkflowEvent]] = []
        var number = first
        for chunk in chunks {
            let (from, to) = (max(start, number), min(end, number + chunk.count))
            if from < to {
                result.append(to - from == chunk.count ? chunk : Array(chunk[(from - number)..<(to - number)]))
            }
            number += chunk.count
        }
        return result
    }

    /// Discards the events that every reader has taken.
    private mutating func forget() {
        let needed = readers.values.map(\.position).min() ?? openStart
        var count = 0
        while count < chunks.count, first + chunks[count].count <= needed {
            first += chunks[count].count
            count += 1
        }
        chunks.removeFirst(count)
    }
}
