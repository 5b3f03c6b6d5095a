import AsyncFlowBase

/// A source that fetches files from URLs of certain schemes. `HTTPFileSource` of the product `AsyncFlowHTTP` is one.
///
/// In a run, the engine requests each URL once, whatever the number of tasks that need the file.
public protocol FileSource: Sendable {
    /// The schemes of the URLs that it can fetch, in lower case, for example `["http", "https"]`.
    var schemes: [String] { get }

    /// Fetches a file to ``FileTransfer/partialPath``; when the call returns, the file is complete.
    ///
    /// The source does its own retries and compares the file with the checksum, if there is one. When the calling Swift
    /// task is cancelled, the source stops at once and leaves the part that it has received for the next call to
    /// continue.
    ///
    /// - Throws: preferably ``FileError``, or the source's own error.
    func fetch(_ transfer: FileTransfer) async throws
}

/// The transfer of one file: its URL, its destination and its progress. All calls about one URL get the same object.
public final class FileTransfer: Sendable {
    /// The whole URL, with user info and query: it may contain secrets, and must not appear in errors and logs.
    public let url: String
    /// The URL as events show it.
    private let shownURL: String
    /// The path of the file's bytes. If there is something already, an earlier call has left it.
    public let partialPath: String
    /// The SHA-256 checksum that the file must have, in lower-case hexadecimal digits.
    public let sha256: String?
    private let version: Lock<String?>
    private let versionFile: PartialVersionFile?
    private let steps = Lock(ProgressSteps())
    private let announce: @Sendable (News) -> Void

    /// News for the tasks that wait for the file.
    enum News {
        case progress(FileProgress)
        case custom(CustomEventContent)
    }

    /// - Parameter keepsVersion: whether another process may go on with the partial file.
    init(
        url: String, partialPath: String, sha256: String?, keepsVersion: Bool = false,
        announce: @escaping @Sendable (News) -> Void
    ) {
        self.url = url
        shownURL = url.redactingURLSecrets
        self.partialPath = partialPath
        self.sha256 = sha256
        self.announce = announce
        versionFile = keepsVersion ? PartialVersionFile(beside: partialPath, isChecked: sha256 != nil) : nil
        version = Lock(versionFile?.version)
    }

    /// Creates a transfer, for tests of file sources.
    package convenience init(url: String, partialPath: String, sha256: String? = nil) {
        self.init(url: url, partialPath: partialPath, sha256: sha256) { _ in }
    }

    /// The version of the file to which the partial one belongs, in a form chosen by the source; nil if there is none
    /// yet.
    public var partialVersion: String? {
        get { version.withLock { $0 } }
        set {
            version.withLock { $0 = newValue }
            versionFile?.write(newValue)
        }
    }

    /// The file is complete.
    func forgetVersion() { versionFile?.write(nil) }

    /// Reports the progress. May be called as often as there is progress: events are made only now and then.
    ///
    /// - Parameters:
    ///   - received: the number of bytes received.
    ///   - total: the size of the file in bytes, if it is known.
    public func report(received: Int64, total: Int64?) {
        if steps.withLock({ $0.isWorthTelling(received: received, total: total) }) {
            announce(.progress(FileProgress(url: shownURL, receivedBytes: received, totalBytes: total)))
        }
    }

    /// Reports that the source will retry. The log shows it as a warning.
    ///
    /// - Parameters:
    ///   - delay: The pause before the retry, 0 or more.
    ///   - reason: The reason why the last attempt failed, in a few words and without secrets.
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

/// A filter for progress reports that are worth an event: the first one, the last one, and those a hundredth of the
/// file, but at least 1 MiB, apart. A pure value.
struct ProgressSteps {
    private var last: Int64?

    mutating func isWorthTelling(received: Int64, total: Int64?) -> Bool {
        let step = max(1 << 20, (total ?? 0) / 100)
        if let last, received >= last, received - last < step, received != total || received == last { return false }
        last = received
        return true
    }
}
