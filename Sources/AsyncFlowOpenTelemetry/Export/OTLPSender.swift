import AsyncFlow
import AsyncFlowBase
import AsyncFlowHTTPClient
import AsyncHTTPClient
import NIOCore
import NIOHTTP1

/// A sender of one signal's requests to a collector over HTTP.
final class OTLPSender: Sendable {
    /// The collector's address without its secrets.
    let shownURL: String
    private let url: String
    private let client: WebClient
    private let headers: HTTPHeaders
    private let compression: OTLPCompression
    private let redactor: SecretRedactor

    /// The number of bytes of an answer that are read; collectors answer briefly.
    private static let answerLimit = 64 * 1024
    /// The length from which values of headers count as secrets; shorter ones are part of many words.
    private static let shortestSecret = 6

    /// - Throws: ``OpenTelemetryError`` if the URL can't be that of a collector, or a file of certificates can't be
    ///   read.
    init(
        _ destination: OpenTelemetryExport.Destination, _ signal: TelemetrySignal, _ proxies: ProxySettings
    ) throws(OpenTelemetryError) {
        url = destination.url
        shownURL = destination.url.redactingURLSecrets.harmless()
        compression = destination.compression
        var headers = HTTPHeaders()
        headers.add(name: "User-Agent", value: "asyncflow-swift")
        for (name, value) in destination.headers.sorted(by: { $0.key < $1.key }) {
            headers.replaceOrAdd(name: name, value: value)
        }
        headers.replaceOrAdd(name: "Content-Type", value: destination.encoding.mediaType)
        if compression == .gzip { headers.replaceOrAdd(name: "Content-Encoding", value: "gzip") }
        self.headers = headers
        var secrets = destination.headers.values.flatMap { [$0] + $0.split(separator: " ").map(String.init) }
        secrets = secrets.filter { $0.utf8.count >= Self.shortestSecret }
        if let credentials = URLCredentials.split(destination.url).credentials {
            secrets += [credentials.password, "\(credentials.user):\(credentials.password)"]
        }
        redactor = SecretRedactor(secrets)
        var configuration = WebClient.Configuration(proxies: proxies)
        configuration.connectTimeout = destination.timeout
        configuration.files = destination.files
        configuration.isTraced = false  // a span for each request would have to be exported, too
        client = WebClient(configuration)
        do {
            _ = try HTTPClient.Request(url: destination.url)
        } catch {
            throw OpenTelemetryError(
                "\(signal) can't be exported to '\(shownURL)': \(webErrorText(error)); give a URL such as "
                    + "http://localhost:4318")
        }
        do {
            try destination.files.check()
        } catch {
            throw OpenTelemetryError("\(signal) can't be exported to '\(shownURL)': \(error.description)")
        }
        client.open()
    }

    /// Returns the body as it is sent.
    func prepared(_ body: [UInt8]) -> [UInt8] {
        compression == .gzip ? gzipped(body) : body
    }

    /// - Parameter done: called once, on a thread that must not be blocked.
    func send(
        _ body: [UInt8], within limit: Duration, _ done: @escaping @Sendable (OTLPAnswer) -> Void
    ) -> WebClient.Pending {
        client.send(
            .POST, url, headers, ByteBuffer(bytes: body), timeout: limit, upTo: Self.answerLimit
        ) { [redactor] result in
            switch result {
            case .success(let response): done(OTLPAnswer(response, hiding: redactor))
            case .failure(let error): done(.unreachable(Self.text(of: error)))
            }
        }
    }

    private static func text(of error: any Error) -> String {
        error as? HTTPClientError == .cancelled ? "no answer by the end of the run" : webErrorText(error)
    }

    /// Closes the client, blocking the calling thread. No request may be in flight.
    func shutdown() { client.closeAndWait() }
}
