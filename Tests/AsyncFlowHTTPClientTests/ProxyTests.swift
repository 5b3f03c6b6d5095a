import Foundation
import Testing

@testable import AsyncFlowHTTPClient

@Suite("Which requests go through which proxy")
struct ProxyTests {
    /// - Returns: host and port, `-` for none, or what is wrong.
    private func choice(_ url: String, _ environment: [String: String]) -> String {
        do {
            let proxy = try ProxySettings(environment: environment).proxy(for: URL(string: url)!)
            return proxy.map { "\($0.kind) \($0.host):\($0.port)" } ?? "-"
        } catch {
            return error.description
        }
    }

    @Test("the variables, in lower and upper case, for http and https, and for all")
    func variables() {
        let http = "http://example.org/"
        let https = "https://example.org/"
        #expect(choice(http, [:]) == "-")
        #expect(choice(http, ["http_proxy": "http://p:3128"]) == "http p:3128")
        #expect(choice(https, ["http_proxy": "http://p:3128"]) == "-")
        #expect(choice(https, ["https_proxy": "p:3128"]) == "http p:3128")
        #expect(choice(https, ["HTTPS_PROXY": "http://P.example.org"]) == "http P.example.org:1080")
        #expect(choice(https, ["https_proxy": "http://small:1", "HTTPS_PROXY": "http://large:1"]) == "http small:1")
        #expect(choice(https, ["https_proxy": "", "HTTPS_PROXY": "http://large:1"]) == "http large:1")
        #expect(choice(http, ["ALL_PROXY": "socks5h://s"]) == "socks5 s:1080")
        #expect(choice(http, ["all_proxy": "socks5://s", "http_proxy": "https://p"]) == "https p:443")
        #expect(choice(http, ["http_proxy": "http://[2001:db8::1]:8080/"]) == "http 2001:db8::1:8080")
        #expect(choice("http+unix://%2Frun%2Fs/", ["all_proxy": "http://p:1"]) == "-")
    }

    @Test("HTTP_PROXY counts, but not in a CGI program, where a client's header sets it")
    func cgi() {
        #expect(choice("http://a/", ["HTTP_PROXY": "http://p:1"]) == "http p:1")
        #expect(choice("http://a/", ["HTTP_PROXY": "http://p:1", "REQUEST_METHOD": "GET"]) == "-")
        #expect(choice("http://a/", ["http_proxy": "http://p:1", "REQUEST_METHOD": "GET"]) == "http p:1")
    }

    @Test(
        "no_proxy names hosts, domains, addresses, networks, ports, or everything",
        arguments: [
            ("*", "http://example.org/", true), ("a.org, example.org", "http://example.org/", true),
            ("example.org", "http://www.EXAMPLE.org/", true), (".example.org", "http://example.org/", true),
            ("*.example.org", "http://a.b.example.org/", true), ("example.org.", "http://example.org/", true),
            ("example.org", "http://example.org./", true), ("example.org", "http://notexample.org/", false),
            ("example.org", "http://example.org.evil.net/", false), ("", "http://example.org/", false),
            ("example.org:8080", "http://example.org:8080/", true), ("example.org:8080", "http://example.org/", false),
            ("example.org:80", "http://example.org/", true), ("example.org:443", "https://example.org/", true),
            ("10.0.0.0/8", "http://10.200.3.4/", true), ("10.0.0.0/8", "http://11.0.0.1/", false),
            ("192.168.4.0/22", "http://192.168.7.255/", true), ("192.168.4.0/22", "http://192.168.8.0/", false),
            ("0.0.0.0/0", "http://8.8.8.8/", true), ("0.0.0.0/0", "http://example.org/", false),
            ("10.1.2.3", "http://10.1.2.3/", true), ("10.1.2.3:81", "http://10.1.2.3/", false),
            ("2001:db8::/32", "http://[2001:db8:1::7]/", true), ("[2001:db8::7]:8080", "http://[2001:db8::7]/", false),
            ("[2001:db8::7]:8080", "http://[2001:db8::7]:8080/", true), ("10.0.0.0/99", "http://10.0.0.1/", false),
            ("1.2.3", "http://10.1.2.3/", false), ("a b\texample.org", "http://example.org/", true),
        ])
    func exemptions(list: String, url: String, isDirect: Bool) {
        let found = choice(url, ["all_proxy": "http://p:1", "no_proxy": list])
        #expect(found == (isDirect ? "-" : "http p:1"))
    }

    @Test(
        "a loopback address is never asked of a proxy",
        arguments: [
            "localhost", "LOCALHOST.", "a.localhost", "127.0.0.1", "127.9.9.9", "[::1]", "[::ffff:127.0.0.1]",
        ])
    func loopback(host: String) {
        #expect(choice("http://\(host):4318/", ["all_proxy": "http://p:1"]) == "-")
        #expect(choice("https://\(host)/", ["all_proxy": "http://p:1"]) == "-")
    }

    @Test("a proxy that can't be used is named by its variable, and its password by nobody")
    func unusable() throws {
        let url = "https://example.org/"
        #expect(
            choice(url, ["HTTPS_PROXY": "socks4://u:hunter2@p"])
                == "the proxy in HTTPS_PROXY can't be used: "
                + "its scheme must be http, https, socks5 or socks5h, got 'socks4'"
        )
        #expect(choice(url, ["https_proxy": "https://p"]).contains("that itself is https"))
        #expect(choice(url, ["https_proxy": "socks5://u:hunter2@p"]).contains("SOCKS proxy aren't supported"))
        #expect(choice(url, ["https_proxy": "http://u:hunter2@:80"]).contains("it must be a URL such as"))
        for value in ["http://", "://", "http://p:99999999999999999999", "http://u:hunter2@p:0", "%", "http://\u{7F}"] {
            #expect(!choice(url, ["https_proxy": value]).contains("hunter2"))
        }
        let proxy = try #require(
            try ProxySettings(environment: ["https_proxy": "http://u%40x:hunter2%3A@p:1"]).proxy(for: URL(string: url)!)
        )
        #expect(proxy.credentials == URLCredentials(user: "u@x", password: "hunter2:"))
        #expect(!"\(proxy)".contains("hunter2") && !String(reflecting: proxy).contains("hunter2"))
        var dumped = ""
        dump(proxy, to: &dumped)
        #expect(!dumped.contains("hunter2"))
    }
}
