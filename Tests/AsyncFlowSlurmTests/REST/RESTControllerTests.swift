import AsyncFlow
import AsyncFlowBase
import Foundation
import NIOHTTP1
import ScriptedHTTPServer
import Testing

@testable import AsyncFlowSlurm
@testable import AsyncFlowSlurmREST

@Suite("A slurmrestd that misbehaves", .timeLimit(.minutes(2)))
struct RESTControllerTests {
    private static let versions = #"{"paths": {"/slurm/v0.0.38/jobs": {}}}"#
    private static let nobody = #"{"errors": [], "jobs": []}"#

    @Test(
        "what can't be used says so when the engine starts",
        arguments: [
            (404, "<html>no such page</html>", "HTTP status 404: <html>no such page</html>"),
            (200, "<html>welcome</html>", "answered '<html>welcome</html>', which can't be understood"),
            (200, "", "answered '', which can't be understood"),
            (200, #"{"paths": {"/slurm/v0.0.36/jobs": {}}}"#, "offers v0.0.36, none of which is supported"),
            (401, "Authentication failure", "a valid token is required"),
        ])
    func unusable(_ status: Int, _ body: String, _ words: String) async throws {
        try await ScriptedServer.run { _ in
            .answer(status, body: body)
        } _: { server in
            let error = await #expect(throws: SlurmJobError.self) { try await controller(server).check() }
            #expect(error?.reason == .unreachable)
            #expect(error?.detail.contains(words) == true, "\(error?.detail ?? "")")
        }
    }

    @Test("a token that isn't taken is found when the engine starts, a controller that is away is waited for")
    func startsWithQuestion() async throws {
        let answer = Lock((511, #"{"errors": [{"error_number": 1007, "error": "Protocol authentication error"}]}"#))
        try await ScriptedServer.run { request in
            let (status, body) = answer.withLock { $0 }
            return request.path == "/openapi/v3" ? .answer(body: Self.versions) : .answer(status, body: body)
        } _: { server in
            let error = await #expect(throws: SlurmJobError.self) { try await controller(server).check() }
            #expect(error?.detail.contains("a valid token is required") == true, "\(error?.detail ?? "")")
            answer.withLock { $0 = (502, #"{"errors": [{"error_number": 1800, "error": "Unable to contact"}]}"#) }
            let patient = controller(server)
            try await patient.check()
            await patient.shutdown()
        }
    }

    @Test(
        "an address where nobody is, or that is none",
        arguments: [
            ("http://127.0.0.1:1", "didn't answer"), ("unix:/nowhere/at/all", "didn't answer"),
            ("unix:relative", "isn't an address of slurmrestd"), ("ftp://host", "isn't an address of slurmrestd"),
            ("", "isn't an address of slurmrestd"),
        ])
    func unreachable(_ address: String, _ words: String) async throws {
        let controller = RESTController(SlurmREST(address), SlurmBackend.Settings())
        let error = await #expect(throws: SlurmJobError.self) { try await controller.check() }
        #expect(
            error?.detail.contains(words) == true
                && error?.detail.contains("'\(address)'") == (words != "didn't answer"))
    }

    @Test("who hangs is waited for as long as one may")
    func hang() async throws {
        try await ScriptedServer.run { _ in
            .raw("", .hang)
        } _: { server in
            var settings = SlurmBackend.Settings()
            settings.commandPatience = .milliseconds(200)
            let controller = RESTController(SlurmREST("http://127.0.0.1:\(server.port)"), settings)
            let error = await #expect(throws: SlurmJobError.self) { try await controller.check() }
            #expect(error?.detail.contains("didn't answer") == true)
        }
    }

    @Test("a token that expired is replaced, once, and is in no error")
    func tokens() async throws {
        let given = Lock(0)
        try await ScriptedServer.run { request in
            if request.path == "/openapi/v3" { return .answer(body: Self.versions) }
            let isGood = request.headers["X-SLURM-USER-TOKEN"] == ["secret2"]
            return isGood ? .answer(body: Self.nobody) : .answer(401, body: "Authentication failure")
        } _: { server in
            let service = SlurmREST("http://127.0.0.1:\(server.port)", user: "somebody") {
                "secret\(given.withLock { $0 += 1; return $0 })"
            }
            let controller = RESTController(service, SlurmBackend.Settings())
            try await controller.check()
            #expect(given.withLock { $0 } == 2)
            #expect(server.requests.allSatisfy { $0.headers["X-SLURM-USER-NAME"] == ["somebody"] })
            given.withLock { $0 = 2 }
            #expect(try await controller.queue() == [])
            // It isn't asked for again as long as it is taken.
            #expect(given.withLock { $0 } == 2)
            await controller.shutdown()

            let without = RESTController(
                SlurmREST("http://127.0.0.1:\(server.port)") { "wrong" }, SlurmBackend.Settings())
            await without.client.open()
            let error = await #expect(throws: RESTFailure.self) { try await without.queue() }
            #expect(error?.status == 401 && error?.description.contains("wrong") == false)
            await without.shutdown()
        }
    }

    @Test("a job gets neither a backend's key, nor the token, nor options of Slurm's programs, but what is set for it")
    func jobEnvironment() {
        let key = "sk-\(UUID())"
        WithheldEnvironment.withhold(secret: key)
        let inherited = [
            "HOME": "/h", "KEY": "Bearer \(key)", "SLURM_JWT": "t", "SLURM_MEM_PER_CPU": "1", "SQUEUE_STATES": "R",
            "SBATCH_ACCOUNT": "a",
        ]
        let kept = RESTController.environment(inheriting: inherited, setting: [:])
        #expect(kept == ["HOME": "/h", "SBATCH_ACCOUNT": "a"])
        let given = RESTController.environment(inheriting: inherited, setting: ["KEY": key])
        #expect(given["KEY"] == key)
    }

    @Test("who can't give a token says why")
    func noToken() async throws {
        struct Locked: Error {}
        let controller = RESTController(
            SlurmREST("http://127.0.0.1:1") { throw Locked() }, SlurmBackend.Settings())
        let error = await #expect(throws: SlurmJobError.self) { try await controller.check() }
        #expect(error?.detail == "getting a token for slurmrestd failed: Locked()")
    }

    @Test(
        "a refusal is for good, anything else may be better later",
        arguments: [
            (500, #"{"errors": [{"error_code": 2000, "error": "Invalid partition name specified"}]}"#, false),
            (400, #"{"errors": [{"error_code": 9001, "error": "Unknown key"}]}"#, false),
            (500, #"{"errors": [{"error_code": -1, "error": "Unspecified error"}]}"#, true),
            (500, #"{"errors": [{"error_code": 2010, "error": "Slurm temporarily unable to accept job"}]}"#, true),
            (511, #"{"errors": [{"error_number": 1007, "error": "Protocol authentication error"}]}"#, false),
            (503, "come again", true), (429, "slowly", true), (200, "{}", true), (302, "", false),
            (200, #"{"job_id": 9223372036854775807}"#, true), (200, #"{"job_id": 0}"#, true),
        ])
    func refusals(_ status: Int, _ body: String, _ isTransient: Bool) async throws {
        try await ScriptedServer.run { request in
            request.path == "/openapi/v3" ? .answer(body: Self.versions) : .answer(status, body: body)
        } _: { server in
            let controller = controller(server)
            await controller.client.open()
            let script = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).sh").path
            defer { try? FileManager.default.removeItem(atPath: script) }
            try Data("#!/bin/sh\n".utf8).write(to: URL(filePath: script))
            let error = await #expect(throws: SubmissionFailure.self) {
                try await controller.submit(submission(script))
            }
            #expect(error?.isTransient == isTransient, "\(error?.description ?? "")")
            await controller.shutdown()
        }
    }

    @Test("a script that isn't there any more, and arguments of sbatch, are refused")
    func unsuitable() async throws {
        let controller = RESTController(SlurmREST("http://127.0.0.1:1"), SlurmBackend.Settings())
        await controller.client.open()
        let error = await #expect(throws: SubmissionFailure.self) {
            try await controller.submit(submission("/nowhere/script"))
        }
        #expect(error?.isTransient == false)
        #expect(controller.problem([]) == nil)
        #expect(controller.problem(["--nice"])?.contains("--nice") == true)
        await controller.shutdown()
    }

    @Test("an end that came first is no trouble of who cancels, another failure is")
    func cancelling() async throws {
        let jobs = """
            {"jobs": [
              {"array_job_id": 5, "array_task_id": 0, "job_id": 6, "job_state": "RUNNING", "name": "asyncflow-1"},
              {"array_job_id": 5, "array_task_id": 1, "job_id": 7, "job_state": "COMPLETED", "name": "asyncflow-1"},
              {"array_job_id": 5, "array_task_id": null, "array_task_string": "2-4", "job_id": 5, "job_state": "PENDING",
               "name": "asyncflow-1"},
              {"array_job_id": 9, "array_task_id": 0, "job_id": 9, "job_state": "RUNNING", "name": "asyncflow-11"}
            ]}
            """
        let answer = Lock((500, #"{"errors": [{"error_code": 2017, "error": "Invalid job id specified"}]}"#))
        try await ScriptedServer.run { request in
            switch request.path {
            case "/openapi/v3": return .answer(body: Self.versions)
            case "/slurm/v0.0.38/jobs": return .answer(body: jobs)
            default:
                let (status, body) = answer.withLock { $0 }
                return .answer(status, body: body)
            }
        } _: { server in
            let controller = controller(server)
            await controller.client.open()
            try await controller.cancel(name: "asyncflow-1", ids: ["5"], indices: [0, 1, 3])
            try await controller.cancel(name: "asyncflow-1", ids: [], indices: nil)
            let cancelled = server.requests.map(\.path).filter { $0.contains("/job/") }
            #expect(cancelled.sorted() == ["5", "5_0", "5_3"].map { "/slurm/v0.0.38/job/\($0)" })
            answer.withLock { $0 = (500, #"{"errors": [{"error_code": -1, "error": "Unspecified error"}]}"#) }
            await #expect(throws: RESTFailure.self) {
                try await controller.cancel(name: "asyncflow-1", ids: ["5"], indices: nil)
            }
            await controller.shutdown()
        }
    }

    @Test("a submission whose answer is lost is found by its name, and isn't made again")
    func lostAnswer() async throws {
        let state = Lock((name: "", submissions: 0, isCancelled: false))
        try await ScriptedServer.run { request in
            switch request.path {
            case "/openapi/v3": return .answer(body: Self.versions)
            case "/slurm/v0.0.38/jobs":
                let (name, _, isCancelled) = state.withLock { $0 }
                if name.isEmpty { return .answer(body: Self.nobody) }
                return .answer(
                    body: """
                        {"jobs": [{"array_job_id": 5, "array_task_id": 0, "job_id": 5, "name": "\(name)",
                                   "job_state": "\(isCancelled ? "CANCELLED" : "RUNNING")"}]}
                        """)
            case "/slurm/v0.0.38/job/submit":
                struct Body: Decodable {
                    struct Job: Decodable { let name: String }
                    let job: Job
                }
                let body = try? JSONDecoder().decode(Body.self, from: Data(request.bytes))
                state.withLock { $0 = (body?.job.name ?? "", $0.submissions + 1, false) }
                return .raw("", .close)
            default:
                state.withLock { $0.isCancelled = true }
                return .answer(body: "{}")
            }
        } _: { server in
            var settings = SlurmBackend.Settings()
            settings.shortestPoll = .milliseconds(20)
            settings.longestPoll = .milliseconds(100)
            let backend = SlurmBackend(rest: SlurmREST("http://127.0.0.1:\(server.port)"), settings: settings)
            try await withSlurmEngine(backend) { flow in
                let sleep = flow.executableTask("sleep") { "sleep 975" }
                let events = flow.events
                let future = sleep()
                for await event in events where event.type == .taskStarted { break }
                future.cancel()
                _ = await future.result
                #expect(future.state == .cancelled)
            }
            #expect(state.withLock { $0.submissions } == 1)
        }
    }

    @Test("a redirect isn't followed, so that no other host gets the token", arguments: [301, 302, 303, 307, 308])
    func redirect(_ status: Int) async throws {
        try await ScriptedServer.run { _ in
            .answer(body: Self.versions)
        } _: { other in
            try await ScriptedServer.run { _ in
                .answer(status, [("Location", "http://user:hunter2@127.0.0.1:\(other.port)/openapi/v3?key=hunter3")])
            } _: { server in
                let controller = RESTController(
                    SlurmREST("http://127.0.0.1:\(server.port)") { "secret" }, SlurmBackend.Settings())
                let error = await #expect(throws: SlurmJobError.self) { try await controller.check() }
                let detail = error?.detail ?? ""
                #expect(detail.contains("redirects to 'http://[redacted]@127.0.0.1:\(other.port)/openapi"), "\(detail)")
                #expect(!detail.contains("hunter"), "\(detail)")
            }
            #expect(other.requests.isEmpty)
        }
    }

    @Test(
        "a token that the service repeats is in no error, however it is written, and whether it was taken or not",
        arguments: [
            (401, "no: %"), (500, #"{"errors": [{"error": "what is % for?"}]}"#), (200, "<html>%"),
            (200, String(repeating: "x", count: 190) + "%"), (200, #"{"paths": "%"}"#), (404, "Basic %"),
        ])
    func echoes(_ status: Int, _ body: String) async throws {
        let token = "tok/en+" + String(repeating: "abcdefghij", count: 30)
        let forms = [token, token.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""]
        for form in forms + [token.replacing("/", with: "\\/")] {
            try await ScriptedServer.run { _ in
                .answer(status, body: body.replacing("%", with: form))
            } _: { server in
                let controller = RESTController(
                    SlurmREST("http://127.0.0.1:\(server.port)") { "SLURM_JWT=\(token)\n" }, SlurmBackend.Settings())
                let error = await #expect(throws: SlurmJobError.self) { try await controller.check() }
                let detail = error?.detail ?? ""
                #expect(!["abcdef", "tok/", "tok%2F", "tok\\/"].contains { detail.contains($0) }, "\(detail)")
                #expect(server.requests.first?.headers["X-SLURM-USER-TOKEN"] == [token])
            }
        }
    }

    @Test("a token that can't be one isn't sent, nor shown")
    func unusableToken() async throws {
        try await ScriptedServer.run { _ in
            .answer(body: Self.versions)
        } _: { server in
            let tokens = ["two words", "line\nbreak", "caf\u{e9}", String(repeating: "x", count: 20_000)]
            for token in tokens {
                let controller = RESTController(
                    SlurmREST("http://127.0.0.1:\(server.port)") { token }, SlurmBackend.Settings())
                let error = await #expect(throws: SlurmJobError.self) { try await controller.check() }
                #expect(error?.detail.contains("the token for slurmrestd is invalid") == true)
                #expect(error?.detail.contains(token) == false)
            }
            #expect(server.requests.isEmpty)
        }
    }

    @Test("an answer without an end is given up, by its length or by its time")
    func endless() async throws {
        let blanks = String(repeating: " ", count: 17 << 20)
        for (text, words) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\n", "slurmrestd at http"),
            ("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", "didn't answer within"),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1100000\r\n\(blanks)", "more than 16 MiB"),
        ] {
            try await ScriptedServer.run { _ in
                .raw(text, .hang)
            } _: { server in
                var settings = SlurmBackend.Settings()
                settings.commandPatience = words.contains("within") ? .milliseconds(300) : .seconds(60)
                let controller = RESTController(SlurmREST("http://127.0.0.1:\(server.port)"), settings)
                let error = await #expect(throws: SlurmJobError.self) { try await controller.check() }
                #expect(error?.detail.contains(words) == true, "\(error?.detail ?? "")")
            }
        }
    }

    @Test("a job that the service accepts and never lists is submitted a few times, and then its task fails")
    func neverListed() async throws {
        let count = Lock(0)
        try await ScriptedServer.run { request in
            switch request.path {
            case "/openapi/v3": return .answer(body: Self.versions)
            case "/slurm/v0.0.38/jobs": return .answer(body: Self.nobody)
            default: return .answer(body: #"{"job_id": \#(count.withLock { $0 += 1; return $0 })}"#)
            }
        } _: { server in
            var settings = SlurmBackend.Settings()
            settings.shortestPoll = .milliseconds(10)
            settings.longestPoll = .milliseconds(20)
            let backend = SlurmBackend(rest: SlurmREST("http://127.0.0.1:\(server.port)"), settings: settings)
            try await withSlurmEngine(backend) { flow in
                let error = await flow.executableTask("never") { "true" }().rootError as? SlurmJobError
                #expect(error?.reason == .forgotten)
                #expect(error?.message.contains("accepted it and forgot it") == true, "\(error?.message ?? "")")
            }
            #expect(count.withLock { $0 } == 6)
        }
    }

    @Test("a dry run says what would be sent, to nobody")
    func dryRun() async throws {
        let controller = RESTController(SlurmREST("unix:/run/slurmrestd.socket"), SlurmBackend.Settings())
        let text = controller.description(of: submission("/w/script"))
        #expect(text.hasPrefix("POST unix:/run/slurmrestd.socket/slurm/v0.0.42/job/submit {"))
        #expect(text.contains(#""name":"asyncflow-1""#))
        await controller.shutdown()
    }

    private func controller(_ server: ScriptedServer) -> RESTController {
        RESTController(SlurmREST("http://127.0.0.1:\(server.port)"), SlurmBackend.Settings())
    }

    private func submission(_ script: String) -> JobSubmission {
        JobSubmission(name: "asyncflow-1", request: [], count: 1, folder: "/w", script: script)
    }
}
