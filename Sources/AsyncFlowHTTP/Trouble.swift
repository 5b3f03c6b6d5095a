import AsyncFlow
import AsyncHTTPClient
import NIOCore

/// What went wrong last with a download, for its error.
struct Trouble {
    /// The beginning of what the server said instead of the file.
    private var message = ""
    /// Why the connection broke.
    var error: (any Error)?

    /// How much of an answer is in an error.
    private static let longestMessage = 500

    mutating func note(_ response: HTTPClientResponse) async throws {
        var bytes = ByteBuffer()
        for try await part in response.body {
            bytes.writeImmutableBuffer(part)
            if bytes.readableBytes >= Self.longestMessage { break }
        }
        let text = String(decoding: bytes.readableBytesView.prefix(Self.longestMessage), as: UTF8.self)
        message = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    func fileError(_ failure: Download.Failure, _ url: String) -> FileError {
        switch failure {
        case .status(let code, let retryAfter):
            var text = "fetching \(url) failed: the server answered with status \(code)"
            if let retryAfter { text += ", and asks to wait for \(retryAfter.components.seconds) seconds" }
            if !message.isEmpty { text += "; its answer begins with: \(message)" }
            return FileError(.httpStatus(code), [url], text)
        case .connection:
            let cause = error.map { ": \(Self.text(of: $0))" } ?? "; it doesn't go on where the download stopped"
            return FileError(.transferFailed, [url], "fetching \(url) failed, after several attempts\(cause)")
        case .truncated(let received, let total):
            return FileError(
                .truncated, [url],
                "fetching \(url) failed, after several attempts: the server ended after \(received) of \(total) bytes")
        }
    }

    /// Whether another attempt may go better.
    static func mayPass(_ error: any Error) -> Bool {
        guard let error = error as? HTTPClientError else { return true }
        let lasting: [HTTPClientError] = [
            .invalidURL, .emptyHost, .emptyScheme, .redirectLimitReached, .redirectCycleDetected,
        ]
        return !lasting.contains(error)
    }

    /// An error that no other attempt would change.
    static func fileError(_ error: any Error, _ url: String) -> FileError {
        error as? FileError ?? FileError(.transferFailed, [url], "fetching \(url) failed: \(text(of: error))")
    }

    private static func text(of error: any Error) -> String {
        switch error {
        case let error as HTTPClientError: error.shortDescription
        case let error as any CustomStringConvertible: error.description
        default: "\(error)"
        }
    }
}
