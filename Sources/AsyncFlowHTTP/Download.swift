import AsyncFlowBase

/// What to ask a server for next, and what to make of its answers, as a pure state machine.
///
/// A download whose connection broke goes on where it stopped if the server has said which version of the file it sends
/// and sends the same one again; otherwise it begins anew. Failures are counted only as long as nothing new comes: a
/// long download may break any number of times.
struct Download {
    /// How often and how long to wait.
    struct Patience {
        /// How many failures in a row, with nothing new received in between, may be tried again.
        var retries: Int
        /// Before the first retry; doubled for each further one, up to `longestDelay`.
        var firstDelay: Duration
        var longestDelay: Duration
    }

    /// What a server says before the file's bytes.
    struct Answer: Equatable {
        var status: Int
        /// Not negative.
        var contentLength: Int64?
        var contentRange: ContentRange?
        /// The strong `ETag`, or else `Last-Modified`; nil if there is neither, or the server sends no ranges.
        var version: String?
        var retryAfter: Duration?
    }

    enum Action: Equatable {
        /// The body is the file from this byte on; what the file has after that is to be cut off.
        case receive(from: Int64)
        /// Everything is there.
        case complete
        /// Ask again, after a pause.
        case again(after: Duration)
        case fail(Failure)
    }

    enum Failure: Equatable {
        case status(Int, retryAfter: Duration?)
        /// The connection broke each time, or couldn't be made.
        case connection
        case truncated(received: Int64, total: Int64)
        /// The file is, or would be, larger than it may be; `total` is its size, if the server says that.
        case tooLarge(total: Int64?)
    }

    private let patience: Patience
    /// The number of bytes that the file may have.
    let limit: Int64
    /// How many bytes there are.
    private(set) var offset: Int64
    /// Which version of the file those are of.
    private(set) var version: String?
    private(set) var total: Int64?
    /// Whether the bytes came in more than one answer.
    private(set) var isPieced: Bool
    private var furthest: Int64
    private var failures = 0

    /// - Parameters:
    ///   - offset: how many bytes an earlier download has left.
    ///   - version: which version those are of; if nil, they are of no use.
    ///   - limit: the number of bytes that the file may have.
    init(_ patience: Patience, offset: Int64 = 0, version: String? = nil, limit: Int64 = .max) {
        self.patience = patience
        self.limit = limit
        self.offset = version == nil ? 0 : offset
        self.version = version
        furthest = self.offset
        isPieced = self.offset > 0
    }

    /// The first byte to ask for, on condition that the file is still of this version; nil for the whole file.
    var range: (start: Int64, version: String)? {
        guard offset > 0, let version else { return nil }
        return (offset, version)
    }

    mutating func answered(_ answer: Answer) -> Action {
        switch answer.status {
        case 200, 203:
            begin(answer.version)
            return receive(total: answer.contentLength)
        case 206 where range != nil:
            guard let part = answer.contentRange, part.start == offset, answer.version ?? version == version else {
                return restart()
            }
            isPieced = true
            return receive(total: part.total ?? answer.contentLength.map { offset.addingSaturated($0) })
        case 416 where range != nil:
            if answer.contentRange?.total == offset {
                total = offset
                return .complete
            }
            return restart()
        case 408, 425, 429, 500, 502, 503, 504:
            let failure = Failure.status(answer.status, retryAfter: answer.retryAfter)
            // Whoever is asked to wait for longer than that wants to know it.
            if let wait = answer.retryAfter, wait > patience.longestDelay { return .fail(failure) }
            return again(or: failure, after: answer.retryAfter)
        default: return .fail(.status(answer.status, retryAfter: nil))
        }
    }

    private mutating func receive(total newTotal: Int64?) -> Action {
        total = newTotal
        if let newTotal, newTotal > limit { return .fail(.tooLarge(total: newTotal)) }
        return .receive(from: offset)
    }

    /// What to do about bytes that have come and aren't written yet; nil to write them.
    mutating func willReceive(_ count: Int) -> Action? {
        let end = offset.addingSaturated(Int64(count))
        if end > limit { return .fail(.tooLarge(total: total)) }
        // A server that sends more than it said sends something else.
        if let total, end > total { return restart() }
        return nil
    }

    mutating func received(_ count: Int) {
        offset = offset.addingSaturated(Int64(count))
        if offset > furthest {
            furthest = offset
            failures = 0
        }
    }

    /// The body ended as it should by the protocol.
    mutating func bodyEnded() -> Action {
        guard let total, offset != total else { return .complete }
        return again(or: .truncated(received: offset, total: total))
    }

    /// The connection couldn't be made, or broke.
    mutating func broke() -> Action {
        if let total, offset > 0, offset < total { return again(or: .truncated(received: offset, total: total)) }
        return again(or: .connection)
    }

    /// The file isn't what it should be.
    ///
    /// - Returns: whether to fetch it as a whole once more: it was put together of several pieces.
    mutating func mismatched() -> Bool {
        guard isPieced else { return false }
        begin(nil)
        return true
    }

    private mutating func begin(_ newVersion: String?) {
        offset = 0
        version = newVersion
        total = nil
        isPieced = false
    }

    /// The server doesn't go on where it should.
    private mutating func restart() -> Action {
        begin(nil)
        return again(or: .connection, after: .zero)
    }

    private mutating func again(or failure: Failure, after delay: Duration? = nil) -> Action {
        guard failures < patience.retries else { return .fail(failure) }
        failures += 1
        var pause = patience.firstDelay
        for _ in 1..<failures where pause < patience.longestDelay { pause *= 2 }
        return .again(after: delay ?? min(pause, patience.longestDelay))
    }
}

/// The value of a `Content-Range` header: `bytes 100-199/1000`, `bytes 100-199/*`, `bytes */1000`.
struct ContentRange: Equatable {
    /// Nil if no range was sent.
    var start: Int64?
    var total: Int64?

    /// - Returns: nil if the text is none, or one whose numbers contradict each other.
    init?(_ text: String) {
        let words = text.split(separator: " ")
        guard words.count == 2, words[0].lowercased() == "bytes" else { return nil }
        let parts = words[1].split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        total = Self.number(parts[1])
        if total == nil, parts[1] != "*" { return nil }
        if parts[0] == "*" { return }
        let ends = parts[0].split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, let first = Self.number(ends[0]), let last = Self.number(ends[1]), first <= last,
            total.map({ last < $0 }) ?? true
        else { return nil }
        start = first
    }

    /// Digits only: `Int64` takes signs, too.
    private static func number(_ text: Substring) -> Int64? {
        text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int64(text) : nil
    }
}
