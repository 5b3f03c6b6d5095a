import AsyncFlowBase
import Foundation

/// The target of a request after redirects, and whether it may still carry secrets.
struct Redirects {
    /// The number of redirects that are followed for one request.
    static let limit = 10

    /// The URL to request.
    private(set) var url: String
    /// Whether every URL so far was on the first server; only that one may receive headers and user info.
    private(set) var isAtOrigin = true
    private var count = 0

    /// The reason that a redirect isn't followed.
    struct Refusal: Error, Equatable { let text: String }

    init(_ url: String) { self.url = url }

    static func isRedirect(_ status: Int) -> Bool { [301, 302, 303, 307, 308].contains(status) }

    /// - Parameter location: the value of the header `Location`.
    mutating func follow(_ location: String?) throws(Refusal) {
        count += 1
        guard count <= Self.limit else { throw Refusal(text: "it was redirected more than \(Self.limit) times") }
        guard let location, let base = URL(string: url),
            let next = URL(string: location, relativeTo: base)?.absoluteURL,
            let scheme = next.scheme?.lowercased(), next.host?.isEmpty == false
        else { throw Refusal(text: "the server redirects to an address that isn't a URL") }
        guard scheme == "https" || scheme == "http" && base.scheme?.lowercased() == "http" else {
            throw Refusal(
                text: scheme == "http"
                    ? "the server redirects from https to http, where others can read and change what comes"
                    : "the server redirects to a URL that isn't http or https: \(scheme.harmless(unicode: true))")
        }
        let isSameServer = Self.isSameServer(base, next)
        isAtOrigin = isAtOrigin && isSameServer
        guard var parts = URLComponents(url: next, resolvingAgainstBaseURL: true) else {
            throw Refusal(text: "the server redirects to an address that isn't a URL")
        }
        // A server must not choose the user and password for another one.
        parts.percentEncodedUser = isAtOrigin ? URLComponents(string: url)?.percentEncodedUser : nil
        parts.percentEncodedPassword = isAtOrigin ? URLComponents(string: url)?.percentEncodedPassword : nil
        guard let text = parts.string else {
            throw Refusal(text: "the server redirects to an address that isn't a URL")
        }
        url = text
    }

    /// Returns whether two URLs have the same scheme, host and port, or differ only by the step from `http` to `https`
    /// on the default ports.
    private static func isSameServer(_ a: URL, _ b: URL) -> Bool {
        guard a.host?.lowercased() == b.host?.lowercased() else { return false }
        let (schemeA, schemeB) = (a.scheme?.lowercased(), b.scheme?.lowercased())
        if schemeA == schemeB { return port(a) == port(b) }
        return port(a) == 80 && port(b) == 443
    }

    private static func port(_ url: URL) -> Int { url.port ?? (url.scheme?.lowercased() == "https" ? 443 : 80) }
}
