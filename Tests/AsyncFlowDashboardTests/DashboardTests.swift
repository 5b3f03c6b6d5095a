import AsyncFlow
import AsyncFlowTelemetry
import AsyncFlowWebServer
import Foundation
import Hummingbird
import HummingbirdTesting
import Logging
import Testing

@testable import AsyncFlowDashboard

extension Dashboard.Configuration {
    /// On any free port, without a word.
    static func quiet(token: String? = nil, host: String = "127.0.0.1", keepOpen: Duration = .zero) -> Self {
        .init(
            port: 0, host: host, token: token, keepOpen: keepOpen,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }
}

/// The fields of an answer that is an object.
func object(_ text: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
}

private func body(_ answer: String) -> String {
    answer.range(of: "\r\n\r\n").map { String(answer[$0.upperBound...]) } ?? ""
}

@Suite("The dashboard's server", .timeLimit(.minutes(3)))
struct DashboardTests {
    struct Broken: Error {}

    @Test("Answers what the page asks, in the numbers of the engine")
    func routes() async throws {
        let flow = WorkflowEngine()
        let dashboard = try await flow.startDashboard(.quiet())
        let number = flow.functionTask("number") { (value: Int) in value }
        let bad = flow.functionTask("bad") { (_: Int) -> Int in throw Broken() }
        let numbers = flow.withWorkflowScope("one") { (0..<20).map { number($0) } }
        let failed = bad(numbers[3])
        let never = number(failed)
        _ = try? await never.value
        for future in numbers { _ = try await future.value }
        await dashboard.flush()

        let run = try object(body(SocketClient.ask(dashboard.port, "/api/run", headers: "")).dechunked)
        let totals = try #require(run["totals"] as? [String: Int])
        #expect(totals["done"] == 20 && totals["failed"] == 2 && totals["created"] == 22, "\(totals)")
        #expect(run["live"] as? Bool == true && run["version"] as? Int == 1)
        #expect((run["session"] as? [String: Any])?["id"] as? String == flow.id)
        #expect((run["workflows"] as? [[String: Any]])?.first?["id"] as? String == "one")

        let list = try object(body(SocketClient.ask(dashboard.port, "/api/tasks?state=failed&limit=1")))
        #expect(list["total"] as? Int == 2)
        let first = try #require((list["tasks"] as? [[String: Any]])?.first)
        let place = try #require(first["number"] as? Int)
        let task = try object(body(SocketClient.ask(dashboard.port, "/api/task/\(place)")))
        #expect(task["id"] as? String == "\(failed.id)" && task["name"] as? String == "bad")
        #expect((task["error"] as? [String: Any])?["type"] as? String == "Broken")
        #expect((task["dependents"] as? [[String: Any]])?.count == 1)

        for by in ["worker", "workflow"] {
            let lanes = try object(
                body(SocketClient.ask(dashboard.port, "/api/lanes?by=\(by)&from=0&to=1e6&width=800")))
            let spans = try #require(lanes["lanes"] as? [[String: Any]]).flatMap { $0["spans"] as? [Any] ?? [] }
            #expect(spans.count == 21, "\(by)")
        }
        await flow.shutdown()
    }

    @Test(
        "What can't be answered is refused in a sentence",
        arguments: [
            ("/api/task/99", 404), ("/api/task/-1", 404), ("/api/task/x", 400), ("/api/lanes?by=colour", 400),
            ("/api/lanes?from=nan", 400), ("/api/lanes?from=2&to=1", 400), ("/api/tasks?state=odd", 400),
            ("/api/tasks?limit=all", 400), ("/api/nothing", 404), ("/../etc/passwd", 404),
            ("/api/tasks?offset=9223372036854775807&limit=9223372036854775807", 200),
            ("/api/lanes?width=9223372036854775807", 200), ("/api/tasks?name=77", 200),
        ])
    func refusals(path: String, code: Int) async throws {
        let routes = DashboardRoutes(
            feed: RunFeed(engineID: "e", cores: 1) {}, hub: UpdateHub(),
            policy: AccessPolicy(host: "localhost", token: nil), questions: QuestionBoard(),
            cookieName: "c")
        try await Application(router: routes.router()).test(.router) { client in
            try await client.execute(uri: path, method: .get, headers: [.init("host")!: "localhost"]) { response in
                #expect(response.status.code == code)
                #expect(code == 200 || String(buffer: response.body).hasSuffix(".\n"))
                #expect(response.headers[.cacheControl] == "no-store")
            }
        }
    }

