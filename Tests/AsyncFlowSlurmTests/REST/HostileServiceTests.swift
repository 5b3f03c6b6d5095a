import AsyncFlow
import AsyncFlowBase
import Foundation
import ScriptedHTTPServer
import TestSupport
import Testing

@testable import AsyncFlowSlurm
@testable import AsyncFlowSlurmREST

/// Answers that slurmrestd would never give, for `ASYNCFLOW_FUZZ_SECONDS` (10) from `ASYNCFLOW_FUZZ_SEED` on.
@Suite("Hostile: slurmrestd", .serialized, .timeLimit(.minutes(60)))
struct HostileServiceTests {
    private static let token = "top/secret+" + String(repeating: "0123456789", count: 20)

    private static let bodies = [
        #"{"paths": {"/slurm/v0.0.38/jobs": {}, "/slurm/v0.0.42/jobs/": {}}}"#, #"{"job_id": 7, "errors": []}"#,
        #"{"errors": [{"description": "TOKEN", "error_number": 2017, "error": "Invalid job id specified"}]}"#,
        #"{"errors": [], "jobs": [{"array_job_id": 1, "array_task_id": 0, "exit_code": 1792, "job_id": 2, "job_state": "FAILED", "name": "asyncflow-1", "batch_host": "TOKEN"}, {"array_job_id": 1, "array_task_id": null, "array_task_string": "2-3,5-99:2%4", "job_state": "PENDING", "name": "asyncflow-1"}]}"#,
        #"{"jobs": [{"array_job_id": {"set": true, "infinite": false, "number": 1}, "array_task_id": {"set": true, "number": 0}, "job_state": ["RUNNING"], "name": "asyncflow-1", "exit_code": {"return_code": {"set": true, "number": 7}, "signal": {"id": {"set": true, "number": 11}}}}]}"#,
        "<html>TOKEN</html>", "", "[[[[[[[[", #"{"jobs": "TOKEN"}"#,
    ]

    @Test("whatever the service answers, a question ends, nothing goes elsewhere, and no error has the token")
    func answers() async throws {
        let seed = TestRun.seed
        print("seed of the service: \(seed)")
        let mutation = Lock(Mutation(random: SeededGenerator(state: seed)))
        try await ScriptedServer.run { _ in
            .answer(body: "{}")
        } _: { other in
            let elsewhere = "http://127.0.0.1:\(other.port)/"
            try await ScriptedServer.run { request in
                mutation.withLock { Self.reply(&$0, request.path, elsewhere) }
            } _: { server in
                let script = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).sh").path
                defer { try? FileManager.default.removeItem(atPath: script) }
                try Data("#!/bin/sh\n".utf8).write(to: URL(filePath: script))
                var settings = SlurmBackend.Settings()
                settings.commandPatience = .milliseconds(250)
                let end = ContinuousClock.now + TestRun.fuzzDuration
                repeat {
                    let controller = RESTController(
                        SlurmREST("http://127.0.0.1:\(server.port)") { Self.token }, settings)
                    await controller.client.open()
                    let submission = JobSubmission(
                        name: "asyncflow-1", request: [], count: 1, folder: "/w", script: script)
                    await expectWords(seed) { try await controller.check() }
                    await expectWords(seed) {
                        for row in try await controller.queue() {
                            #expect(SlurmNumber.indices.contains(row.index), "seed \(seed)")
                        }
                    }
                    await expectWords(seed) {
                        let id = try await controller.submit(submission)
                        #expect(SlurmNumber.ids.contains(Int(id) ?? 0), "seed \(seed)")
                    }
                    await expectWords(seed) { try await controller.cancel(name: "asyncflow-1", ids: [], indices: nil) }
                    await controller.shutdown()
                    await controller.shutdown()
                } while ContinuousClock.now < end
            }
            #expect(other.requests.isEmpty, "seed \(seed)")
        }
    }

    private func expectWords(_ seed: UInt64, _ body: () async throws -> Void) async {
        do { try await body() } catch {
            let words = "\(error)"
            #expect(
                !words.contains("0123456789") && !words.contains("top/") && !words.contains("top%2F"),
                "seed \(seed): \(words)")
            let isHarmless = !words.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F }
            #expect(words.count < 4000 && isHarmless, "seed \(seed): \(words.debugDescription)")
        }
    }

    private static func reply(_ mutation: inout Mutation, _ path: String, _ elsewhere: String) -> ScriptedServer.Reply {
        // What comes after the first question is seen only if that is answered.
        if path == "/openapi/v3", Bool.random(using: &mutation.random) { return .answer(body: bodies[0]) }
        let form = mutation.pick([
            token, token.replacing("/", with: "\\/"), token.replacing("/", with: "%2F").replacing("+", with: "%2B"),
        ])
        let padding = String(repeating: "x", count: Int.random(in: 0...400, using: &mutation.random))
        // The token isn't changed itself: what it is changed into is none.
        let changed = mutation.changed(mutation.pick(bodies).utf8)
        let body = String(decoding: changed, as: UTF8.self).replacing("TOKEN", with: padding + form)
        let status = mutation.pick([200, 200, 200, 200, 302, 307, 400, 401, 404, 429, 500, 503, 511])
        switch Int.random(in: 0..<20, using: &mutation.random) {
        case 0: return .raw("", .close)
        case 1: return .raw(body, .close)
        case 2: return .answer(status, body: body, length: body.utf8.count + 1, .hang)
        case 3: return .raw("HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\n\(body)", .close)
        default:
            return .answer(
                status, [("Location", "\(elsewhere)?t=\(form)"), ("Retry-After", "9223372036854775807")], body: body)
        }
    }
}
