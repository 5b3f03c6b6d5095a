import AsyncFlow
import Foundation
import Hummingbird
import ScriptedHTTPServer
import Testing

@testable import AsyncFlowDashboard
@testable import AsyncFlowWebServer

@Suite("Which connections a server keeps")
struct ConnectionTableTests {
    private typealias Table = ConnectionTable<Int>
    private static let limits = Table.Limits(connections: 2, request: .seconds(10), idle: .seconds(30))

    @Test("a connection that asks nothing is late, one that is answered isn't")
    func late() {
        var table = Table(Self.limits)
        #expect(table.opened(1, at: .seconds(1)) == .accepted(until: .seconds(11)))
        #expect(!table.isLate(1, at: .seconds(10)))
        #expect(table.isLate(1, at: .seconds(11)))
        table.requested(1)
        #expect(!table.isLate(1, at: .seconds(1000)))
        #expect(table.answered(1, at: .seconds(1000)) == .seconds(1030))
        #expect(!table.isLate(1, at: .seconds(1029)))
        #expect(table.isLate(1, at: .seconds(1030)))
        table.closed(1)
        #expect(!table.isLate(1, at: .seconds(9999)))
        #expect(table.answered(1, at: .seconds(9999)) == nil)
    }

    @Test("of too many, the one that waits longest gives way; those that are answered don't")
    func tooMany() {
        var table = Table(Self.limits)
        _ = table.opened(1, at: .seconds(1))
        _ = table.opened(2, at: .seconds(2))
        #expect(table.opened(3, at: .seconds(3)) == .instead(of: 1, until: .seconds(13)))
        table.requested(2)
        #expect(table.opened(4, at: .seconds(4)) == .instead(of: 3, until: .seconds(14)))
        table.requested(4)
        #expect(table.opened(5, at: .seconds(5)) == .refused)
        #expect(table.count == 2)
        _ = table.answered(2, at: .seconds(6))
        #expect(table.opened(6, at: .seconds(7)) == .instead(of: 2, until: .seconds(17)))
    }
}

/// The last test goes on for `ASYNCFLOW_FUZZ_SECONDS` (10 by default); `ASYNCFLOW_FUZZ_SEED` repeats a failure.
@Suite("Hostile clients of the dashboard", .serialized)
struct HostileClientTests {
    @Test(
        "hundreds of connections that ask nothing are closed, and neither commands nor browsers suffer",
        .timeLimit(.minutes(3)))
    func idle() async throws {
        let flow = WorkflowEngine()
        let dashboard = try await flow.startDashboard(.quiet(token: "secret"))
        let clients = try (0..<300).map { _ in try SocketClient(port: dashboard.port) }
        // All but the last 64 were closed by the server: reading ends.
        for client in clients.prefix(200) { #expect(client.read().isEmpty) }
        #expect(
            try SocketClient.ask(dashboard.port, "/", headers: "Authorization: Bearer secret\r\n").contains("200 OK"))
        #expect(try await flow.executableTask("t") { "echo x" }().value == "x\n")
        withExtendedLifetime(clients) {}
        await flow.shutdown()
    }

    @Test(
        "half a head, and one that comes byte by byte, are closed in time; one in time is answered",
        .timeLimit(.minutes(3)))
    func slow() async throws {
        let server = WebServer(connections: 8, requestTime: .milliseconds(300), idleTime: .milliseconds(300))
        let router = Router()
        router.get("/") { _, _ in "here" }
        let port = try await server.start(router, host: "127.0.0.1", port: 0)
        let half = try SocketClient(port: port)
        half.send("GET / HTTP/1.1\r\nHost: loc")
        let drip = try SocketClient(port: port)
        let idle = try SocketClient(port: port)
        idle.get("/")
        #expect(idle.read(until: "here").contains("200 OK"))
        // Nothing more comes, but the end.
        #expect(half.read().isEmpty)
        #expect(idle.read().isEmpty)
        drip.send("G")
        #expect(drip.read().isEmpty)
        #expect(try SocketClient.ask(port, "/").contains("here"))
        await withCheckedContinuation { continuation in
            server.whenOver { continuation.resume() }
            server.stop()
        }
    }

    @Test(
        "heads that are huge or nonsense are answered or closed, and the page is still there", .timeLimit(.minutes(60)))
    func nonsense() async throws {
        var hostile = HostileText([
            "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "GET /api/run HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
            "GET /api/lanes?by=worker&from=0&to=1e6&width=800 HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "GET /api/tasks?offset=0&limit=10 HTTP/1.1\r\nHost: localhost\r\nCookie: a=b\r\n\r\n",
            "GET /api/task/1 HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nabc",
            "GET /?token=x HTTP/1.1\r\nHost: evil.example\r\n\r\n",
            "GET " + String(repeating: "a", count: 200_000) + " HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: localhost\r\n" + String(repeating: "x: y\r\n", count: 20_000) + "\r\n",
        ])
        let flow = WorkflowEngine()
        let dashboard = try await flow.startDashboard(.quiet())
        _ = try await flow.functionTask("one") { 1 }().value
        await dashboard.flush()
        while !hostile.isOver {
            let clients = try (0..<20).map { _ in try SocketClient(port: dashboard.port) }
            for client in clients { client.send(hostile.nextText()) }
            for client in clients { client.close() }
            let answer = try SocketClient.ask(dashboard.port, "/api/task/1")
            #expect(answer.contains("200 OK") || answer.contains("404"), "seed \(hostile.seed): \(answer)")
        }
        await flow.shutdown()
    }
}