    @Test("The page forbids itself everything but what is its own")
    func policy() async throws {
        let flow = WorkflowEngine()
        let dashboard = try await flow.startDashboard(.quiet())
        let answers = try (0..<2).map { _ in try SocketClient.ask(dashboard.port, "/") }
        let nonces = try answers.map { answer in
            let start = try #require(answer.range(of: "script-src 'nonce-")).upperBound
            return String(answer[start...].prefix(32))
        }
        #expect(nonces[0] != nonces[1])
        for (answer, nonce) in zip(answers, nonces) {
            #expect(answer.contains("default-src 'none'") && answer.contains("frame-ancestors 'none'"))
            #expect(answer.contains("<script nonce=\"\(nonce)\">") && answer.contains("<style nonce=\"\(nonce)\">"))
            #expect(!answer.contains("{{") && !answer.contains("http://www.google") && !answer.contains("unsafe"))
            #expect(answer.contains("X-Content-Type-Options: nosniff"))
        }
        #expect(try SocketClient.ask(dashboard.port, "/", host: "evil.example").hasPrefix("HTTP/1.1 421"))
        await flow.shutdown()
    }

    @Test("A token in the address becomes a cookie that lets in")
    func token() async throws {
        let flow = WorkflowEngine()
        let dashboard = try await flow.startDashboard(.quiet(token: "a b&ü"))
        #expect(dashboard.url.hasSuffix("/?token=a%20b%26%C3%BC"))
        let path = "/?token=a%20b%26%C3%BC"
        #expect(try SocketClient.ask(dashboard.port, "/api/run").hasPrefix("HTTP/1.1 401"))
        #expect(try SocketClient.ask(dashboard.port, "/?token=a").hasPrefix("HTTP/1.1 401"))
        let answer = try SocketClient.ask(dashboard.port, path)
        #expect(answer.hasPrefix("HTTP/1.1 303") && answer.contains("Location: /\r\n"))
        let cookie = try #require(answer.split(separator: "\r\n").first { $0.hasPrefix("Set-Cookie: ") }).dropFirst(12)
        #expect(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"))
        let pair = cookie.prefix { $0 != ";" }
        #expect(try SocketClient.ask(dashboard.port, "/", headers: "Cookie: \(pair)\r\n").hasPrefix("HTTP/1.1 200"))
        let bearer = "Authorization: Bearer a b&ü\r\n"
        #expect(try SocketClient.ask(dashboard.port, "/api/run", headers: bearer).hasPrefix("HTTP/1.1 200"))
        await flow.shutdown()
    }

    @Test("Bound to all addresses it has a token of its own")
    func anyAddress() async throws {
        let flow = WorkflowEngine()
        let dashboard = try await flow.startDashboard(.quiet(host: "0.0.0.0"))
        let token = try #require(dashboard.url.range(of: "?token=").map { dashboard.url[$0.upperBound...] })
        #expect(token.count == 32)
        #expect(try SocketClient.ask(dashboard.port, "/").hasPrefix("HTTP/1.1 401"))
        #expect(try SocketClient.ask(dashboard.port, "/?token=\(token)", host: "node").hasPrefix("HTTP/1.1 303"))
        await flow.shutdown()
    }

    @Test("A port in use, one that is none, an address of another machine, and an empty token are errors that say so")
    func errors() async throws {
        let flow = WorkflowEngine()
        let dashboard = try await flow.startDashboard(.quiet())
        var cases: [(Dashboard.Configuration, String)] = []
        func add(_ text: String, _ change: (inout Dashboard.Configuration) -> Void) {
            var configuration = Dashboard.Configuration.quiet()
            change(&configuration)
            cases.append((configuration, text))
        }
        add("another program uses that port") { $0.port = dashboard.port }
        add("ports must be from 0 to 65535") { $0.port = 70_000 }
        add("doesn't have that address") { $0.host = "192.0.2.1" }
        add("token is empty") { $0.token = "" }
        for (configuration, text) in cases {
            do {
                try await flow.startDashboard(configuration)
                Issue.record("it listens: \(text)")
            } catch let error as DashboardError {
                #expect(error.description.contains(text), "\(error)")
            }
        }
        await flow.shutdown()
    }

    @Test("Nothing listens after the engine's end, nor after a stop, and the run goes on after a stop")
    func stops() async throws {
        let flow = WorkflowEngine()
        let first = try await flow.startDashboard(.quiet())
        let second = try await flow.startDashboard(.quiet())
        await first.stop()
        await first.stop()
        #expect(throws: SocketClient.Failure.self) { try SocketClient(port: first.port) }
        let task = flow.functionTask("t") { 1 }
        #expect(try await task().value == 1)
        await flow.shutdown()
        await second.waitUntilStopped()
        #expect(throws: SocketClient.Failure.self) { try SocketClient(port: second.port) }
    }

