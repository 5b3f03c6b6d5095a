import AsyncFlowWebServer

/// Who may see the page: decided from what a request says, and nothing else.
struct AccessPolicy: Sendable {
    enum Decision: Equatable, Sendable {
        case allow
        /// The token was in the address: it becomes a cookie, so that it isn't seen, kept or handed on.
        case turnIntoCookie
        /// The request wasn't sent to this server's own name: another site's page may be behind it (DNS rebinding).
        case misdirected
        case unauthorized
    }

    /// What a request says of who sent it.
    struct Credentials: Sendable {
        var host: String?
        var authorization: String?
        var cookie: String?
        var query: String?
    }

    let token: String?
    /// The address that is listened on.
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

    /// Takes as long whatever the two have in common.
    static func isEqual(_ given: String, _ token: String) -> Bool {
        let (given, token) = (Array(given.utf8), Array(token.utf8))
        guard !token.isEmpty else { return false }
        var difference = given.count ^ token.count
        for index in given.indices { difference |= Int(given[index] ^ token[index % token.count]) }
        return difference == 0
    }
}
