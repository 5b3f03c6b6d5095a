import AsyncFlowBase

/// The decisions of a download, as a pure state machine: what to request next, and what to do with responses.
///
/// A download whose connection broke continues where it stopped if the server named the version of the file and sends
/// the same one again; otherwise it starts again. Failures are counted only while nothing new comes, so a long download
/// may break any number of times.
struct Download {
    /// The settings for retries.
    struct Patience {
        /// The number of retries after failures in a row with nothing new received in between.
        var retries: Int
        /// The delay before the first retry; doubled for each further one, up to `longestDelay`.
        var firstDelay: Duration
        var longestDelay: Duration
    }

    /// The head of a server's response.
    struct Answer: Equatable {
        var status: Int
        /// The value of `Content-Length`, not negative.
        var contentLength: Int64?
        var contentRange: ContentRange?
        /// The strong `ETag`, or else `Last-Modified`; nil if there is neither, or the server doesn't support ranges.
        var version: String?
        var retryAfter: Duration?
    }

    enum Action: Equatable {
        /// The body is the file from this byte on; the partial file is to be cut there.
        case receive(from: Int64)
        /// The file is complete.
        case complete
        /// Send the request again after a pause.
        case again(after: Duration)
        case fail(Failure)
    }

    enum Failure: Equatable {
        case status(Int, retryAfter: Duration?)
        /// The connection broke each time, or couldn't be opened.
        case connection
        case truncated(received: Int64, total: Int64)
        /// The file is, or would be, larger than the limit; `total` is its size, if the server says.
        case tooLarge(total: Int64?)
    }

    private let patience: Patience
    /// The maximum size of the file in bytes.
    let limit: Int64
    /// The number of bytes received so far.
    private(set) var offset: Int64
    /// The version of the file that those bytes are of.
    private(set) var version: String?
    private(set) var total: Int64?
    /// Whether the bytes came in more than one response.
    private(set) var isPieced: Bool
    private var furthest: Int64
    private var failures = 0

    /// - Parameters:
    ///   - offset: the number of bytes that an earlier download has left.
    ///   - version: the version that those bytes are of; if nil, they are discarded.
    ///   - limit: the maximum size of the file in bytes.
    init(_ patience: Patience, offset: Int64 = 0, version: String? = nil, limit: Int64 = .max) {
        self.patience = patience
        self.limit = limit
        self.offset = version == nil ? 0 : offset
        self.version = version
        furthest = self.offset
        isPieced = self.offset > 0
    }

    /// The first byte to request, on the condition that the file still has this version; nil for the whole file.
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
            // A longer wait is reported as an error, so that the user learns of it.
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

    /// Returns the action for bytes that have come and aren't written yet; nil to write them.
    mutating func willReceive(_ count: Int) -> Action? {
        let end = offset.addingSaturated(Int64(count))
        if end > limit { return .fail(.tooLarge(total: total)) }
        // A server that sends more than it announced sends something else.
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

    /// Handles a body that ended as the protocol requires.
    mutating func bodyEnded() -> Action {
        guard let total, offset != total else { return .complete }
        return again(or: .truncated(received: offset, total: total))
    }

    /// Handles a connection that couldn't be opened, or broke.
    mutating func broke() -> Action {
        if let total, offset > 0, offset < total { return again(or: .truncated(received: offset, total: total)) }
        return again(or: .connection)
    }

    /// Handles a file with the wrong checksum.
    ///
    /// - Returns: whether to fetch the whole file once more, because it was assembled from several pieces.
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

    /// Starts again, because the server doesn't continue where it should.
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
    /// The first byte; nil if no range was sent.
    var start: Int64?
    var total: Int64?

    /// - Returns: nil if the text isn't such a value, or its numbers contradict each other.
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

    /// Returns a number of digits only, because `Int64` also accepts signs.
    private static func number(_ text: Substring) -> Int64? {
        text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int64(text) : nil
    }
}
