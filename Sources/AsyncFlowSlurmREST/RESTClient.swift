import AsyncFlowBase
import AsyncFlowHTTPClient
import AsyncFlowSlurm
import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

/// A client that sends requests to the service and tells answers from complaints. A token goes nowhere else, and
/// appears in no error.
actor RESTClient {
    private let service: SlurmREST
    private let patience: Duration
    /// The HTTP client. It doesn't retry, because its callers do, and doesn't follow redirects, which could lead a
    /// token to another host.
    private let client = WebClient()
    private var token: String?
    /// The latest tokens, including those that weren't accepted, because the service may repeat any of them.
    private var secrets: [String] = []

    private static let secretsKept = 8
    private static let longestToken = 16 << 10

    init(_ service: SlurmREST, patience: Duration) {
        self.service = service
        self.patience = patience.bounded
    }

    /// Notes one more user, which must call ``close()`` once.
    func open() { client.open() }

    /// Releases the client. The last user's call ends all connections.
    func close() async { await client.close() }

    /// Sends a request.
    ///
    /// - Parameter limit: the maximum number of bytes of an answer.
    /// - Throws: ``RESTFailure``.
    func send<Answer: Decodable & Sendable>(
        _ method: HTTPMethod, _ path: String, body: Data? = nil, for type: Answer.Type, limit: Int = 16 << 20
    ) async throws -> Answer {
        do {
            return try await sendOnce(method, path, body: body, for: type, limit: limit)
        } catch let failure as RESTFailure where failure.mayBeAboutToken {
            token = nil
            guard failure.isAboutToken, service.token != nil else { throw failure }
            return try await sendOnce(method, path, body: body, for: type, limit: limit)
        }
    }

    /// The form in which text of the service and its address may be shown.
    var text: ServiceText { ServiceText(secrets: secrets) }
    private var place: String { "slurmrestd at \(text.shown(service.address))" }

    private func sendOnce<Answer: Decodable & Sendable>(
        _ method: HTTPMethod, _ path: String, body: Data?, for type: Answer.Type, limit: Int
    ) async throws -> Answer {
        guard let url = service.url(path) else {
            throw RESTFailure(
                description:
                    "'\(text.shown(service.address))' isn't an address of slurmrestd: give it as unix:/path or "
                    + "http(s)://host:port",
                status: 400)
        }
        var request = HTTPClientRequest(url: url)
        request.method = method
        request.headers.add(name: "Accept", value: "application/json")
        if let body {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(ByteBuffer(bytes: body))
        }
        if let token = try await credential() {
            request.headers.add(name: "X-SLURM-USER-NAME", value: service.user ?? NSUserName())
            request.headers.add(name: "X-SLURM-USER-TOKEN", value: token)
        }
        return try answer(try await exchange(request, limit), type)
    }

    // MARK: - Tokens

    private func credential() async throws -> String? {
        if let token { return token }
        var given: String?
        if let source = service.token {
            do { given = try await source() } catch {
                throw RESTFailure(description: "getting a token for slurmrestd failed: \(text.shown("\(error)"))")
            }
        } else if !service.isSocket {
            given = ProcessInfo.processInfo.environment[RESTController.tokenVariable]
        }
        guard var found = given?.trimmingCharacters(in: .whitespacesAndNewlines), !found.isEmpty else { return nil }
        // As `scontrol token` prints it.
        let name = "\(RESTController.tokenVariable)="
        if found.hasPrefix(name) { found = String(found.dropFirst(name.count)) }
        if !secrets.contains(found) { secrets = [found] + secrets.prefix(Self.secretsKept - 1) }
        guard found.utf8.count <= Self.longestToken, found.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw RESTFailure(
                description: "the token for slurmrestd is invalid: it has blanks or characters that no token has, "
                    + "or is longer than \(Self.longestToken) bytes",
                status: 400)
        }
        token = found
        return found
    }

    // MARK: - Exchanges

    private struct Exchange: Sendable {
        let status: Int
        let location: String?
        let body: Data
    }

    private func exchange(_ request: HTTPClientRequest, _ limit: Int) async throws -> Exchange {
        do {
            return try await within(patience) { [client, patience] in
                let response = try await client.send(request, timeout: patience)
                let body = try await response.body.collect(upTo: limit)
                return Exchange(
                    status: Int(response.status.code), location: response.headers.first(name: "Location"),
                    body: Data(body.readableBytesView))
            }
        } catch is NIOTooManyBytesError {
            throw RESTFailure(description: "\(place) answered with more than \(limit >> 20) MiB")
        } catch is OverdueAnswer {
            throw RESTFailure(description: "\(place) didn't answer within \(patience)")
        } catch {
            throw RESTFailure(description: "\(place) didn't answer: \(text.shown(webErrorText(error)))")
        }
    }

    private func answer<Answer: Decodable>(_ exchange: Exchange, _ type: Answer.Type) throws -> Answer {
        let decoder = JSONDecoder()
        var failure = (try? decoder.decode(ServiceErrors.self, from: exchange.body))?.failure
        if var complaint = failure {
            complaint.description = text.shown(complaint.description)
            failure = complaint
        }
        if failure == nil, (300..<400).contains(exchange.status) {
            let target = exchange.location.map { " to '\(text.shown($0))'" } ?? ""
            failure = RESTFailure(
                description:
                    "\(place) redirects\(target), which isn't followed, as the token must not be sent there; give the "
                    + "address of the service itself")
        }
        if failure == nil, !(200..<300).contains(exchange.status) {
            failure = RESTFailure(
                description: "\(place) answered with HTTP status \(exchange.status): \(text.shown(exchange.body))")
        }
        if var failure {
            failure.status = exchange.status
            if failure.isAboutToken {
                failure.description += "; a valid token is required, such as that of scontrol token, in SLURM_JWT"
            }
            throw failure
        }
        do {
            return try decoder.decode(type, from: exchange.body)
        } catch {
            throw RESTFailure(
                description: "\(place) answered '\(text.shown(exchange.body))', which can't be understood: "
                    + text.shown(Self.words(error)))
        }
    }

    /// Returns the text of a decoding error, without the types and wrappers around it.
    private static func words(_ error: any Error) -> String {
        guard let error = error as? DecodingError else { return "\(error)" }
        switch error {
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context),
            .dataCorrupted(let context):
            let path = context.codingPath.map(\.stringValue).joined(separator: ".")
            var words = context.debugDescription
            while words.hasSuffix(".") { words.removeLast() }
            return path.isEmpty ? words : "\(words) (\(path))"
        @unknown default: return "\(error)"
        }
    }
}
