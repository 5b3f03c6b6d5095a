import AsyncFlow
import AsyncFlowBase
import AsyncFlowHTTPClient
import AsyncHTTPClient
import Foundation
import NIOCore

/// The last problem of a download, for its error, without any secrets.
struct DownloadTrouble {
    /// The URL without its secrets.
    let url: String
    private let redactor: SecretRedactor
    /// The beginning of the server's text instead of the file.
    private var message = ""
    /// The error with which the connection broke.
    var error: (any Error)?

    /// The number of characters of a response that an error shows.
    private static let longestMessage = 500
    /// The number of bytes of a response that are searched for secrets before it is shortened.
    private static let longestAnswer = 64 * 1024
    /// The length from which words count as secrets; shorter ones are part of many others.
    private static let shortestSecret = 6

    /// - Parameter headers: the headers of requests, whose values are secrets.
    init(_ url: String, headers: [String: String]) {
        self.url = url.redactingURLSecrets
        var secrets: Set<String> = []
        for value in headers.values {
            secrets.insert(value)
            secrets.formUnion(value.split(separator: " ").map(String.init))
        }
        secrets = secrets.filter { $0.utf8.count >= Self.shortestSecret }
        if let credentials = URLCredentials.split(url).credentials {
            secrets.formUnion([credentials.password, "\(credentials.user):\(credentials.password)"])
            secrets.insert(String(credentials.basic.dropFirst("Basic ".count)))
        }
        let values = (URLComponents(string: url)?.percentEncodedQueryItems ?? []).compactMap(\.value)
        secrets.formUnion(values.filter { $0.utf8.count >= Self.shortestSecret })
        secrets.formUnion(values.compactMap(\.removingPercentEncoding).filter { $0.utf8.count >= Self.shortestSecret })
        redactor = SecretRedactor(secrets.filter { !$0.isEmpty }.sorted { $0.utf8.count > $1.utf8.count })
    }

    mutating func note(_ response: HTTPClientResponse) async throws {
        var bytes = ByteBuffer()
        for try await part in response.body {
            bytes.writeImmutableBuffer(part)
            if bytes.readableBytes >= Self.longestAnswer { break }
        }
        message = shown(String(decoding: bytes.readableBytesView.prefix(Self.longestAnswer), as: UTF8.self))
    }

    /// Returns external text in a form that an error can show.
    private func shown(_ text: String) -> String {
        let line = redactor.redact(text).redactingURLSecrets.split(whereSeparator: \.isWhitespace).joined(
            separator: " ")
        // Redacted again, because a secret may become whole when invisible characters are removed from it.
        let shown = redactor.redact(line.harmless())
        // Counts scalars, because a character may have any number of them.
        return String(String.UnicodeScalarView(shown.unicodeScalars.prefix(Self.longestMessage)))
    }

    /// The last problem in a few words.
    var shortText: String {
        if let error { return shown(webErrorText(error)) }
        return message.isEmpty ? "the server didn't send the requested file" : "the server said: \(message)"
    }

    func fileError(_ failure: Download.Failure, limit: Int64) -> FileError {
        switch failure {
        case .status(let code, let retryAfter):
            var text = "fetching \(url) failed: the server answered with status \(code)"
            if let retryAfter { text += ", and asks to wait for \(retryAfter.components.seconds) seconds" }
            if !message.isEmpty { text += "; its answer begins with: \(message)" }
            return FileError(.httpStatus(code), [url], text)
        case .connection:
            let cause =
                error.map { ": \(shown(webErrorText($0)))" } ?? "; the server doesn't resume where the download stopped"
            return FileError(.transferFailed, [url], "fetching \(url) failed, after several attempts\(cause)")
        case .truncated(let received, let total):
            return FileError(
                .truncated, [url],
                "fetching \(url) failed, after several attempts: the server ended after \(received) of \(total) bytes")
        case .tooLarge(let total):
            let size = total.map { "it has \($0) bytes" } ?? "there is more of it"
            return FileError(
                .tooLarge, [url],
                "fetching \(url) failed: \(size), and the limit is \(limit); give HTTPFileSource a larger maximumSize "
                    + "if the file is meant to be that large")
        }
    }

    /// Returns the error for a failure that a retry wouldn't change.
    func fileError(_ error: any Error) -> FileError {
        if let error = error as? FileError { return error }
        let text = (error as? Redirects.Refusal)?.text ?? shown(webErrorText(error))
        return FileError(.transferFailed, [url], "fetching \(url) failed: \(text)")
    }

    /// Returns whether a retry may succeed.
    static func mayPass(_ error: any Error) -> Bool {
        if error is FileError || error is Redirects.Refusal || error is WebClientError { return false }
        guard let error = error as? HTTPClientError else { return true }
        let lasting: [HTTPClientError] = [
            .invalidURL, .emptyHost, .emptyScheme, .invalidHeaderFieldNames([]), .invalidHeaderFieldValues([]),
            .proxyAuthenticationRequired,
        ]
        return !lasting.contains { $0 == error || $0.shortDescription == error.shortDescription }
    }
}
