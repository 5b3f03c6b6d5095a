import AsyncFlowBase
import AsyncHTTPClient
import NIOCore
import NIOPosix
import NIOSSL

/// The reason that a request couldn't be made, as text.
package struct WebClientError: Error, Sendable, Hashable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }

    /// The client isn't in use, because it wasn't opened or was closed.
    package static let closed = WebClientError("the HTTP client is closed")
}

/// Returns the reason that a request failed, as text for an error or a log.
package func webErrorText(_ error: any Error) -> String {
    switch error {
    case let error as WebClientError: return error.description.harmless()
    case let error as HTTPClientError: return text(of: error)
    case let error as NIOConnectionError:
        if error.connectionErrors.isEmpty, error.dnsAError != nil || error.dnsAAAAError != nil {
            return "the host '\(error.host.harmless())' can't be found"
        }
        return error.connectionErrors.last.map { webErrorText($0.error) } ?? "no connection"
    case let error as IOError: return systemText(error.errnoCode)
    case is NIOTooManyBytesError, is ResponseAccumulator.ResponseTooBigError: return "the answer is too long"
    case let error as NIOSSLError: return "the encrypted connection failed: \("\(error)".harmless())"
    case is CancellationError: return "cancelled"
    default: return "\(error)".harmless()
    }
}

private func text(of error: HTTPClientError) -> String {
    switch error {
    case .deadlineExceeded, .readTimeout: "no answer in time"
    case .connectTimeout, .getConnectionFromPoolTimeout: "no connection in time"
    case .tlsHandshakeTimeout: "no encrypted connection in time"
    case .httpProxyHandshakeTimeout, .socksHandshakeTimeout: "the proxy didn't answer in time"
    case .remoteConnectionClosed, .uncleanShutdown: "the connection was closed before the answer was complete"
    case .proxyAuthenticationRequired: "the proxy requires a user and a password: http://user:password@host:port"
    case .invalidProxyResponse: "the proxy refused to open a connection to the server"
    case .invalidURL, .emptyHost, .emptyScheme: "its address isn't a URL with scheme and host"
    case .alreadyShutdown: WebClientError.closed.description
    case .cancelled: "cancelled"
    default: error.shortDescription.harmless()
    }
}

/// Returns the system's text for an error number.
private func systemText(_ code: CInt) -> String { strerror(code).map { String(cString: $0) } ?? "error \(code)" }
