import Testing

@testable import AsyncFlowDashboard

@Suite("Who may see a dashboard")
struct AccessPolicyTests {
    @Test(
        "On a loopback address only its own names are answered",
        arguments: [
            ("localhost", true), ("localhost:8080", true), ("LOCALHOST:1", true), ("127.0.0.1:8080", true),
            ("127.1.2.3", true), ("[::1]:8080", true), ("evil.example", false), ("evil.example:8080", false),
            ("127.0.0.1.evil.example", false), ("localhost.evil.example", false), ("", false), ("10.0.0.1", false),
            ("[::2]:8080", false), ("127.0.0.256", false), ("127.0.0", false),
        ])
    func hosts(host: String, isAnswered: Bool) {
        let policy = AccessPolicy(host: "127.0.0.1", token: nil)
        #expect(policy.decide(.init(host: host)) == (isAnswered ? .allow : .misdirected))
    }

    @Test("Elsewhere any name is answered, with the token")
    func token() {
        let policy = AccessPolicy(host: "0.0.0.0", token: "s3cret")
        let cases: [(AccessPolicy.Credentials, AccessPolicy.Decision)] = [
            (.init(host: "node-17:8080"), .unauthorized),
            (.init(host: "node-17", query: "s3cret"), .turnIntoCookie),
            (.init(host: "node-17", query: "s3cre"), .unauthorized),
            (.init(host: "node-17", query: ""), .unauthorized),
            (.init(host: "node-17", cookie: "s3cret"), .allow),
            (.init(host: "node-17", cookie: "s3crets3cret"), .unauthorized),
            (.init(host: "node-17", authorization: "Bearer s3cret"), .allow),
            (.init(host: "node-17", authorization: "bearer s3cret"), .allow),
            (.init(host: "node-17", authorization: "Basic s3cret"), .unauthorized),
            (.init(host: "node-17", authorization: "Bearer"), .unauthorized),
            // What is said wrongly isn't made good by a cookie.
            (.init(host: "node-17", authorization: "Bearer x", cookie: "s3cret"), .unauthorized),
        ]
        for (credentials, decision) in cases { #expect(policy.decide(credentials) == decision, "\(credentials)") }
    }

    @Test("A token on a loopback address is needed there, too")
    func both() {
        let policy = AccessPolicy(host: "localhost", token: "t")
        #expect(policy.decide(.init(host: "localhost")) == .unauthorized)
        #expect(policy.decide(.init(host: "localhost", cookie: "t")) == .allow)
        #expect(policy.decide(.init(host: "evil.example", cookie: "t")) == .misdirected)
    }
}
