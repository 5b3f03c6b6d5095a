import AsyncFlowBase
import Foundation

/// Where a request goes next when servers send it elsewhere, and whether it may still carry what is secret.
struct Redirects {
    /// The number of redirects that are followed for one request.
    static let limit = 10

    /// The address to ask.
    private(set) var url: String
    /// Whether every address so far is of the server that was asked first: only that one may see headers and user info.
    private(set) var isAtOrigin = true
    private var count = 0

    /// A redirect that isn't followed, in words.
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
        // A server doesn't choose with which user and password another one is asked.
        parts.percentEncodedUser = isAtOrigin ? URLComponents(string: url)?.percentEncodedUser : nil
        parts.percentEncodedPassword = isAtOrigin ? URLComponents(string: url)?.percentEncodedPassword : nil
        guard let text = parts.string else {
            throw Refusal(text: "the server redirects to an address that isn't a URL")
        }
        url = text
    }

    /// The same scheme, host and port; or the step from `http` to `https` on the usual ports.
    private static func isSameServer(_ a: URL, _ b: URL) -> Bool {
        guard a.host?.lowercased() == b.host?.lowercased() else { return false }
        let (schemeA, schemeB) = (a.scheme?.lowercased(), b.scheme?.lowercased())
        if schemeA == schemeB { return port(a) == port(b) }
        return port(a) == 80 && port(b) == 443
    }

    private static func port(_ url: URL) -> Int { url.port ?? (url.scheme?.lowercased() == "https" ? 443 : 80) }
}
