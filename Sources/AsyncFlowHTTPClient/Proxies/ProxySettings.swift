#if canImport(FoundationEssentials)
package import FoundationEssentials
#else
package import Foundation
#endif

/// The choice of a proxy for each request, by the environment variables and curl's rules for them.
///
/// The variables are `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy`, or their upper-case forms if the
/// lower-case one is missing or empty. `HTTP_PROXY` is ignored in a CGI program, where it is a header that the client
/// has sent.
///
/// Source: https://curl.se/docs/manpage.html#ENVIRONMENT and https://everything.curl.dev/usingcurl/proxies/env.html
package struct ProxySettings: Sendable, Hashable {
    private let ofHTTP: Variable?
    private let ofHTTPS: Variable?
    private let exemptions: ProxyExemptions

    private struct Variable: Hashable {
        var name: String
        var value: String
    }

    /// Settings that send every request directly.
    package static let none = ProxySettings(environment: [:])

    package init(environment: [String: String] = ProcessInfo.processInfo.environment) {
        func variable(_ names: String...) -> Variable? {
            for name in names {
                if let value = environment[name], !value.isEmpty { return Variable(name: name, value: value) }
            }
            return nil
        }
        let all = variable("all_proxy", "ALL_PROXY")
        let isCGI = environment["REQUEST_METHOD"] != nil
        ofHTTP = (isCGI ? variable("http_proxy") : variable("http_proxy", "HTTP_PROXY")) ?? all
        ofHTTPS = variable("https_proxy", "HTTPS_PROXY") ?? all
        exemptions = ProxyExemptions(variable("no_proxy", "NO_PROXY")?.value ?? "")
    }

    /// - Returns: nil for a direct connection.
    /// - Throws: ``WebClientError`` if the variable's value isn't a usable proxy.
    package func proxy(for url: URL) throws(WebClientError) -> Proxy? {
        let isHTTPS = url.scheme?.lowercased() == "https"
        guard isHTTPS || url.scheme?.lowercased() == "http", let host = url.host, !host.isEmpty,
            let variable = isHTTPS ? ofHTTPS : ofHTTP
        else { return nil }
        let port = url.port ?? (isHTTPS ? 443 : 80)
        if exemptions.contain(ProxyExemptions.withoutBrackets(host), port: port) { return nil }
        do {
            return try Proxy(variable.value, forHTTPS: isHTTPS)
        } catch {
            throw WebClientError("the proxy in \(variable.name) can't be used: \(error.description)")
        }
    }
}

/// A server that passes requests on.
package struct Proxy: Sendable, Hashable {
    package enum Kind: Sendable, Hashable { case http, https, socks5 }
    package let kind: Kind
    package let host: String
    package let port: Int
    package let credentials: URLCredentials?

    /// - Parameters:
    ///   - text: `http://host:port`, `https://…`, `socks5://…` or `socks5h://…`, with or without a user and a password;
    ///     without a scheme, it is `http`. The default ports are those of curl: 1080, and 443 for `https`.
    ///   - forHTTPS: whether the requests are for `https` URLs.
    init(_ text: String, forHTTPS: Bool) throws(WebClientError) {
        let (bare, credentials) = URLCredentials.split(text.contains("://") ? text : "http://\(text)")
        guard let url = URL(string: bare), let host = url.host, !host.isEmpty, let scheme = url.scheme?.lowercased()
        else { throw WebClientError("it must be a URL such as http://proxy.example.org:3128") }
        switch scheme {
        case "http": kind = .http
        case "https" where !forHTTPS: kind = .https
        case "https": throw WebClientError("requests for https URLs can't be sent through a proxy that itself is https")
        case "socks5", "socks5h": kind = .socks5
        default: throw WebClientError("its scheme must be http, https, socks5 or socks5h, got '\(scheme)'")
        }
        if kind == .socks5, credentials != nil {
            throw WebClientError("a user and a password for a SOCKS proxy aren't supported")
        }
        self.host = ProxyExemptions.withoutBrackets(host)
        port = url.port ?? (kind == .https ? 443 : 1080)
        guard (1...65_535).contains(port) else { throw WebClientError("its port must be from 1 to 65535, got \(port)") }
        self.credentials = credentials
    }
}
