import AsyncFlowBase

/// Fetches files that URLs of certain schemes name. `HTTPFileSource` of the product `AsyncFlowHTTP` is one.
///
/// The engine asks for each URL once in a run, whatever the number of tasks that want the file.
public protocol FileSource: Sendable {
    /// The schemes of the URLs that it can fetch, in lower case, for example `["http", "https"]`.
    var schemes: [String] { get }

    /// Fetches a file to ``FileTransfer/partialPath``; when the call returns, the file is complete.
    ///
    /// The source does its own retries and compares the file with the checksum, if there is one. When the calling Swift
    /// task is cancelled it stops at once and leaves what it has got, for the next call to go on with.
    ///
    /// - Throws: ``FileError``, best; or the source's own trouble.
    func fetch(_ transfer: FileTransfer) async throws
}

/// One file that is fetched: what is wanted, where it goes, and how far it is. The same for all calls about one URL.
public final class FileTransfer: Sendable {
    /// The whole URL, with user info and query: it may hold secrets, and doesn't belong into errors and logs.
    public let url: String
    /// The URL as events show it.
    private let shownURL: String
    /// Where the file's bytes go. If there is something already, an earlier call has left it.
    public let partialPath: String
    /// The SHA-256 checksum that the file must have, in lower-case hexadecimal digits.
    public let sha256: String?
    private let version = Lock<String?>(nil)
    private let steps = Lock(ProgressSteps())
    private let announce: @Sendable (News) -> Void

    /// What the tasks that wait for the file are told.
    enum News {
        case progress(FileProgress)
        case custom(CustomEventContent)
    }

    init(url: String, partialPath: String, sha256: String?, announce: @escaping @Sendable (News) -> Void) {
        self.url = url
        shownURL = url.redactingURLSecrets
        self.partialPath = partialPath
        self.sha256 = sha256
        self.announce = announce
    }

    /// For file sources in tests of their own.
    package convenience init(url: String, partialPath: String, sha256: String? = nil) {
        self.init(url: url, partialPath: partialPath, sha256: sha256) { _ in }
    }

    /// Which version of the file the partial one is of, in the source's own words; nil as long as there is none.
    public var partialVersion: String? {
        get { version.withLock { $0 } }
        set { version.withLock { $0 = newValue } }
    }

    /// Says how far it is. May be called as often as there is something new: events are made only now and then.
    ///
    /// - Parameters:
    ///   - received: how many bytes of the file are there.
    ///   - total: how many it will have, if that is known.
    public func report(received: Int64, total: Int64?) {
        if steps.withLock({ $0.isWorthTelling(received: received, total: total) }) {
            announce(.progress(FileProgress(url: shownURL, receivedBytes: received, totalBytes: total)))
        }
    }

    /// Says that the source tries again. The log shows it as a warning.
    ///
    /// - Parameters:
    ///   - delay: The pause before that, 0 or more.
    ///   - reason: Why the last try failed, in a few words and without secrets.
    public func reportRetry(after delay: Duration, because reason: String) {
        let pause = delay > .zero ? " in \(delay.bounded.shortText)" : " now"
        let text = "fetching \(shownURL) is tried again\(pause): \(reason.harmless())"
        announce(
            .custom(
                CustomEventContent(
                    own: "download_retried",
                    [
                        "url": .string(shownURL), "pause": .number(delay.inSeconds),
                        CustomEventContent.warningAttribute: .string(text),
                    ])))
    }
}

/// Which of many reports are worth an event: the first, the last, and those a hundredth of the file apart, though at
/// least 1 MiB. A pure value.
struct ProgressSteps {
    private var last: Int64?

    mutating func isWorthTelling(received: Int64, total: Int64?) -> Bool {
        let step = max(1 << 20, (total ?? 0) / 100)
        if let last, received >= last, received - last < step, received != total || received == last { return false }
        last = received
        return true
    }
}
