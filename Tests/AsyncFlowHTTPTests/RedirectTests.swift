import Testing

@testable import AsyncFlowHTTP

@Suite("Where redirects lead")
struct RedirectTests {
    /// - Returns: the address, with `+` in front if it is still the first server's, or what is wrong.
    private func follow(_ url: String, _ locations: String?...) -> String {
        var redirects = Redirects(url)
        do {
            for location in locations { try redirects.follow(location) }
            return (redirects.isAtOrigin ? "+" : "") + redirects.url
        } catch {
            return error.text
        }
    }

    @Test("addresses are taken relative to the last one; user and password stay with the first server")
    func addresses() {
        #expect(follow("http://u:p@a/x/y?q=1", "z") == "+http://u:p@a/x/z")
        #expect(follow("http://u:p@a:80/x", "http://A/z?q=a%20b") == "+http://u:p@A/z?q=a%20b")
        #expect(follow("http://u:p@a/x", "http://a:8080/z") == "http://a:8080/z")
        #expect(follow("http://u:p@a/x", "//b/z") == "http://b/z")
        #expect(follow("http://u:p@a/x", "http://b/z", "http://a/back") == "http://a/back")
        #expect(follow("http://u:p@a/x", "http://other:word@a/z") == "+http://u:p@a/z")
        #expect(follow("http://a/x", "http://other:word@b/z") == "http://b/z")
        #expect(follow("http://u:p@a/x", "https://a/z") == "+https://u:p@a/z")
        #expect(follow("http://u:p@a:81/x", "https://a/z") == "https://a/z")
        #expect(follow("https://u:p@a/x", "https://a:444/z") == "https://a:444/z")
    }

    @Test("an unencrypted step, another scheme, what isn't a URL, and the eleventh aren't followed")
    func refusals() {
        #expect(follow("https://a/", "http://a/").contains("from https to http"))
        #expect(follow("http://a/", "https://b/", "http://a/").contains("from https to http"))
        #expect(follow("http://a/", "file:///etc/passwd").contains("isn't"))
        #expect(follow("http://a/", "ftp://b/x").contains("isn't http or https: ftp"))
        #expect(follow("http://a/", "http://").contains("isn't a URL"))
        #expect(follow("http://a/", nil).contains("isn't a URL"))
        var redirects = Redirects("http://a/")
        for number in 1...Redirects.limit { #expect(throws: Never.self) { try redirects.follow("/\(number)") } }
        #expect(throws: Redirects.Refusal.self) { try redirects.follow("/11") }
    }
}
