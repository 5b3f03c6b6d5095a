import AsyncFlowBase

/// The transfers of files for the tasks of one engine: each URL is fetched once and shared by all tasks that need it.
///
/// The files are in `<run directory>/downloads`; an incomplete one ends in `.part`. Cancelling the last task that needs
/// a file stops its transfer but keeps the part that was received; a later task continues from there. When the engine
/// ends, incomplete files are deleted.
///
/// With a memory of earlier runs they lie in its place instead, and stay: a later run goes on with what isn't complete,
/// if the server still has that version, and takes a complete file as it is, if its checksum was given.
final class FileTransfers: Sendable {
    private struct Key: Hashable {
        let url: String
        let sha256: String?
    }
    private struct Waiter {
        let task: TaskNode
        let result: AsyncStream<Result<String, any Error>>.Continuation
    }
    private struct Item {
        var state: TransferState<Waiter>
        let transfer: FileTransfer
        let source: any FileSource
        /// The path of the complete file.
        let path: String
        /// Whether it stays for later runs.
        let isKept: Bool
        var work: Task<Void, Never>?
    }
    private let items = Lock<[Key: Item]>([:])
    private let semaphore: AsyncSemaphore
    private let sources: [String: any FileSource]

    init(_ configuration: FileConfiguration) {
        semaphore = AsyncSemaphore(count: max(1, configuration.maximumTransfers))
        var sources: [String: any FileSource] = [:]
        for source in configuration.sources { for scheme in source.schemes { sources[scheme.lowercased()] = source } }
        self.sources = sources
    }

    /// Returns when the file has been fetched.
    ///
    /// - Returns: its path.
    /// - Throws: ``FileError`` or an error that the source throws; `CancellationError` as soon as the calling Swift
    ///   task is cancelled.
    func fetch(_ file: InputFile, scheme: String, for task: TaskNode) async throws -> String {
        guard let source = sources[scheme] else { throw Self.noSource(for: scheme, file) }
        let key = Key(url: file.location, sha256: file.sha256?.lowercased())
        let (results, result) = AsyncStream.makeStream(of: Result<String, any Error>.self)
        let directory = task.engine.runDirectory + "/downloads"
        let kept = task.engine.memory?.downloadPath(of: key.url, sha256: key.sha256)
        let joined = items.withLock { items -> (TransferState<Waiter>.Joined, String) in
            var item = items[key] ?? makeItem(key, file, source, directory, items.count + 1, kept)
            let joined = item.state.join(Waiter(task: task, result: result))
            if case .waits(_, begins: true) = joined { item.work = begin(key, item) }
            items[key] = item
            return (joined, item.path)
        }
        guard case (.waits(let ticket, _), _) = joined else { return joined.1 }
        for await result in results { return try result.get() }
        let stopped = items.withLock { items in
            items[key]!.state.leave(ticket) ? items[key]!.work : nil
        }
        stopped?.cancel()
        throw CancellationError()
    }

    private func makeItem(
        _ key: Key, _ file: InputFile, _ source: any FileSource, _ directory: String, _ number: Int,
        _ kept: String?
    ) -> Item {
        let last = file.name.pathComponents.last { !$0.isEmpty } ?? "file"
        // Together with the number and `.part`, within the 255 bytes that file systems allow.
        let name = FileNameText.text(FileNameText.bytes(String(last)).prefix(200))
        let path = kept.map { "\($0)-\(name)" } ?? "\(directory)/\(number)-\(name)"
        let transfer = FileTransfer(
            url: key.url, partialPath: path + ".part", sha256: key.sha256, keepsVersion: kept != nil
        ) { [weak self] news in self?.announce(news, key) }
        // Without a checksum it may have become another file since.
        let isThere = kept != nil && key.sha256 != nil && (try? FileSystem.kind(of: path, followsLinks: false)) == .file
        return Item(
            state: TransferState(isComplete: isThere), transfer: transfer, source: source, path: path,
            isKept: kept != nil)
    }

    private func announce(_ news: FileTransfer.News, _ key: Key) {
        let waiter = items.withLock { $0[key]?.state.first }
        guard let task = waiter?.task else { return }
        switch news {
        case .progress(let progress):
            if task.engine.isObserved { task.emit(.fileProgress, .fileProgress(progress)) }
        case .custom(let event): task.emit(event)
        }
    }

    private func begin(_ key: Key, _ item: Item) -> Task<Void, Never> {
        let (source, transfer, path, isKept) = (item.source, item.transfer, item.path, item.isKept)
        return Task.detached { [self] in
            do {
                try await semaphore.wait()
                defer { semaphore.signal() }
                if let folder = FileSystem.folder(of: path) { try FileSystem.makeDirectory(folder) }
                try await source.fetch(transfer)
                // A later run takes it for complete.
                if isKept { try FileSystem.sync(transfer.partialPath) }
                try FileSystem.move(transfer.partialPath, to: path)
                transfer.forgetVersion()
                end(key) {
                    $0.succeeded()
                } with: {
                    .success(path)
                }
            } catch {
                end(key) {
                    $0.failed()
                } with: {
                    .failure(error)
                }
            }
        }
    }

    private func end(
        _ key: Key, _ step: (inout TransferState<Waiter>) -> TransferState<Waiter>.Ended,
        with result: () -> Result<String, any Error>
    ) {
        let waiters = items.withLock { items -> [Waiter] in
            switch step(&items[key]!.state) {
            case .tell(let waiters):
                items[key]!.work = nil
                return waiters
            case .begin:
                items[key]!.work = begin(key, items[key]!)
                return []
            }
        }
        for waiter in waiters { waiter.result.yield(result()) }
    }

    /// Ends all transfers, when no task waits for them. Returns when no transfer and no incomplete file is left.
    func finish() async {
        for work in items.withLock({ $0.values.compactMap(\.work) }) {
            work.cancel()
            await work.value
        }
        for item in items.withLock({ Array($0.values) }) where !item.isKept {
            try? FileSystem.remove(item.transfer.partialPath)
        }
    }

    private static func noSource(for scheme: String, _ file: InputFile) -> FileError {
        let advice =
            ["http", "https"].contains(scheme)
            ? "add the product AsyncFlowHTTP, and its HTTPFileSource() to the configuration's files.sources"
            : "add a FileSource for '\(scheme)' to the configuration's files.sources"
        return FileError(
            .unsupportedScheme(scheme), [file.shownLocation],
            "no file source of the engine can fetch \(file.shownLocation): \(advice)")
    }
}
