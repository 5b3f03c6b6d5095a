import AsyncFlowWebServer

/// The decision on who may see the page, based only on the contents of a request.
struct AccessPolicy: Sendable {
    enum Decision: Equatable, Sendable {
        case allow
        /// The token was in the URL. It is moved to a cookie, so that it isn't shown, stored or passed on.
        case turnIntoCookie
        /// The request wasn't addressed to this server's own name, so another site's page may be behind it (DNS
        /// rebinding).
        case misdirected
        case unauthorized
    }

    /// The credentials of a request.
    struct Credentials: Sendable {
        var host: String?
        var authorization: String?
        var cookie: String?
        var query: String?
    }

    let token: String?
    /// The address that the server listens on.
    let host: String

    init(host: String, token: String?) {
        self.host = host
        self.token = token
    }

    func decide(_ credentials: Credentials) -> Decision {
        if !LoopbackHost.accepts(credentials.host, on: host) { return .misdirected }
        guard let token else { return .allow }
        if let given = credentials.query { return Self.isEqual(given, token) ? .turnIntoCookie : .unauthorized }
        if let header = credentials.authorization {
            let words = header.split(separator: " ", maxSplits: 1)
            guard words.count == 2, words[0].lowercased() == "bearer" else { return .unauthorized }
            return Self.isEqual(String(words[1]), token) ? .allow : .unauthorized
        }
        return credentials.cookie.map { Self.isEqual($0, token) } == true ? .allow : .unauthorized
    }

    /// Compares in a time that doesn't depend on what the two have in common.
    static func isEqual(_ given: String, _ token: String) -> Bool {
        let (given, token) = (Array(given.utf8), Array(token.utf8))
        guard !token.isEmpty else { return false }
        var difference = given.count ^ token.count
        for index in given.indices { difference |= Int(given[index] ^ token[index % token.count]) }
        return difference == 0
    }
}
