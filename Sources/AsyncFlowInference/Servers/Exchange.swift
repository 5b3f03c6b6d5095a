import AsyncFlow
import AsyncFlowBase
internal import AsyncFlowHTTPClient
import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

/// The exchange of requests and answers with one server.
final class Exchange: Sendable {
    struct Patience: Sendable {
        var connect: Duration
        var idle: Duration
        var whole: Duration
    }

    enum Outcome: Sendable {
        case completion(Completion)
        case embeddings(Embeddings)
        case failed(RetryPlan.Failure, InferenceError)

        /// Returns the tokens that the request took, by the server's count or as estimated; nil if there is no answer.
        func tokens(_ guess: TokenGuess) -> TokenCount? {
            switch self {
            case .completion(let completion):
                completion.usage.map { TokenCount($0) } ?? TokenCount(completion, guess: guess)
            case .embeddings(let embeddings):
                embeddings.usage.map { TokenCount($0) } ?? TokenCount(prompt: guess.prompt, answer: 0)
            case .failed: nil
            }
        }
    }

    /// The base URL.
    let url: String
    let credentials: Credentials
    private let patience: Patience
    private let timeLimit: TimeLimit
    /// The HTTP client. Several engines may share a backend; each of them opens and closes it.
    private let client: WebClient

    /// The maximum number of connections, large because the engine limits the number of concurrent prompts.
    private static let mostConnections = 8192

    init(url: String, credentials: Credentials, patience: Patience, proxies: ProxySettings) {
        self.url = url
        self.credentials = credentials
        self.patience = patience
        timeLimit = TimeLimit(patience.whole)
        var configuration = WebClient.Configuration(proxies: proxies)
        configuration.connectTimeout = patience.connect
        configuration.idleTimeout = patience.idle
        configuration.connectionsPerServer = Self.mostConnections
        client = WebClient(configuration)
    }

    func start() { client.open() }
    func shutdown() async { await client.close() }

    /// Sends a request once.
    ///
    /// - Throws: only `CancellationError`.
    func post(_ request: ServerRequest) async throws -> Outcome {
        do {
            // The client's own time limit ends with the response head.
            return try await timeLimit.apply { try await self.answer(request) }
        } catch {
            if Task.isCancelled { throw CancellationError() }
            return outcome(of: error)
        }
    }

    private func answer(_ request: ServerRequest) async throws -> Outcome {
        let clock = ContinuousClock()
        let sent = clock.now
        let response = try await client.send(httpRequest(request), timeout: patience.whole)
        let reader = AnswerReader(request: request, quote: credentials.quote)
        var answer: Answer
        var firstText: Duration?
        if !response.isGood {
            answer = try await reader.error(response)
        } else if request.mayStream, response.isEventStream {
            // Also if streaming wasn't requested.
            answer = try await reader.stream(response) { text in
                if firstText == nil, request.onText != nil { firstText = clock.now - sent }
                await request.onText?(text)
            }
        } else {
            answer = try await reader.whole(response)
        }
        switch answer {
        case .completion(var completion):
            completion.latency = clock.now - sent
            completion.timeToFirstToken = firstText
            answer = .completion(completion)
        case .embeddings(var embeddings):
            embeddings.latency = clock.now - sent
            answer = .embeddings(embeddings)
        case .error, .empty, .invalid, .cut: break
        }
        return outcome(response, answer)
    }

