import AsyncFlow
import AsyncFlowHTTPClient
import Foundation
import NIOConcurrencyHelpers
import ScriptedHTTPServer
import Testing

@testable import AsyncFlowHTTP

/// Goes on for `ASYNCFLOW_FUZZ_SECONDS` (10 by default); `ASYNCFLOW_FUZZ_SEED` repeats a failure.
@Suite("Downloads from hostile servers")
struct HostileHTTPServerTests {
    private static let answers = [
        "HTTP/1.1 200 OK\r\nETag: \"v\"\r\nContent-Length: 10\r\n\r\n0123456789",
        "HTTP/1.1 200 OK\r\nETag: \"v\"\r\nContent-Length: 10\r\n\r\n01234",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "HTTP/1.1 206 OK\r\nETag: \"v\"\r\nContent-Range: bytes 5-9/10\r\nContent-Length: 5\r\n\r\n56789",
        "HTTP/1.1 206 OK\r\nContent-Range: bytes 5-9/*\r\nContent-Length: 9223372036854775807\r\n\r\n56789",
        "HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 302 Found\r\nLocation: http://bob:hunter2@127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 416 X\r\nContent-Range: bytes */5\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 429 X\r\nRetry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 503 X\r\nRetry-After: 9223372036854775807\r\nContent-Length: 3\r\n\r\n\u{1B}[2",
        "HTTP/1.1 403 X\r\nContent-Length: 60\r\n\r\nbob:hunter2 sk-0123456789 http://bob:hunter2@h/?sig=AbCdEfGh",
        "SSH-2.0-OpenSSH_9.0\r\n", "", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    ]

    @Test(
        "each ends with the file or an error in words, within the limits, and tells no secret", .timeLimit(.minutes(60))
    )
    func answers() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "asyncflow-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let hostile = NIOLockedValueBox(HostileText(Self.answers))
        let seed = hostile.withLockedValue { $0.seed }
        var rounds = 0
        try await ScriptedServer.run({ _ in
            hostile.withLockedValue { .bytes([$0.nextText()], Bool.random(using: &$0) ? .close : .hang) }
        }) { server in
            // As short as it may be: a server that hangs is to be given up often in the time there is.
            let source = HTTPFileSource(
                retries: 2, timeout: .milliseconds(50), maximumSize: .bytes(1000), proxies: .none,
                headers: { _ in ["X-Key": "sk-0123456789"] }
            ) { #expect($0 <= .seconds(60)) }
            let url = server.url("/f?sig=AbCdEfGh").replacing("http://", with: "http://bob:hunter2@")
            while !hostile.withLockedValue({ $0.isOver }) {
                rounds += 1
                let path = folder.appending(path: "\(rounds).part").path
                let transfer = FileTransfer(url: url, partialPath: path)
                do {
                    try await source.fetch(transfer)
                } catch let error as FileError {
                    Self.check("\(error) \(error.paths) \(error.reason)", seed, rounds)
                } catch {
                    Issue.record("seed \(seed), round \(rounds): \(error)")
                }
                let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
                #expect(size <= 1000, "seed \(seed), round \(rounds)")
                try FileManager.default.removeItem(atPath: path)
            }
        }
        #expect(rounds > 0)
    }

    private static func check(_ text: String, _ seed: UInt64, _ round: Int) {
        for secret in ["hunter2", "sk-0123456789", "AbCdEfGh"] {
            #expect(!text.contains(secret), "seed \(seed), round \(round)")
        }
        let isHarmless = text.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) }
        #expect(isHarmless, "seed \(seed), round \(round): \(text.debugDescription)")
        #expect(text.count < 2000, "seed \(seed), round \(round)")
    }
}
