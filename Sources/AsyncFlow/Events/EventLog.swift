/// The events that consumers haven't taken yet, as a pure state machine: one log, and a position in it for each
/// consumer.
///
/// Events are kept in chunks, which are handed on without being copied. What every consumer has taken is forgotten.
struct EventLog {
    private struct Reader {
        let overflow: EventOverflow
        /// The number of the first event that it hasn't taken.
        var position: Int
        /// How many events it has taken and not finished with.
        var pending = 0
        var dropped = 0
        /// Of those, how many it hasn't been told of.
        var untold = 0
        /// When it last did something, or was given something to do.
        var lastMove: Duration
        var isAsleep = false
        /// The number after that of the last event that it gets, if it is to end.
        var end: Int?
    }

    /// What a consumer gets next.
    enum Next {
        case events([[WorkflowEvent]], dropped: Int)
        /// Nothing is there: it will be woken.
        case sleep
        /// Nothing more comes.
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

    /// The number after that of the last event.
    private var end: Int { openStart + open.count }

    // MARK: - Readers

    mutating func add(_ reader: Int, _ overflow: EventOverflow, at now: Duration) {
        readers[reader] = Reader(overflow: overflow, position: end, lastMove: now)
    }

    /// - Returns: how many events were left out for it.
    mutating func remove(_ reader: Int) -> Int {
        let removed = readers.removeValue(forKey: reader)
        forget()
        return removed?.dropped ?? 0
    }

    /// Nothing more comes.
    mutating func finish() { isFinished = true }

    /// The reader gets what is there, and nothing more.
    mutating func end(_ reader: Int) {
        let end = end
        readers[reader]?.end = end
    }

    func droppedCount(of reader: Int) -> Int { readers[reader]?.dropped ?? 0 }

    /// - Returns: a mark behind the last event, for ``hasFinished(_:_:)``; nil if there is no such reader.
    func mark(for reader: Int) -> Int? { readers[reader] == nil ? nil : end }

    /// Whether a reader has finished with all events before a mark.
    func hasFinished(_ reader: Int, _ mark: Int) -> Bool {
        readers[reader].map { $0.position - $0.pending >= mark } ?? true
    }

    // MARK: - Events come

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

    /// - Returns: the readers that sleep although there is something for them.
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

    /// Leaves out what there is no room for.
    ///
    /// - Returns: whether there is a reader that has no room and that is worth waiting for.
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

    /// A reader loses what it hasn't taken.
    private mutating func drop(from number: Int) {
        seal()
        let count = min(end, readers[number]!.end ?? end) - readers[number]!.position
        guard count > 0 else { return }
        readers[number]!.position += count
        readers[number]!.dropped += count
        readers[number]!.untold += count
        forget()
    }

    // MARK: - Events go

    /// A reader takes what there is.
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

    /// A reader has finished with so many events.
    mutating func finished(_ number: Int, _ count: Int, at now: Duration) {
        readers[number]?.pending -= count
        readers[number]?.lastMove = now
    }

    /// Whole chunks, but for those of which only a part is wanted.
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

    /// Forgets what every reader has taken.
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