    @Test("Kept open, the last state can still be seen, with what made the run long")
    func keptOpen() async throws {
        let flow = WorkflowEngine()
        let dashboard = try await flow.startDashboard(.quiet(keepOpen: .seconds(600)))
        let task = flow.functionTask("t") { 1 }
        _ = try await task().value
        await flow.shutdown()
        let client = try SocketClient(port: dashboard.port)
        client.get("/api/events")
        let stream = client.read(until: "event: end")
        #expect(stream.contains("\"live\":false") && stream.contains("\"critical_path\""))
        #expect(try SocketClient.ask(dashboard.port, "/api/run").contains("\"findings\""))
        await dashboard.stop()
        #expect(throws: SocketClient.Failure.self) { try SocketClient(port: dashboard.port) }
    }

    @Test("A browser that has gone is forgotten")
    func gone() async throws {
        let flow = WorkflowEngine()
        let dashboard = try await flow.startDashboard(.quiet())
        let client = try SocketClient(port: dashboard.port)
        client.get("/api/events")
        #expect(client.read(until: "event: update").contains("text/event-stream"))
        #expect(dashboard.clientCount == 1)
        client.close()
        await dashboard.waitUntilNobodyLooks()
        #expect(dashboard.clientCount == 0)
        await flow.shutdown()
    }

    @Test("A browser that reads nothing holds up neither the run, nor others, nor the end")
    func slow() async throws {
        let flow = WorkflowEngine()
        let dashboard = try await flow.startDashboard(.quiet(keepOpen: .seconds(600)))
        let stuck = try SocketClient(port: dashboard.port, receiveBuffer: 2048)
        stuck.get("/api/events")
        let reader = try SocketClient(port: dashboard.port)
        reader.get("/api/events")
        _ = reader.read(until: "event: update")
        // Names so long that what is sent doesn't fit into any buffer on the way.
        let long = String(repeating: "x", count: 8000)
        for index in 0..<400 {
            let task = flow.functionTask("\(index)\(long)") { index }
            _ = try await task().value
        }
        await flow.shutdown()
        let stream = reader.read(until: "event: end")
        #expect(stream.contains("\"done\":400"))
        await dashboard.stop()
        #expect(throws: SocketClient.Failure.self) { try SocketClient(port: dashboard.port) }
    }

    @Test("What a browser doesn't read doesn't hold up the end", arguments: ["/api/events", "/api/run"])
    func unread(path: String) async throws {
        let flow = WorkflowEngine()
        let dashboard = try await flow.startDashboard(.quiet(keepOpen: .seconds(600)))
        let long = String(repeating: "x", count: 8000)
        for index in 0..<1000 { _ = try await flow.functionTask("\(index)\(long)") { index }().value }
        await flow.shutdown()
        // All of it is there, and is written at once; what doesn't fit into any buffer on the way waits for the
        // browser.
        let stuck = try SocketClient(port: dashboard.port, receiveBuffer: 2048)
        stuck.get(path)
        #expect(stuck.read(until: "\n").hasPrefix("HTTP/1.1 200"))
        await dashboard.stop()
        #expect(throws: SocketClient.Failure.self) { try SocketClient(port: dashboard.port) }
    }

    @Test("Browsers that come while it closes are no trouble")
    func arrivals() async throws {
        let (left, leaves) = AsyncStream.makeStream(of: Void.self)
        for _ in 0..<20 {
            let server = WebServer()
            let port = try await server.start(Router(), host: "127.0.0.1", port: 0)
            let (came, comes) = AsyncStream.makeStream(of: Void.self)
            for _ in 0..<4 {
                Thread.detachNewThread {
                    while (try? SocketClient(port: port)) != nil { comes.yield() }
                    leaves.yield()
                }
            }
            for await _ in came.prefix(20) {}
            server.stop()
            await withCheckedContinuation { continuation in server.whenOver { continuation.resume() } }
        }
        for await _ in left.prefix(80) {}
    }
}

extension String {
    /// The content of an answer that came in pieces.
    fileprivate var dechunked: String {
        var bytes = Array(utf8)[...]
        var result: [UInt8] = []
        while let end = bytes.firstIndex(of: 0x0D),
            let size = Int(String(decoding: bytes[..<end], as: UTF8.self), radix: 16),
            size > 0
        {
            result += bytes.dropFirst(end - bytes.startIndex + 2).prefix(size)
            bytes = bytes.dropFirst(end - bytes.startIndex + 2 + size + 2)
        }
        return result.isEmpty ? self : String(decoding: result, as: UTF8.self)
    }
}
