import AsyncFlow
import AsyncFlowHTTPClient
import Crypto
import Foundation
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import ScriptedHTTPServer
import Testing

@testable import AsyncFlowHTTP

@Suite("Downloads from a server that does as it is told", .timeLimit(.minutes(1)))
struct HTTPFileSourceTests {
    typealias Reply = ScriptedServer.Reply

    /// What there is after a download that may have failed.
    private struct Outcome {
        var text: String?
        var error: (any Error)?
        var requests: [ScriptedServer.Request]
        var pauses: [Duration]
        var fileError: FileError? { error as? FileError }
    }

    private func download(
        retries: Int = 5, timeout: Duration = .seconds(30), sha256: String? = nil, begun: (String, String)? = nil,
        headers: [String: String] = [:], path: String = "/file.txt", user: String = "",
        maximumSize: MemorySize = .gigabytes(1), proxies: ((ScriptedServer) -> [String: String])? = nil,
        _ reply: @escaping @Sendable (ScriptedServer.Request) -> Reply
    ) async throws -> Outcome {
        let folder = FileManager.default.temporaryDirectory.appending(path: "asyncflow-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "file.part")
        let pauses = NIOLockedValueBox<[Duration]>([])
        return try await ScriptedServer.run(reply) { server in
            let source = HTTPFileSource(
                retries: retries, timeout: timeout, maximumSize: maximumSize,
                proxies: ProxySettings(environment: proxies?(server) ?? [:]), headers: { _ in headers }
            ) { pause in pauses.withLockedValue { $0.append(pause) } }
            let isWhole = path.contains("://")
            let url = isWhole ? path : server.url(path).replacing("http://", with: "http://\(user)")
            let transfer = FileTransfer(url: url, partialPath: file.path, sha256: sha256)
            if let (text, version) = begun {
                try text.write(to: file, atomically: false, encoding: .utf8)
                transfer.partialVersion = version
            }
            var failure: (any Error)?
            do { try await source.fetch(transfer) } catch { failure = error }
            return Outcome(
                text: failure == nil ? try String(contentsOf: file, encoding: .utf8) : nil, error: failure,
                requests: server.requests, pauses: pauses.withLockedValue { $0 })
        }
    }

    private static func sum(_ text: String) -> String {
        SHA256.hash(data: Data(text.utf8)).map { String(format: "%02x", $0) }.joined()
    }

    @Test("a file comes as it is, and is compared with its checksum")
    func plain() async throws {
        let text = String(repeating: "0123456789", count: 100_000)
        let outcome = try await download(sha256: Self.sum(text)) { _ in .answer(body: text) }
        #expect(outcome.text == text)
        #expect(outcome.requests.first?.headers["accept-encoding"] == ["identity"])
    }

    @Test(
        "an empty file, a chunked one, and one whose end is the end of the connection",
        arguments: [
            ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ""),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "abcde"),
            ("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc", "abc"),
        ])
    func lengths(reply: String, text: String) async throws {
        #expect(try await download { _ in .raw(reply, .close) }.text == text)
    }

    @Test("a connection that is cut goes on where it stopped")
    func cut() async throws {
        let outcome = try await download(sha256: Self.sum("abcdefghij")) { request in
            switch request.number {
            case 1: .answer(200, [("ETag", "\"v\"")], body: "abcd", length: 10, .close)
            case 2:
                .answer(206, [("ETag", "\"v\""), ("Content-Range", "bytes 4-9/10")], body: "efg", length: 6, .close)
            default: .answer(206, [("ETag", "\"v\""), ("Content-Range", "bytes 7-9/10")], body: "hij")
            }
        }
        #expect(outcome.text == "abcdefghij")
        #expect(outcome.requests.map { $0.headers.first(name: "range") } == [nil, "bytes=4-", "bytes=7-"])
        #expect(outcome.requests[1].headers["if-range"] == ["\"v\""])
        #expect(outcome.pauses == [.milliseconds(500), .milliseconds(500)])
    }

    @Test("a server that ignores ranges, or has another version, sends the whole file again")
    func ignoresRange() async throws {
        let outcome = try await download { request in
            request.number == 1
                ? .answer(200, [("ETag", "\"v\"")], body: "abcdefgh", length: 10, .close)
                : .answer(200, [("ETag", "\"w\"")], body: "1234")
        }
        #expect(outcome.text == "1234")
    }

    @Test("without a version nothing is pieced together")
    func noVersion() async throws {
        let outcome = try await download { request in
            request.number == 1
                ? .answer(200, [], body: "abcd", length: 10, .close) : .answer(200, [], body: "0123456789")
        }
        #expect(outcome.text == "0123456789")
        #expect(outcome.requests.map { $0.headers.first(name: "range") } == [nil, nil])
    }

    @Test("what an earlier download has left is gone on from")
    func earlier() async throws {
        let outcome = try await download(sha256: Self.sum("abcdef"), begun: ("abcd", "\"v\"")) { _ in
            .answer(206, [("Content-Range", "bytes 4-5/6")], body: "ef")
        }
        #expect(outcome.text == "abcdef")
        let complete = try await download(begun: ("abcd", "\"v\"")) { _ in
            .answer(416, [("Content-Range", "bytes */4")])
        }
        #expect(complete.text == "abcd")
    }

    @Test("pieces that don't fit together are fetched as a whole once more")
    func wrongPieces() async throws {
        let outcome = try await download(sha256: Self.sum("abcdef"), begun: ("XXXX", "\"v\"")) { request in
            request.headers.first(name: "range") == nil
                ? .answer(200, [], body: "abcdef") : .answer(206, [("Content-Range", "bytes 4-5/6")], body: "ef")
        }
        #expect(outcome.text == "abcdef")
        #expect(outcome.requests.count == 2)
    }

    @Test("a wrong checksum is an error with both")
    func mismatch() async throws {
        let outcome = try await download(sha256: Self.sum("right")) { _ in .answer(200, [], body: "wrong") }
        let (expected, actual) = (Self.sum("right"), Self.sum("wrong"))
        #expect(outcome.fileError?.reason == .checksumMismatch(expected: expected, actual: actual))
        #expect(outcome.fileError?.description.contains(expected) == true)
        #expect(outcome.fileError?.description.contains(actual) == true)
        #expect(outcome.requests.count == 1)
        let signed = try await download(
            sha256: Self.sum("right"), path: "/a?sig=AbCdEfGhIj", user: "bob:hunter2@"
        ) { _ in .answer(200, [], body: "wrong") }
        let shown = try #require(signed.fileError).description + (signed.fileError?.path ?? "")
        #expect(!shown.contains("hunter2") && !shown.contains("AbCdEf"), "\(shown)")
    }

    @Test("a server that always ends too early is an error with both lengths")
    func truncated() async throws {
        let outcome = try await download(retries: 2) { _ in .answer(200, [], body: "abc", length: 10, .close) }
        #expect(outcome.fileError?.reason == .truncated)
        #expect(outcome.fileError?.description.contains("3 of 10 bytes") == true, "\(outcome)")
        // The first answer brought something new, the others didn't.
        #expect(outcome.requests.count == 3)
    }

    @Test("a busy server is asked again after the time that it names")
    func retryAfter() async throws {
        let outcome = try await download { request in
            request.number == 1 ? .answer(503, [("Retry-After", "7")], body: "busy") : .answer(200, [], body: "text")
        }
        #expect(outcome.text == "text")
        #expect(outcome.pauses == [.seconds(7)])
    }

    @Test("an answer that isn't the file is an error with its status and its beginning", arguments: [404, 403, 503])
    func status(code: Int) async throws {
        let outcome = try await download(retries: 1) { _ in
            .answer(code, [], body: "<p>No  such\nfile</p>" + String(repeating: "x", count: 10_000))
        }
        #expect(outcome.fileError?.reason == .httpStatus(code))
        let text = try #require(outcome.fileError?.description)
        #expect(text.contains("status \(code)") && text.contains("<p>No such file</p>"))
        #expect(text.utf8.count < 1000)
        #expect(outcome.requests.count == (code == 503 ? 2 : 1))
    }

    @Test("redirects are followed, up to a limit")
    func redirects() async throws {
        let outcome = try await download(path: "/a") { request in
            request.path == "/a"
                ? .answer(302, [("Location", "/b")]) : .answer(200, [], body: "text of \(request.path)")
        }
        #expect(outcome.text == "text of /b")
        let endless = try await download { .answer(302, [("Location", "/\($0.number)")]) }
        #expect(endless.fileError?.reason == .transferFailed)
        #expect(endless.pauses.isEmpty)
    }

    @Test("a connection on which nothing comes is given up, and gone on with")
    func stalled() async throws {
        let outcome = try await download(timeout: .seconds(1)) { request in
            request.number == 1
                ? .answer(200, [("ETag", "\"v\"")], body: "abcd", length: 6, .hang)
                : .answer(206, [("Content-Range", "bytes 4-5/6")], body: "ef")
        }
        #expect(outcome.text == "abcdef")
    }

    @Test("what isn't HTTP, and a server that isn't there, are errors after all retries")
    func unreachable() async throws {
        let outcome = try await download(retries: 1) { _ in .raw("SSH-2.0-x\r\n", .close) }
        #expect(outcome.fileError?.reason == .transferFailed)
        #expect(outcome.pauses.count == 1)
        let gone = try await ScriptedServer.run { _ in
            .answer()
        } _: {
            $0.url()
        }
        let path = FileManager.default.temporaryDirectory.path + "/asyncflow-\(UUID())"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let error = await #expect(throws: FileError.self) {
            try await HTTPFileSource(retries: 1) { _ in }.fetch(FileTransfer(url: gone, partialPath: path))
        }
        #expect(error?.reason == .transferFailed)
    }

    @Test("headers may be added")
    func headers() async throws {
        let outcome = try await download(headers: ["Authorization": "Bearer x"]) { _ in .answer(200, [], body: "") }
        #expect(outcome.requests.first?.headers["authorization"] == ["Bearer x"])
    }

    @Test(
        "user and password of a URL are sent, and are in no error, nor are signatures, however the server repeats them")
    func secrets() async throws {
        let fine = try await download(user: "bob:hunt%20er2@") {
            .answer(body: $0.headers["authorization"].first ?? "")
        }
        #expect(fine.text == "Basic \(Data("bob:hunt er2".utf8).base64EncodedString())")
        let echo = try await download(
            retries: 0, headers: ["X-Key": "sk-0123456789"], path: "/a.fa?sig=AbCdEfGhIj&n=1", user: "bob:hunter2@"
        ) { request in
            let lines = request.headers.map { "\($0.name): \($0.value)" }.joined(separator: "\n")
            let padding = String(repeating: "x", count: 480)  // a secret at the end of what is shown
            return .answer(403, body: "GET \(request.path)\n\(padding) hunter2 sk-0123456789 AbCdEfGhIj\n\(lines)")
        }
        let shown = try #require(echo.fileError).description + "\(echo.fileError?.paths ?? [])"
        for secret in ["hunter2", "hunt", "sk-01", "AbCdEf", Data("bob:hunter2".utf8).base64EncodedString()] {
            #expect(!shown.contains(secret))
        }
        #expect(shown.contains("[redacted]@127.0.0.1"))
        #expect(shown.contains("status 403"))
        #expect(
            InputFile("http://bob:hunter2@h/a?sig=AbCdEf", as: "f").description
                == "http://[redacted]@h/a?sig=[redacted]")
    }

    @Test("headers and password go to the first server only, whatever it redirects to")
    func otherServer() async throws {
        let other = try await ScriptedServer.run({ _ in .answer(body: "there") }) { other in
            let location = other.url("/x").replacing("127.0.0.1", with: "u:p@127.0.0.1")
            let outcome = try await download(
                headers: ["Authorization": "Bearer x", "X-Key": "y"], user: "bob:hunter2@"
            ) {
                $0.path == "/x" ? .answer() : .answer(302, [("Location", location)])
            }
            #expect(outcome.text == "there")
            #expect(outcome.requests.first?.headers["x-key"] == ["y"])
            return try #require(other.requests.first)
        }
        #expect(other.headers["authorization"].isEmpty)
        #expect(other.headers["x-key"].isEmpty)
        let unencrypted = try await download { _ in .answer(302, [("Location", "gopher://127.0.0.1/")]) }
        #expect(unencrypted.fileError?.description.contains("isn't http or https") == true)
        #expect(unencrypted.pauses.isEmpty)
    }

    @Test("a file larger than allowed is an error that names the setting, and nothing of it stays")
    func tooLarge() async throws {
        let known = try await download(maximumSize: .bytes(9)) { _ in .answer(body: "0123456789") }
        #expect(known.fileError?.reason == .tooLarge)
        #expect(known.fileError?.description.contains("it has 10 bytes, and the limit is 9") == true)
        #expect(known.fileError?.description.contains("maximumSize") == true)
        let unknown = try await download(maximumSize: .bytes(9)) { _ in
            .raw("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n0123456789", .close)
        }
        #expect(unknown.fileError?.reason == .tooLarge)
        let exact = try await download(maximumSize: .bytes(10)) { _ in .answer(body: "0123456789") }
        #expect(exact.text == "0123456789")
        let absurd = try await download(retries: 1, begun: ("abcd", "\"v\"")) { _ in
            .raw(
                "HTTP/1.1 206 OK\r\nContent-Length: 9223372036854775807\r\nContent-Range: bytes 4-9/*\r\n\r\nef", .close
            )
        }
        #expect(absurd.fileError?.reason == .tooLarge)
    }

    @Test("a proxy of the environment is asked for the file, by its own name and password")
    func proxy() async throws {
        let outcome = try await download(
            path: "http://files.example.org/a.txt",
            proxies: { ["http_proxy": "http://me:secret@127.0.0.1:\($0.port)"] }
        ) { .answer(body: $0.path) }
        #expect(outcome.text == "http://files.example.org/a.txt")
        #expect(outcome.requests.first?.headers["proxy-authorization"].count == 1)
        let refused = try await download(
            retries: 0, path: "https://files.example.org/a.txt",
            proxies: { ["https_proxy": "http://me:secret@127.0.0.1:\($0.port)"] }
        ) { _ in .answer(403) }
        #expect(refused.fileError?.description.contains("the proxy refused to open a connection") == true)
        let unusable = try await download(
            path: "http://files.example.org/a.txt", proxies: { _ in ["all_proxy": "socks4://me:secret@h"] }
        ) { _ in .answer() }
        #expect(unusable.fileError?.description.contains("the proxy in all_proxy can't be used") == true)
        #expect(unusable.fileError?.description.contains("secret") == false)
    }

    @Test("the file is for this user alone, and no link is followed to it")
    func privateFile() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "asyncflow-\(UUID())").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        _ = try PartialFile(folder + "/new.part")
        let attributes = try FileManager.default.attributesOfItem(atPath: folder + "/new.part")
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        try FileManager.default.createSymbolicLink(
            atPath: folder + "/link.part", withDestinationPath: folder + "/elsewhere")
        #expect(throws: FileError.self) { try PartialFile(folder + "/link.part") }
        #expect(!FileManager.default.fileExists(atPath: folder + "/elsewhere"))
    }

    @Test("a folder that isn't there is an error of the system's")
    func noFolder() async throws {
        let transfer = FileTransfer(url: "http://127.0.0.1:1/", partialPath: "/no/such/folder/file.part")
        let error = await #expect(throws: FileError.self) { try await HTTPFileSource().fetch(transfer) }
        #expect(error?.reason == .notFound)
    }

    @Test("a disk that is full is an error that says so")
    func fullDisk() async throws {
        #if os(Linux)
        let error = await #expect(throws: FileError.self) {
            let file = try PartialFile("/dev/full")
            try await file.write(.init(string: "text"), at: 0)
        }
        #expect(error?.reason == .diskFull)
        #endif
    }

    @Test("in an engine: no event, error or file name knows the password or signature of a URL")
    func engineSecrets() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "asyncflow-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        var configuration = WorkflowEngine.Configuration(workDirectory: folder, logger: logger)
        configuration.files.sources = [HTTPFileSource(retries: 0)]
        // A mark that nobody sees splits the password.
        let echo = "bob:hunt\u{202E}er2 may not"
        try await ScriptedServer.run({
            $0.path.hasPrefix("/fine") ? .answer(body: "text") : .answer(404, body: echo)
        }) { server in
            try await withWorkflowEngine(configuration, signals: .ignored) { flow async throws in
                let events = flow.events
                let show = flow.executableTask("show") { (file: InputFile) in "cat \(file)" }
                let base = server.url("").replacing("http://", with: "http://bob:hunter2@")
                #expect(try await show(InputFile(base + "/fine?sig=AbCdEf")).value == "text")
                let failed = await show(InputFile(base + "/gone?sig=AbCdEf", as: "x")).result
                let odd = await show(InputFile(base + "/fine?sig=AbCdEf", as: "../x")).result
                let sum = await show(InputFile(base + "/fine?sig=AbCdEf", as: "x", sha256: "zz")).result
                let ftp = await show(InputFile("ftp://bob:hunter2@h/a?sig=AbCdEf")).result
                await flow.shutdown()
                var text = "\(failed) \(odd) \(sum) \(ftp)"
                #expect(text.contains("[redacted]@"))
                for await event in events {
                    text += "\(event) \(event.fileProgress?.url ?? "") \(event.error.map { "\($0)" } ?? "")"
                }
                text += "\(try FileManager.default.subpathsOfDirectory(atPath: flow.runDirectory))"
                #expect(text.contains("fine"))
                #expect(!text.contains("hunter2"))
                #expect(!text.contains("AbCdEf"))
            }
        }
    }

    @Test("in an engine: a download that is tried again says so, and why")
    func retriesAreTold() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "asyncflow-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        var configuration = WorkflowEngine.Configuration(workDirectory: folder, logger: logger)
        configuration.files.sources = [HTTPFileSource(retries: 2, sleep: { _ in })]
        try await ScriptedServer.run({ request in
            request.number == 1 ? .answer(503, body: "maintenance until noon") : .answer(body: "text")
        }) { server in
            try await withWorkflowEngine(configuration, signals: .ignored) { flow async throws in
                let events = flow.events
                let show = flow.executableTask("show") { (file: InputFile) in "cat \(file)" }
                let text = try await show(InputFile(server.url("/file?sig=AbCdEf"))).value
                #expect(text == "text")
                await flow.shutdown()
                var warnings: [String] = []
                for await event in events {
                    if case .string(let text)? = event.custom?.attributes["asyncflow.warning"] { warnings.append(text) }
                }
                #expect(warnings.count == 1)
                for part in ["/file", "tried again", "maintenance until noon"] {
                    #expect(warnings.first?.contains(part) == true)
                }
                #expect(warnings.first?.contains("AbCdEf") == false)
            }
        }
    }

    @Test("in an engine: several tasks share a download; a cancelled one is gone on with; nothing is left")
    func engine() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "asyncflow-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        logger.logLevel = .critical
        var configuration = WorkflowEngine.Configuration(workDirectory: folder, logger: logger)
        configuration.files.sources = [HTTPFileSource()]
        let reply = { @Sendable (request: ScriptedServer.Request) -> Reply in
            switch (request.path, request.headers.first(name: "range")) {
            case ("/slow", nil): .answer(200, [("ETag", "\"v\"")], body: "abcd", length: 6, .hang)
            case ("/slow", _): .answer(206, [("Content-Range", "bytes 4-5/6")], body: "ef")
            default: .answer(200, [("ETag", "\"v\"")], body: "text", length: request.path == "/never" ? 9 : nil, .hang)
            }
        }
        try await ScriptedServer.run(reply) { server in
            try await withWorkflowEngine(configuration, signals: .ignored) { flow async throws in
                let show = flow.executableTask("show") { (file: InputFile) in "cat \(file)" }
                let both = (0..<5).map { _ in show(InputFile(server.url("/fast"), as: "x")) }
                #expect(try await both.values() == Array(repeating: "text", count: 5))
                #expect(server.requests.count == 1)
                let events = flow.events
                let slow = show(InputFile(server.url("/slow")))
                for await event in events where event.fileProgress?.totalBytes == 6 { break }
                while (try? FileManager.default.attributesOfItem(atPath: "\(flow.runDirectory)/downloads/2-slow.part"))?[
                    .size] as? Int != 4
                { await Task.yield() }
                slow.cancel()
                _ = await slow.result
                #expect(try await show(InputFile(server.url("/slow"))).value == "abcdef")
                let never = show(InputFile(server.url("/never")))
                for await event in flow.events where event.task?.id == never.id { break }
                await flow.shutdown()
                #expect(never.state == .cancelled)
                let left = try FileManager.default.contentsOfDirectory(atPath: "\(flow.runDirectory)/downloads")
                #expect(left.sorted() == ["1-x", "2-slow"])
            }
        }
    }
}
