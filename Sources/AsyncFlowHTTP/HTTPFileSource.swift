public import AsyncFlow
import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

/// Fetches files that `http` and `https` URLs name.
///
/// ```swift
/// var configuration = WorkflowEngine.Configuration()
/// configuration.files.sources = [HTTPFileSource()]
/// ```
///
/// The bytes go to disk as they come. A connection that breaks, one on which nothing comes for too long, and a server that
/// is overloaded are tried again after a pause, from where it stopped where the server allows it (`Range` with
/// `If-Range`). Redirects are followed, up to 10. What comes has to have the length that the server says, and the checksum
/// that the ``AsyncFlow/InputFile`` asks for.
public struct HTTPFileSource: FileSource {
    public let schemes = ["http", "https"]
    private let patience: Download.Patience
    private let headers: @Sendable (_ url: String) async throws -> [String: String]
    private let client: ClientInUse
    private let sleep: @Sendable (Duration) async throws -> Void

    /// - Parameters:
    ///   - retries: how many failures in a row, with nothing new received in between, are tried again.
    ///   - timeout: how long a connection may take to be made, and the server to send something.
    ///   - headers: more headers for the request of a URL, for example `["Authorization": "Bearer …"]`. They aren't sent
    ///     to another host that a redirect leads to, as far as they are secrets by their nature (`Authorization`,
    ///     `Cookie`).
    public init(
        retries: Int = 5, timeout: Duration = .seconds(30),
        headers: @escaping @Sendable (_ url: String) async throws -> [String: String] = { _ in [:] }
    ) {
        self.init(retries: retries, timeout: timeout, headers: headers) { try await Task.sleep(for: $0) }
    }

    init(
        retries: Int = 5, timeout: Duration = .seconds(30),
        headers: @escaping @Sendable (_ url: String) async throws -> [String: String] = { _ in [:] },
        sleep: @escaping @Sendable (Duration) async throws -> Void
    ) {
        patience = Download.Patience(
            retries: max(0, retries), firstDelay: .milliseconds(500), longestDelay: .seconds(60))
        self.headers = headers
        client = ClientInUse(patience: timeout)
        self.sleep = sleep
    }

    /// Fetches a file; see ``AsyncFlow/FileSource/fetch(_:)``.
    ///
    /// - Throws: ``AsyncFlow/FileError``; `CancellationError` if the calling Swift task is cancelled.
    public func fetch(_ transfer: FileTransfer) async throws {
        let file = try PartialFile(transfer.partialPath)
        var download = Download(patience, offset: try file.size(), version: transfer.partialVersion)
        while true {
            try await client.use { try await fetch(transfer, to: file, &download, with: $0) }
            if try await isRight(transfer, file) { return }
            transfer.partialVersion = nil
            if !download.mismatched() { throw try await mismatch(transfer, file) }
        }
    }

    /// Returns when everything is there.
    private func fetch(
        _ transfer: FileTransfer, to file: PartialFile, _ download: inout Download, with client: HTTPClient
    ) async throws {
        var trouble = Trouble()
        while true {
            let request = try await request(transfer.url, download.range)
            let action: Download.Action
            do {
                action = try await attempt(request, transfer, file, &download, client, &trouble)
            } catch {
                if Task.isCancelled { throw CancellationError() }
                if error is FileError || !Trouble.mayPass(error) { throw Trouble.fileError(error, transfer.url) }
                trouble.error = error
                action = download.broke()
            }
            switch action {
            case .complete, .receive: return
            case .again(let delay): try await sleep(delay)
            case .fail(let failure): throw trouble.fileError(failure, transfer.url)
            }
        }
    }

    private func request(_ url: String, _ range: (start: Int64, version: String)?) async throws -> HTTPClientRequest {
        var request = HTTPClientRequest(url: url)
        for (name, value) in try await headers(url) { request.headers.replaceOrAdd(name: name, value: value) }
        request.headers.replaceOrAdd(name: "accept-encoding", value: "identity")
        if let range {
            request.headers.replaceOrAdd(name: "range", value: "bytes=\(range.start)-")
            request.headers.replaceOrAdd(name: "if-range", value: range.version)
        }
        return request
    }

    /// One request and its answer.
    private func attempt(
        _ request: HTTPClientRequest, _ transfer: FileTransfer, _ file: PartialFile, _ download: inout Download,
        _ client: HTTPClient, _ trouble: inout Trouble
    ) async throws -> Download.Action {
        let response = try await client.execute(request, deadline: .distantFuture)
        let answer = Download.Answer(status: Int(response.status.code), headers: response.headers, now: Date())
        let action = download.answered(answer)
        guard case .receive(let start) = action else {
            try await trouble.note(response)
            return action
        }
        try file.cut(to: start)
        transfer.partialVersion = download.version
        transfer.report(received: start, total: download.total)
        for try await bytes in response.body {
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

    /// Nothing can go on from a file that is wrong.
    private func mismatch(_ transfer: FileTransfer, _ file: PartialFile) async throws -> FileError {
        let expected = transfer.sha256 ?? ""
        let actual = try await file.sha256()
        try file.cut(to: 0)
        return FileError(
            .checksumMismatch(expected: expected, actual: actual), [transfer.url],
            "\(transfer.url) has another checksum than it should: expected SHA-256 \(expected), but it is \(actual); "
                + "either the file has changed, or the checksum is wrong")
    }
}
