import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import NIOPosix

/// A collector on the loopback interface that answers as it is told, and keeps what it was sent.
final class ScriptedCollector: Sendable {
    struct Request: Sendable {
        /// Counts from 1.
        let number: Int
        let path: String
        let headers: HTTPHeaders
        let body: [UInt8]
    }

    enum Reply: Sendable {
        case answer(Int, headers: [(String, String)] = [], body: [UInt8] = [])
        /// Says nothing, and keeps the connection.
        case hang
        /// Closes the connection in the middle of an answer.
        case cut
    }

    private typealias Connection = NIOAsyncChannel<HTTPServerRequestPart, ByteBuffer>
    private let reply: @Sendable (Request) -> Reply
    private let log = NIOLockedValueBox<[Request]>([])
    let port: Int

    private init(port: Int, reply: @escaping @Sendable (Request) -> Reply) {
        self.port = port
        self.reply = reply
    }

    var requests: [Request] { log.withLockedValue { $0 } }
    var endpoint: String { "http://127.0.0.1:\(port)" }
    func requests(to path: String) -> [Request] { requests.filter { $0.path == path } }

    /// Runs a collector for as long as `body` runs.
    nonisolated(nonsending) static func run<Result>(
        _ reply: @escaping @Sendable (Request) -> Reply = { _ in .answer(200) },
        _ body: (ScriptedCollector) async throws -> Result
    ) async throws -> Result {
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(ByteToMessageHandler(HTTPRequestDecoder()))
                    return try Connection(wrappingChannelSynchronously: channel)
                }
            }
        let collector = ScriptedCollector(port: channel.channel.localAddress!.port!, reply: reply)
        let serving = Task {
            try await withThrowingDiscardingTaskGroup { group in
                try await channel.executeThenClose { connections in
                    for try await connection in connections { group.addTask { await collector.serve(connection) } }
                }
            }
        }
        do {
            let result = try await body(collector)
            serving.cancel()
            _ = await serving.result
            return result
        } catch {
            serving.cancel()
            _ = await serving.result
            throw error
        }
    }

    private func serve(_ connection: Connection) async {
        // A client that goes away is no trouble of the collector's.
        try? await connection.executeThenClose { inbound, outbound in
            var head: HTTPRequestHead?
            var body: [UInt8] = []
            for try await part in inbound {
                switch part {
                case .head(let new): (head, body) = (new, [])
                case .body(let bytes): body.append(contentsOf: bytes.readableBytesView)
                case .end:
                    guard let head else { continue }
                    let content = body
                    let request = log.withLockedValue { log in
                        let request = Request(
                            number: log.count + 1, path: head.uri, headers: head.headers, body: content)
                        log.append(request)
                        return request
                    }
                    switch reply(request) {
                    case .answer(let status, let headers, let body):
                        var text = "HTTP/1.1 \(status) X\r\nContent-Length: \(body.count)\r\n"
                        for (name, value) in headers { text += "\(name): \(value)\r\n" }
                        try await outbound.write(ByteBuffer(string: text + "\r\n"))
                        try await outbound.write(ByteBuffer(bytes: body))
                    case .hang: try await Task.sleep(for: .seconds(3600))
                    case .cut:
                        try await outbound.write(
                            ByteBuffer(string: "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"))
                        return
                    }
                }
            }
        }
    }
}
