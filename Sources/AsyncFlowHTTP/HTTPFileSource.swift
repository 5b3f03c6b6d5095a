public import AsyncFlow
import AsyncFlowBase
import AsyncFlowHTTPClient
import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

/// A source of files with `http` and `https` URLs.
///
/// ```swift
/// var configuration = WorkflowEngine.Configuration()
/// configuration.files.sources = [HTTPFileSource()]
/// ```
///
/// The bytes are written to disk as they come. A connection that breaks or is silent for too long, and an overloaded
/// server, are retried after a pause, from where the download stopped if the server allows it (`Range` with
/// `If-Range`). The file must have the length that the server announces, and the checksum of the
/// ``AsyncFlow/InputFile``.
///
/// The user and password of a URL (`https://user:password@host/…`) are sent as a header. Neither they nor the values in
/// a URL's query, which may be a signature, appear in errors, events and logs.
///
/// Redirects are followed, up to 10 for one request, but not from `https` to `http`. A server other than the first one
/// receives neither the user and password nor the added headers.
///
/// Proxies are those of the environment, by curl's rules: `http_proxy`, `https_proxy`, `all_proxy`, `no_proxy`.
public struct HTTPFileSource: FileSource {
    public let schemes = ["http", "https"]
    private let patience: Download.Patience
    private let limit: Int64
    private let headers: @Sendable (_ url: String) async throws -> [String: String]
    private let client: WebClient
    private let sleep: @Sendable (Duration) async throws -> Void

    /// - Parameters:
    ///   - retries: the number of retries after failures in a row with nothing new received in between.
    ///   - timeout: the time limit for opening a connection, and for the server to send something.
    ///   - maximumSize: the maximum size of a file; a larger one is an error as soon as its size is known.
    ///   - headers: returns further headers for the request of a URL, for example `["Authorization": "Bearer …"]`. They
    ///     aren't sent to another server that a redirect leads to.
    public init(
        retries: Int = 5, timeout: Duration = .seconds(30), maximumSize: MemorySize = .gigabytes(1024),
        headers: @escaping @Sendable (_ url: String) async throws -> [String: String] = { _ in [:] }
    ) {
        self.init(retries: retries, timeout: timeout, maximumSize: maximumSize, headers: headers) {
            try await Task.sleep(for: $0)
        }
    }

    init(
        retries: Int = 5, timeout: Duration = .seconds(30), maximumSize: MemorySize = .gigabytes(1024),
        proxies: ProxySettings = ProxySettings(),
        headers: @escaping @Sendable (_ url: String) async throws -> [String: String] = { _ in [:] },
        sleep: @escaping @Sendable (Duration) async throws -> Void
    ) {
        patience = Download.Patience(
            retries: max(0, retries), firstDelay: .milliseconds(500), longestDelay: .seconds(60))
        limit = Int64(clamping: maximumSize.bytes)
        self.headers = headers
        // No decompression, because the file is wanted as it is.
        var configuration = WebClient.Configuration(proxies: proxies)
        configuration.connectTimeout = timeout
        configuration.idleTimeout = timeout
        client = WebClient(configuration)
        self.sleep = sleep
    }

    /// Fetches a file; see ``AsyncFlow/FileSource/fetch(_:)``.
    ///
    /// - Throws: ``AsyncFlow/FileError``; `CancellationError` if the calling Swift task is cancelled.
    public func fetch(_ transfer: FileTransfer) async throws {
        let file = try PartialFile(transfer.partialPath)
        var download = Download(patience, offset: try file.size(), version: transfer.partialVersion, limit: limit)
        while true {
            try await client.use { try await fetch(transfer, to: file, &download) }
            if try await isRight(transfer, file) { return }
            transfer.partialVersion = nil
            if !download.mismatched() { throw try await mismatch(transfer, file) }
        }
    }

    /// Fetches until the file is complete.
    private func fetch(_ transfer: FileTransfer, to file: PartialFile, _ download: inout Download) async throws {
        while true {
            let headers = try await headers(transfer.url)
            var trouble = DownloadTrouble(transfer.url, headers: headers)
            let action: Download.Action
            do {
                action = try await attempt(transfer, headers, file, &download, &trouble)
            } catch {
                if Task.isCancelled { throw CancellationError() }
                if !DownloadTrouble.mayPass(error) { throw trouble.fileError(error) }
                trouble.error = error
                action = download.broke()
            }
            switch action {
            case .complete, .receive: return
            case .again(let delay):
                transfer.reportRetry(after: delay, because: trouble.shortText)
                try await sleep(delay)
            case .fail(let failure):
                // A file that is too large is of no use to a later attempt.
                if case .tooLarge = failure { try file.cut(to: 0) }
                throw trouble.fileError(failure, limit: limit)
            }
        }
    }

    /// - Parameter headers: the user's headers.
    private func request(
        _ redirects: Redirects, _ headers: [String: String], _ range: (start: Int64, version: String)?
    ) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: redirects.url)
        if redirects.isAtOrigin {
            for (name, value) in headers { request.headers.replaceOrAdd(name: name, value: value) }
        }
        request.headers.replaceOrAdd(name: "accept-encoding", value: "identity")
        if let range {
            request.headers.replaceOrAdd(name: "range", value: "bytes=\(range.start)-")
            request.headers.replaceOrAdd(name: "if-range", value: range.version)
        }
        return request
    }

    /// Sends one request and receives its response, following redirects.
    private func attempt(
        _ transfer: FileTransfer, _ headers: [String: String], _ file: PartialFile, _ download: inout Download,
        _ trouble: inout DownloadTrouble
    ) async throws -> Download.Action {
        var redirects = Redirects(transfer.url)
        var response = try await client.send(request(redirects, headers, download.range))
        while Redirects.isRedirect(Int(response.status.code)) {
            try redirects.follow(response.headers.first(name: "location"))
            response = try await client.send(request(redirects, headers, download.range))
        }
        let answer = Download.Answer(status: Int(response.status.code), headers: response.headers, now: Date())
        let action = download.answered(answer)
        guard case .receive(let start) = action else {
            if case .fail(.tooLarge) = action { return action }
            try await trouble.note(response)
            return action
        }
        try file.cut(to: start)
        transfer.partialVersion = download.version
        transfer.report(received: start, total: download.total)
        for try await bytes in response.body {
            if let action = download.willReceive(bytes.readableBytes) { return action }
            try await file.write(bytes, at: download.offset)
            download.received(bytes.readableBytes)
            transfer.report(received: download.offset, total: download.total)
        }
        return download.bodyEnded()
    }

    private func isRight(_ transfer: FileTransfer, _ file: PartialFile) async throws -> Bool {
        guard let expected = transfer.sha256 else { return true }
        return try await file.sha256() == expected
    }

    /// Returns the error for a wrong checksum, and empties the file, as no download can continue from it.
    private func mismatch(_ transfer: FileTransfer, _ file: PartialFile) async throws -> FileError {
        let expected = transfer.sha256 ?? ""
        let actual = try await file.sha256()
        try file.cut(to: 0)
        let url = transfer.url.redactingURLSecrets
        return FileError(
            .checksumMismatch(expected: expected, actual: actual), [url],
            "\(url) has the wrong checksum: expected SHA-256 \(expected), got \(actual); "
                + "either the file has changed, or sha256: is wrong")
    }
}