    private func httpRequest(_ question: ServerRequest) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: url + question.path)
        let streams = question.onText != nil
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/json")
        request.headers.add(name: "accept", value: streams ? "text/event-stream" : "application/json")
        if let key = credentials.key { request.headers.add(name: "authorization", value: "Bearer \(key)") }
        request.body = .bytes(ByteBuffer(bytes: question.body))
        return request
    }

    // MARK: - What an answer means for the request

    private func outcome(_ response: HTTPClientResponse, _ answer: Answer) -> Outcome {
        let status = Int(response.status.code)
        guard response.isGood else { return refused(response, answer) }
        switch answer {
        case .completion(let completion): return .completion(completion)
        case .embeddings(let embeddings): return .embeddings(embeddings)
        case .error(let object): return refused(response, object)
        case .cut(let why): return .failed(.connection, InferenceError(.connectionFailed, status: status, why))
        case .empty(let why):
            return .failed(
                .empty, InferenceError(.invalidAnswer, status: status, "the server's response isn't an answer: \(why)"))
        case .invalid(let why):
            return .failed(
                .final, InferenceError(.invalidAnswer, status: status, "the server's response isn't an answer: \(why)"))
        }
    }

    /// Returns the outcome of an error object with a good status: its own code counts. One that ends a stream counts as
    /// a broken connection, unless it has a status.
    private func refused(_ response: HTTPClientResponse, _ object: ErrorObject) -> Outcome {
        let status = object.status ?? Int(response.status.code)
        let error = InferenceError(
            object.kind == .quota ? .quotaExceeded : .refused, status: status,
            "the server answered with an error\(object.status.map { " (\($0))" } ?? ""): \(object.message)")
        if object.kind != .ordinary { return .failed(.final, error) }
        if object.status != nil { return .failed(.status(status, retryAfter: retryAfter(response)), error) }
        return .failed(object.endsStream ? .connection : .final, error)
    }

    private func refused(_ response: HTTPClientResponse, _ answer: Answer) -> Outcome {
        let status = Int(response.status.code)
        let text = "the server answered with status \(status)"
        switch answer {
        case .error(let object):
            let error = InferenceError(
                object.kind == .quota ? .quotaExceeded : .refused, status: status, "\(text): \(object.message)")
            if object.kind != .ordinary { return .failed(.final, error) }
            return .failed(.status(status, retryAfter: retryAfter(response)), error)
        case _ where (300...399).contains(status):
            let place = response.headers.first(name: "location").map { " to \(credentials.quote($0))" } ?? ""
            return .failed(
                .final,
                InferenceError(
                    .refused, status: status,
                    "\(text), a redirect\(place), which isn't followed, because the API key is for this server "
                        + "only; give the final address as baseURL"))
        case .empty(let why), .invalid(let why), .cut(let why):
            return .failed(
                .status(status, retryAfter: retryAfter(response)),
                InferenceError(.refused, status: status, "\(text); \(why)"))
        case .completion, .embeddings:
            return .failed(
                .status(status, retryAfter: retryAfter(response)), InferenceError(.refused, status: status, text))
        }
    }

    /// Returns the wait that the server asks for, in seconds.
    private func retryAfter(_ response: HTTPClientResponse) -> Double? {
        response.headers.retryAfter()?.inSeconds
    }

    private func outcome(of error: any Error) -> Outcome {
        let why = credentials.quote(webErrorText(error))
        switch error {
        case let error as TimeLimit.Exceeded:
            return .failed(
                .connection,
                InferenceError(
                    .timedOut,
                    "the answer wasn't complete after \(error.limit.shortText); raise timeout: or ask for less"))
        case let error as AnswerTooLarge:
            return .failed(.final, InferenceError(.invalidAnswer, error.description))
        case let error as WebClientError where error == .closed:
            return .failed(
                .final, InferenceError(.connectionFailed, "the backend isn't started, or was shut down"))
        case is WebClientError: return .failed(.final, InferenceError(.connectionFailed, why))
        case let error as HTTPClientError where Self.timeouts.contains(error):
            return .failed(.connection, InferenceError(.timedOut, "the server was silent for too long: \(why)"))
        default: return .failed(.connection, InferenceError(.connectionFailed, "the connection failed: \(why)"))
        }
    }

    private static let timeouts: [HTTPClientError] = [
        .readTimeout, .connectTimeout, .deadlineExceeded, .getConnectionFromPoolTimeout, .tlsHandshakeTimeout,
        .httpProxyHandshakeTimeout, .socksHandshakeTimeout,
    ]
}

extension HTTPClientResponse {
    fileprivate var isGood: Bool { (200...299).contains(status.code) }

    fileprivate var isEventStream: Bool {
        headers.first(name: "content-type")?.lowercased().hasPrefix("text/event-stream") == true
    }
}
