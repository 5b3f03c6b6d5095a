import TestSupport
@testable import AsyncFlowBase
import Foundation
import Testing

@testable import AsyncFlow

@Suite("Looking whether a service is ready", .timeLimit(.minutes(1)))
struct ServiceProbeTests {
    @Test(
        "an address is taken apart",
        arguments: [
            ("http://127.0.0.1:8080/health?x=1", "127.0.0.1", 8080, "/health?x=1"), ("http://host", "host", 80, "/"),
            ("http://[::1]:90/", "::1", 90, "/"),
        ])
    func address(text: String, host: String, port: Int, path: String) throws {
        let address = try #require(ProbeAddress(text))
        #expect(address.host == host && address.port == port && address.path == path)
    }

    @Test(
        "what is no address for a check is refused",
        arguments: [
            "", "https://host/", "http://", "http://host:0/", "http://host:99999/", "http://user@host/", "host:80",
            "http://host/a b", "ftp://host/",
        ])
    func noAddress(text: String) {
        #expect(ProbeAddress(text) == nil)
        #expect(ServiceReadiness.http(text).problem?.contains("http://127.0.0.1:8080/health") == true)
    }

    @Test("an answer counts by its status", arguments: [(200, true), (302, true), (404, false), (503, false)])
    func status(code: Int, isReady: Bool) async throws {
        let server = try OneAnswer("HTTP/1.1 \(code) Text\r\nContent-Length: 0\r\n\r\n")
        let check = ServiceReadiness.http("http://127.0.0.1:\(server.port)/").check
        #expect(try await check(AsyncStream { $0.finish() }) == isReady)
        #expect(server.request.hasPrefix("GET / HTTP/1.0\r\nHost: 127.0.0.1:\(server.port)\r\n"))
    }

    @Test("what doesn't speak HTTP isn't ready")
    func noise() async throws {
        let server = try OneAnswer("-ERR unknown command\r\n")
        let check = ServiceReadiness.http("http://127.0.0.1:\(server.port)/").check
        #expect(try await check(AsyncStream { $0.finish() }) == false)
    }

    @Test("a port at which nobody listens isn't ready, and a free port is one")
    func nobody() async throws {
        let check = ServiceReadiness.tcp(port: try ServicePort.free()).check
        #expect(try await check(AsyncStream { $0.finish() }) == false)
    }

    @Test("a check that isn't wanted any more ends, even if it gets no answer")
    func cancelled() async throws {
        let server = try OneAnswer(nil)
        let address = try #require(ProbeAddress("http://127.0.0.1:\(server.port)/"))
        let task = Task { await SocketProbe.onOwnThread(within: .seconds(3600)) { $0.answersOK(address) } }
        await server.waitForConnection()
        task.cancel()
        #expect(await task.value == false)
    }
}

/// A server that gives one answer to one client.
private final class OneAnswer: Sendable {
    let port: Int
    private let listener: CInt
    private let received = Recorder<String>()
    private let connected = Gate()

    var request: String { received.values.joined() }

    /// - Parameter answer: nil to give none.
    init(_ answer: String?) throws {
        listener = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        try withUnsafeMutablePointer(to: &address) { pointer in
            try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                try #require(bind(listener, pointer, size) == 0)
                try #require(listen(listener, 1) == 0)
                try #require(getsockname(listener, pointer, &size) == 0)
            }
        }
        port = Int(UInt16(bigEndian: address.sin_port))
        try SystemThread.startDetached { [received, connected] in
            let client = accept(listener, nil, nil)
            connected.open()
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = recv(client, &buffer, buffer.count, 0)
            received.append(String(decoding: buffer.prefix(max(0, count)), as: UTF8.self))
            if let answer {
                _ = send(client, answer, answer.utf8.count, CInt(MSG_NOSIGNAL))
            } else {
                _ = recv(client, &buffer, buffer.count, 0)  // until the client gives up
            }
            close(client)
            close(listener)
        }
    }

    func waitForConnection() async { await connected.waitStubbornly() }
}
