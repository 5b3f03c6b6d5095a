import AsyncFlow
import AsyncFlowBase
import Foundation
import Testing

@testable import AsyncFlowDashboard

@Suite("Questions on the dashboard", .timeLimit(.minutes(3)))
struct QuestionTests {
    private static let json = "Content-Type: application/json\r\n"

    private func post(
        _ port: Int, _ name: String, _ body: String, host: String = "localhost", headers: String = json
    ) throws -> String {
        let client = try SocketClient(port: port)
        client.send(
            "POST /api/signals/\(name) HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n\(headers)"
                + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
        return client.read()
    }

    private func status(_ answer: String) -> Int {
        Int(answer.split(separator: " ", maxSplits: 2).dropFirst().first ?? "") ?? 0
    }

    /// A dashboard with one question, and the answers that it got.
    private func withQuestion(token: String? = nil, _ body: (Dashboard, Answers) async throws -> Void)
        async throws
    {
        let flow = WorkflowEngine()
        let dashboard = try await flow.startDashboard(.quiet(token: token))
        let taken = Answers()
        let question = QuestionBoard.Question(
            name: "approve", type: "Bool", text: "Publish </script>?", since: 1.5, deadline: nil)
        _ = flow.questions.ask(question) { json in
            let text = String(decoding: json, as: UTF8.self)
            guard text == "true" else { return .refused("that is no Bool") }
            taken.list.withLock { $0.append(text) }
            return .taken
        }
        try await body(dashboard, taken)
        await flow.shutdown()
    }

    private final class Answers: Sendable {
        let list = Lock<[String]>([])
        var all: [String] { list.withLock { $0 } }
    }

    @Test("are shown, and answered by a request with JSON")
    func answering() async throws {
        try await withQuestion { dashboard, taken in
            let shown = try SocketClient.ask(dashboard.port, "/api/questions")
            #expect(shown.contains("\"name\":\"approve\"") && shown.contains("\"type\":\"Bool\""))
            try #expect(status(post(dashboard.port, "approve", "true")) == 200)
            #expect(taken.all == ["true"])
            let refused = try post(dashboard.port, "approve", "3")
            #expect(status(refused) == 422 && refused.contains("that is no Bool"))
            try #expect(status(post(dashboard.port, "nobody", "true")) == 404)
            try #expect(status(post(dashboard.port, "%zz", "true")) == 404)
            let large = try post(dashboard.port, "approve", String(repeating: "1", count: 300_000))
            #expect(status(large) == 413)
            #expect(taken.all == ["true"])
        }
    }

    @Test(
        "take nothing from another site's page",
        arguments: [
            ("Content-Type: text/plain\r\n", 415), ("", 415),
            (json + "Origin: http://evil.example\r\n", 403), (json + "Origin: null\r\n", 403),
            (json + "Sec-Fetch-Site: cross-site\r\n", 403), (json + "Sec-Fetch-Site: same-site\r\n", 403),
            (json + "Origin: http://localhost\r\nSec-Fetch-Site: same-origin\r\n", 200),
        ])
    func foreign(headers: String, expected: Int) async throws {
        try await withQuestion { dashboard, taken in
            try #expect(status(post(dashboard.port, "approve", "true", headers: headers)) == expected)
            #expect(taken.all.count == (expected == 200 ? 1 : 0))
        }
    }

    @Test("need the token, and the server's own name")
    func token() async throws {
        try await withQuestion(token: "secret") { dashboard, taken in
            try #expect(status(post(dashboard.port, "approve", "true")) == 401)
            try #expect(status(SocketClient.ask(dashboard.port, "/api/questions")) == 401)
            let bearer = Self.json + "Authorization: Bearer secret\r\n"
            try #expect(status(post(dashboard.port, "approve", "true", host: "evil.example", headers: bearer)) == 421)
            #expect(taken.all.isEmpty)
            try #expect(status(post(dashboard.port, "approve", "true", headers: bearer)) == 200)
        }
    }
}
