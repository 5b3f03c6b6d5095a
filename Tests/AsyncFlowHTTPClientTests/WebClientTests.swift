import AsyncHTTPClient
import Foundation
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import ScriptedHTTPServer
import Testing

@testable import AsyncFlowHTTPClient

@Suite("The client that all modules share", .timeLimit(.minutes(1)))
struct WebClientTests {
    private func client(
        _ environment: [String: String] = [:], _ change: (inout WebClient.Configuration) -> Void = { _ in }
    ) -> WebClient {
        var configuration = WebClient.Configuration(proxies: ProxySettings(environment: environment))
        change(&configuration)
        return WebClient(configuration)
    }

    private func text(_ client: WebClient, _ url: String) async throws -> String {
        try await client.use {
            let response = try await client.send(HTTPClientRequest(url: url), timeout: .seconds(30))
            return String(buffer: try await response.body.collect(upTo: 1000))
        }
    }

    @Test("user and password of a URL are sent as a header, decoded, and aren't part of the request's address")
    func credentials() async throws {
        try await ScriptedServer.run({ _ in .answer(body: "x") }) { server in
            let url = "http://bob%40x:hunt%20er2@127.0.0.1:\(server.port)/a?b=c%20d"
            #expect(try await text(client(), url) == "x")
            let request = try #require(server.requests.first)
            #expect(request.path == "/a?b=c%20d")
            #expect(request.headers["authorization"] == ["Basic \(Data("bob@x:hunt er2".utf8).base64EncodedString())"])
            #expect(request.headers["host"] == ["127.0.0.1:\(server.port)"])
        }
    }

    @Test("a redirect isn't followed")
    func redirect() async throws {
        try await ScriptedServer.run({ _ in .answer(302, [("Location", "/other")]) }) { server in
            let client = client()
            let status = try await client.use {
                try await client.send(HTTPClientRequest(url: server.url("/"))).status
            }
            #expect(status == .found)
            #expect(server.requests.count == 1)
        }
    }

    @Test("the last user's leaving ends the connections, and whoever isn't a user gets no answer")
    func users() async throws {
        try await ScriptedServer.run { server in
            let client = client()
            await #expect(throws: WebClientError.closed) { try await client.send(HTTPClientRequest(url: server.url())) }
            client.open()
            client.open()
            _ = try await client.send(HTTPClientRequest(url: server.url())).body.collect(upTo: 10)
            await client.close()
            _ = try await client.send(HTTPClientRequest(url: server.url())).body.collect(upTo: 10)
            await client.close()
            await server.waitForDeparture()
            await #expect(throws: WebClientError.closed) { try await client.send(HTTPClientRequest(url: server.url())) }
            #expect(try await text(client, server.url()) == "")
        }
    }

    @Test("a client that nobody closed ends its connections with itself")
    func dropped() async throws {
        try await ScriptedServer.run { server in
            do {
                let client = client()
                client.open()
                _ = try await client.send(HTTPClientRequest(url: server.url())).body.collect(upTo: 10)
            }
            await server.waitForDeparture()
        }
    }

    @Test("a proxy is asked for http URLs with the whole URL, its own user and password, and the server's name")
    func plainProxy() async throws {
        try await ScriptedServer.run({ .answer(body: $0.path) }) { proxy in
            let client = client(["http_proxy": "http://me:secret@127.0.0.1:\(proxy.port)"])
            let url = "http://u:p@files.example.org:8080/a%20b?c=d"
            #expect(try await text(client, url) == "http://files.example.org:8080/a%20b?c=d")
            #expect(try await text(client, "http://files.example.org") == "http://files.example.org/")
            #expect(try await text(client, "http://[2001:db8::1]/x") == "http://[2001:db8::1]/x")
            let headers = try #require(proxy.requests.first).headers
            #expect(headers["proxy-authorization"] == ["Basic \(Data("me:secret".utf8).base64EncodedString())"])
            #expect(headers["authorization"] == ["Basic \(Data("u:p".utf8).base64EncodedString())"])
            #expect(headers["host"] == ["files.example.org:8080"])
        }
    }

    @Test("a proxy is asked for a tunnel for https URLs, and a tunnel that it refuses is told in words")
    func tunnel() async throws {
        try await ScriptedServer.run({ $0.number == 1 ? .answer(407) : .answer(403) }) { proxy in
            let client = client(["https_proxy": "http://me:secret@127.0.0.1:\(proxy.port)"])
            var texts: [String] = []
            for _ in 1...2 {
                do { _ = try await text(client, "https://u:p@files.example.org/a") } catch {
                    texts.append(webErrorText(error))
                }
            }
            #expect(texts.count == 2)
            #expect(texts.first?.hasPrefix("the proxy requires a user and a password") == true)
            #expect(texts.last == "the proxy refused to open a connection to the server")
            let request = try #require(proxy.requests.first)
            #expect(request.path == "files.example.org:443")
            #expect(request.headers["proxy-authorization"].count == 1)
            #expect(request.headers["authorization"].isEmpty)
        }
    }

    @Test("a request without a Swift task is answered, bounded, and can be cancelled")
    func callback() async throws {
        func send(_ client: WebClient, _ url: String, cancel: Bool = false) async -> String {
            let pending = NIOLockedValueBox<WebClient.Pending?>(nil)
            return await withCheckedContinuation { continuation in
                let made = client.send(
                    .POST, url, ["x": "y"], ByteBuffer(string: "body"), timeout: .seconds(30), upTo: 10
                ) { result in
                    switch result {
                    case .success(let response): continuation.resume(returning: String(buffer: response.body!))
                    case .failure(let error): continuation.resume(returning: webErrorText(error))
                    }
                }
                pending.withLockedValue { $0 = made }
                if cancel { made.cancel() }
            }
        }
        try await ScriptedServer.run({ request in
            switch request.path {
            case "/long": .answer(body: "0123456789a")
            case "/never": .raw("", .hang)
            default: .answer(body: request.body)
            }
        }) { server in
            let client = client()
            #expect(await send(client, server.url()) == "the HTTP client is closed")
            client.open()
            #expect(await send(client, server.url()) == "body")
            #expect(await send(client, server.url("/long")) == "the answer is too long")
            #expect(await send(client, server.url("/never"), cancel: true) == "cancelled")
            #expect(await send(client, "nonsense") == "its address isn't a URL with scheme and host")
            await client.close()
        }
    }

    @Test("what can't be reached is told in words")
    func words() async throws {
        let port = try await ScriptedServer.run { $0.port }  // nobody listens there any more
        for (url, words) in [
            ("http://127.0.0.1:\(port)/", "Connection refused"), ("http://localhost:\(port)/", "Connection refused"),
            ("/path", "its address isn't a URL with scheme and host"),
        ] {
            do {
                _ = try await text(client(), url)
                Issue.record("\(url) was answered")
            } catch {
                #expect(webErrorText(error) == words)
            }
        }
    }

    @Test("files of certificates that aren't any are named before the first request")
    func certificates() throws {
        func problem(_ files: TLSFiles) -> String {
            do {
                try client { $0.files = files }.check("https://example.org")
                return ""
            } catch { return "\(error)" }
        }
        #expect(
            problem(TLSFiles(authorities: "/none/ca.pem")).hasPrefix(
                "the certificates of authorities in /none/ca.pem can't"))
        #expect(problem(TLSFiles(certificate: "/none/c.pem")).contains("needs its private key"))
        #expect(problem(TLSFiles(key: "/none/k.pem")).contains("needs its certificate"))
        #expect(problem(TLSFiles()).isEmpty)
    }
}
