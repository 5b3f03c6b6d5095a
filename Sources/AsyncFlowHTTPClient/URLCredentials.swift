import AsyncFlowBase

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The user and password of a URL, which never appear when their holder is printed.
package struct URLCredentials: Sendable, Hashable, CustomStringConvertible, CustomReflectable {
    package let user: String
    package let password: String

    package init(user: String, password: String) {
        self.user = user
        self.password = password
    }

    package var description: String { "[redacted]" }
    package var customMirror: Mirror { Mirror(self, children: []) }

    /// The value of the header `Authorization` or `Proxy-Authorization`.
    ///
    /// Source: RFC 7617
    package var basic: String { "Basic " + "\(user):\(password)".base64Encoded }

    /// Splits the user info off a URL, because it isn't part of the request's address.
    ///
    /// - Returns: the URL as it was if there is none in it, or if it isn't a URL.
    package static func split(_ url: String) -> (url: String, credentials: URLCredentials?) {
        guard url.utf8.contains(UInt8(ascii: "@")), var parts = URLComponents(string: url),
            parts.percentEncodedUser != nil || parts.percentEncodedPassword != nil
        else { return (url, nil) }
        let credentials = URLCredentials(user: parts.user ?? "", password: parts.password ?? "")
        parts.percentEncodedUser = nil
        parts.percentEncodedPassword = nil
        return (parts.string ?? url, credentials)
    }
}
