import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import NIOPosix

/// A server on the loopback interface that answers as it is told, byte for byte.
final class ScriptedServer: Sendable {
    struct Request: Sendable {
        /// Counts from 1.
        let number: Int
        let path: String
        let headers: HTTPHeaders
        let body: String
    }

    /// What goes over the wire, and what becomes of the connection then.
    struct Reply: Sendable {
        enum Ending { case keep, close, hang }
        var text: String
        var ending: Ending

        static func answer(_ status: Int = 200, _ headers: [(String, String)] = [], body: String) -> Reply {
            var text = "HTTP/1.1 \(status) X\r\n"
            for (name, value) in headers { text += "\(name): \(value)\r\n" }
            return Reply(text: text + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)", ending: .keep)
        }

        static func raw(_ text: String, _ ending: Ending) -> Reply { Reply(text: text, ending: ending) }
    }

    private typealias Connection = NIOAsyncChannel<HTTPServerRequestPart, ByteBuffer>
    private let reply: @Sendable (Request) -> Reply
    private let log = NIOLockedValueBox<[Request]>([])
    private let port: Int
    private let (arrivals, arrival) = AsyncStream.makeStream(of: Void.self)
    private let (departures, departure) = AsyncStream.makeStream(of: Void.self)

    private init(port: Int, reply: @escaping @Sendable (Request) -> Reply) {
        self.port = port
        self.reply = reply
    }

    var requests: [Request] { log.withLockedValue { $0 } }
    func url(_ path: String) -> String { "http://127.0.0.1:\(port)\(path)" }

    func waitForRequest() async throws { for await _ in arrivals { return } }
    /// Returns when a client has closed its connection.
    func waitForDeparture() async throws { for await _ in departures { return } }

    /// Runs a server for as long as `body` runs.
    static func run<Result: Sendable>(
        _ reply: @escaping @Sendable (Request) -> Reply, _ body: (ScriptedServer) async throws -> Result
    ) async throws -> Result {
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(ByteToMessageHandler(HTTPRequestDecoder()))
                    return try Connection(wrappingChannelSynchronously: channel)
                }
            }
        let server = ScriptedServer(port: channel.channel.localAddress!.port!, reply: reply)
        let serving = Task {
            try await withThrowingDiscardingTaskGroup { group in
                try await channel.executeThenClose { connections in
                    for try await connection in connections { group.addTask { await server.serve(connection) } }
                }
            }
        }
        let result: Swift.Result<Result, any Error>
        do { result = .success(try await body(server)) } catch { result = .failure(error) }
        serving.cancel()
        _ = await serving.result
        return try result.get()
    }

    private func serve(_ connection: Connection) async {
        // A client that goes away is no trouble of the server's.
        try? await connection.executeThenClose { inbound, outbound in
            var head: HTTPRequestHead?
            var body = ""
            for try await part in inbound {
                switch part {
                case .head(let newHead): (head, body) = (newHead, "")
                case .body(let bytes): body += String(buffer: bytes)
                case .end:
                    guard let head else { continue }
                    let whole = body
                    let request = log.withLockedValue { log in
                        log.append(
                            Request(number: log.count + 1, path: head.uri, headers: head.headers, body: whole))
                        return log[log.count - 1]
                    }
                    arrival.yield()
                    let reply = reply(request)
                    if !reply.text.isEmpty { try await outbound.write(ByteBuffer(string: reply.text)) }
                    switch reply.ending {
                    case .keep, .hang: continue  // whoever hangs still sees that the client goes
                    case .close: return
                    }
                }
            }
        }
        departure.yield()
    }
}
