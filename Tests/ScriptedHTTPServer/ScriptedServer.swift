package import NIOHTTP1
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

/// A server on the loopback interface that answers as it is told, byte for byte, and keeps what it was sent.
package final class ScriptedServer: Sendable {
    package struct Request: Sendable {
        /// Counts from 1.
        package let number: Int
        package let path: String
        package let headers: HTTPHeaders
        package let bytes: [UInt8]
        package var body: String { String(decoding: bytes, as: UTF8.self) }
    }

    /// What goes over the wire, and what becomes of the connection then.
    package struct Reply: Sendable {
        /// Whoever hangs still sees that the client goes; what is endless repeats its last piece until then.
        package enum Ending: Sendable { case keep, close, hang, endless }
        /// Written one after the other, as packets of their own where the system lets them.
        let pieces: [[UInt8]]
        var pause = Duration.zero
        let ending: Ending

        /// A well-formed answer; `length` may be another than that of the body.
        package static func answer(
            _ status: Int = 200, _ headers: [(String, String)] = [], body: String = "", length: Int? = nil,
            _ ending: Ending = .keep
        ) -> Reply {
            var text = "HTTP/1.1 \(status) X\r\n"
            for (name, value) in headers { text += "\(name): \(value)\r\n" }
            return raw(text + "Content-Length: \(length ?? body.utf8.count)\r\n\r\n\(body)", ending)
        }

        package static func raw(_ text: String, _ ending: Ending) -> Reply {
            Reply(pieces: text.isEmpty ? [] : [Array(text.utf8)], ending: ending)
        }

        /// Any bytes, in pieces.
        ///
        /// - Parameter pause: the time between two pieces, for a server that is slow.
        package static func bytes(_ pieces: [[UInt8]], pause: Duration = .zero, _ ending: Ending) -> Reply {
            Reply(pieces: pieces, pause: pause, ending: ending)
        }
    }

    private typealias Connection = NIOAsyncChannel<HTTPServerRequestPart, ByteBuffer>
    private let reply: @Sendable (Request) -> Reply
    private let log = NIOLockedValueBox<[Request]>([])
    private let connections = NIOLockedValueBox<[Task<Void, Never>]?>([])
    private let (arrivals, arrival) = AsyncStream.makeStream(of: Void.self)
    private let (departures, departure) = AsyncStream.makeStream(of: Void.self)
    private let boundPort = NIOLockedValueBox(0)

    private init(reply: @escaping @Sendable (Request) -> Reply) { self.reply = reply }

    package var requests: [Request] { log.withLockedValue { $0 } }
    package func requests(to path: String) -> [Request] { requests.filter { $0.path == path } }
    package var port: Int { boundPort.withLockedValue { $0 } }
    package func url(_ path: String = "/file.txt") -> String { "http://127.0.0.1:\(port)\(path)" }

    package func waitForRequest() async { for await _ in arrivals { return } }
    /// Returns when a client has closed its connection.
    package func waitForDeparture() async { for await _ in departures { return } }

    /// Runs a server for as long as `body` runs.
    nonisolated(nonsending) package static func run<Result>(
        _ reply: @escaping @Sendable (Request) -> Reply = { _ in .answer() },
        _ body: (ScriptedServer) async throws -> Result
    ) async throws -> Result {
        let server = ScriptedServer(reply: reply)
        // Not as a stream of connections: one that is accepted while such a stream ends is dropped, and traps.
        let listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(ByteToMessageHandler(HTTPRequestDecoder()))
                    server.accept(try Connection(wrappingChannelSynchronously: channel))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        server.boundPort.withLockedValue { $0 = listener.localAddress!.port! }
        do {
            let result = try await body(server)
            await server.stop(listener)
            return result
        } catch {
            await server.stop(listener)
            throw error
        }
    }

    private func stop(_ listener: any Channel) async {
        try? await listener.close()
        let open = connections.withLockedValue { connections in
            defer { connections = nil }
            return connections ?? []
        }
        for connection in open { connection.cancel() }
        for connection in open { await connection.value }
    }

    private func accept(_ connection: Connection) {
        let serving = Task { await serve(connection) }
        let isStopped = connections.withLockedValue { connections in
            connections?.append(serving)
            return connections == nil
        }
        if isStopped { serving.cancel() }
    }

    private func serve(_ connection: Connection) async {
        // A client that goes away is no trouble of the server's.
        try? await connection.executeThenClose { inbound, outbound in
            var head: HTTPRequestHead?
            var body: [UInt8] = []
            for try await part in inbound {
                switch part {
                case .head(let newHead): (head, body) = (newHead, [])
                case .body(let bytes): body.append(contentsOf: bytes.readableBytesView)
                case .end:
                    guard let head else { continue }
                    let reply = reply(received(head, body))
                    arrival.yield()
                    for (number, piece) in reply.pieces.enumerated() {
                        if number > 0, reply.pause > .zero { try await Task.sleep(for: reply.pause) }
                        try await outbound.write(ByteBuffer(bytes: piece))
                    }
                    if reply.ending == .close { return }
                    while reply.ending == .endless, let last = reply.pieces.last {
                        try await outbound.write(ByteBuffer(bytes: last))
                    }
                }
            }
        }
        departure.yield()
    }

    private func received(_ head: HTTPRequestHead, _ body: [UInt8]) -> Request {
        log.withLockedValue { log in
            log.append(Request(number: log.count + 1, path: head.uri, headers: head.headers, bytes: body))
            return log[log.count - 1]
        }
    }
}
