import AsyncFlow
import AsyncFlowBase
import AsyncHTTPClient
import NIOCore
import NIOHTTP1

/// Sends requests of one signal to a collector over HTTP, and says what became of them.
final class OTLPSender: Sendable {
    let url: String
    private let configuration: HTTPClient.Configuration
    /// Made for the first request: there may never be one.
    private let client = Lock<HTTPClient?>(nil)
    private let request: HTTPClient.Request
    private let compression: OTLPCompression

    /// What is read of an answer: collectors say little.
    private static let answerLimit = 64 * 1024

    /// - Throws: ``OpenTelemetryError`` if the URL can't be that of a collector.
    init(_ destination: OpenTelemetryExport.Destination, _ signal: TelemetrySignal) throws(OpenTelemetryError) {
        url = destination.url
        compression = destination.compression
        do {
            var headers = HTTPHeaders()
            headers.add(name: "User-Agent", value: "asyncflow-swift")
            for (name, value) in destination.headers.sorted(by: { $0.key < $1.key }) {
                headers.replaceOrAdd(name: name, value: value)
            }
            headers.replaceOrAdd(name: "Content-Type", value: destination.encoding.mediaType)
            if compression == .gzip { headers.replaceOrAdd(name: "Content-Encoding", value: "gzip") }
            request = try HTTPClient.Request(url: destination.url, method: .POST, headers: headers)
        } catch {
            throw OpenTelemetryError(
                "\(signal) can't be exported to '\(destination.url)': \(error); give a URL such as http://localhost:4318"
            )
        }
        let limit = TimeAmount.nanoseconds(Int64(min(destination.timeout, .seconds(86_400)) / .nanoseconds(1)))
        // A redirection would take the headers, a key among them, to somebody else.
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow, timeout: HTTPClient.Configuration.Timeout(connect: limit))
        configuration.connectionPool.retryConnectionEstablishment = false  // what is tried again is decided elsewhere
        self.configuration = configuration
    }

    /// A request that is under way.
    struct Request {
        fileprivate let task: HTTPClient.Task<ResponseAccumulator.Response>
        func cancel() { task.cancel() }
    }

    /// The body as it goes over the wire.
    func prepared(_ body: [UInt8]) -> [UInt8] {
        compression == .gzip ? gzipped(body) : body
    }

    /// - Parameter done: called once, on a thread that must not be held up.
    func send(_ body: [UInt8], within limit: Duration, _ done: @escaping @Sendable (OTLPAnswer) -> Void) -> Request {
        var request = request
        request.body = .byteBuffer(ByteBuffer(bytes: body))
        let deadline = NIODeadline.now() + .nanoseconds(Int64(limit / .nanoseconds(1)))
        let client = client.withLock { client in
            let made = client ?? HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
            client = made
            return made
        }
        let task = client.execute(
            request: request, delegate: ResponseAccumulator(request: request, maxBodySize: Self.answerLimit),
            deadline: deadline)
        task.futureResult.whenComplete { result in
            switch result {
            case .success(let response): done(OTLPAnswer(response))
            case .failure(let error): done(.unreachable(Self.text(of: error)))
            }
        }
        return Request(task: task)
    }

    private static func text(of error: any Error) -> String {
        switch error as? HTTPClientError {
        case .deadlineExceeded: "no answer in time"
        case .connectTimeout: "no connection in time"
        case .cancelled: "no answer by the end of the run"
        case .remoteConnectionClosed: "the connection was closed before an answer came"
        default: String(describing: error)
        }
    }

    /// No request may be under way.
    func shutdown() { try? client.withLock { $0.take() }?.syncShutdown() }
}
