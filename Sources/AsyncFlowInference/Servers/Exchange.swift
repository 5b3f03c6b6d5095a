import AsyncHTTPClient
import Foundation
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1

/// One server's way of answering requests.
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

        /// How many tokens it took, if the server says.
        var tokens: Int? {
            switch self {
            case .completion(let completion): completion.usage?.totalTokens
            case .embeddings(let embeddings): embeddings.usage?.totalTokens
            case .failed: nil
            }
        }
    }

    private struct State {
        var client: HTTPClient?
        /// A backend may be that of several engines.
        var users = 0
    }

    /// The base URL.
    let url: String
    let credentials: Credentials
    private let patience: Patience
    private let timeLimit: TimeLimit
    private let state = NIOLockedValueBox(State())  // a lock that the thread sanitizer sees

    /// More than this isn't an answer.
    private static let longestAnswer = 64 << 20
    /// The client's own limit is 8; how many prompts are sent at once is the engine's decision.
    private static let mostConnections = 8192

    init(url: String, credentials: Credentials, patience: Patience) {
        self.url = url
        self.credentials = credentials
        self.patience = patience
        timeLimit = TimeLimit(patience.whole)
    }

    func start() {
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,  // the key stays with the server that it is meant for
            timeout: .init(connect: Self.amount(patience.connect), read: Self.amount(patience.idle)))
        configuration.connectionPool.retryConnectionEstablishment = false  // RetryPlan decides
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = Self.mostConnections
        let made = configuration
        state.withLockedValue { state in
            state.users += 1
            if state.client == nil {
                state.client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: made)
            }
        }
    }

    func shutdown() async {
        let unused = state.withLockedValue { state in
            state.users -= 1
            return state.users == 0 ? state.client.take() : nil
        }
        // Shutting down fails only if that was done before.
        try? await unused?.shutdown()
    }

    /// Has a request answered, once.
    ///
    /// - Throws: `CancellationError` only.
    func post(_ request: ServerRequest) async throws -> Outcome {
        guard let client = state.withLockedValue({ $0.client }) else {
            return .failed(.final, InferenceError(.connectionFailed, "the backend isn't started, or was shut down"))
        }
        do {
            // The client's own deadline ends with the head of the answer.
            return try await timeLimit.apply { try await self.answer(client, request) }
        } catch {
            if Task.isCancelled { throw CancellationError() }
            return Self.outcome(of: error)
        }
    }

    private func answer(_ client: HTTPClient, _ request: ServerRequest) async throws -> Outcome {
        let clock = ContinuousClock()
        let sent = clock.now
        let response = try await client.execute(httpRequest(request), timeout: Self.amount(patience.whole))
        var answer: Answer
        var firstText: Duration?
        if let onText = request.onText, response.isEventStream {
            answer = try await Self.collect(response.body, asked: request.model) { text in
                if firstText == nil { firstText = clock.now - sent }
                await onText(text)
            }
        } else {
            answer = request.read(Array(buffer: try await response.body.collect(upTo: Self.longestAnswer)))
        }
        switch answer {
        case .completion(var completion):
            completion.latency = clock.now - sent
            completion.timeToFirstToken = firstText
            answer = .completion(completion)
        case .embeddings(var embeddings):
            embeddings.latency = clock.now - sent
            answer = .embeddings(embeddings)
        case .error, .invalid, .cut: break
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

    /// Reads an answer that comes in parts, until its end or its first error.
    private static func collect(
        _ body: HTTPClientResponse.Body, asked: String, _ onText: (String) async -> Void
    ) async throws -> Answer {
        var parser = EventStreamParser()
        var streamed = StreamedAnswer()
        var received = 0
        for try await bytes in body {
            received += bytes.readableBytes
            if received > longestAnswer { throw NIOTooManyBytesError(maxBytes: longestAnswer) }
            for data in parser.receive(bytes.readableBytesView) where !streamed.isDone {
                switch streamed.receive(data) {
                case .text(let text): if !text.isEmpty { await onText(text) }
                case .failed(let answer): return answer
                }
            }
        }
        return streamed.end(asked: asked)
    }

    private func outcome(_ response: HTTPClientResponse, _ answer: Answer) -> Outcome {
        let status = Int(response.status.code)
        let isGood = (200...299).contains(status)
        switch answer {
        case .completion(let completion) where isGood: return .completion(completion)
        case .embeddings(let embeddings) where isGood: return .embeddings(embeddings)
        case .completion, .embeddings: return refused(response, "the server answered with status \(status)")
        case .error(let message, let isFinal):
            let text = isGood ? message : "the server answered with status \(status): \(message)"
            return refused(response, text, isFinal: isFinal || isGood, isQuota: isFinal && !isGood)
        case .cut(let why): return .failed(.connection, InferenceError(.connectionFailed, status: status, why))
        case .invalid(let why):
            if !isGood { return refused(response, "the server answered with status \(status); \(why)") }
            return .failed(.final, InferenceError(.invalidAnswer, status: status, "what came isn't an answer: \(why)"))
        }
    }

    private func refused(
        _ response: HTTPClientResponse, _ text: String, isFinal: Bool = false, isQuota: Bool = false
    ) -> Outcome {
        let status = Int(response.status.code)
        let error = InferenceError(isQuota ? .quotaExceeded : .refused, status: status, text)
        if isFinal { return .failed(.final, error) }
        let retryAfter = RetryPlan.retryAfter(
            milliseconds: response.headers.first(name: "retry-after-ms"),
            secondsOrDate: response.headers.first(name: "retry-after"), now: Date())
        return .failed(.status(status, retryAfter: retryAfter), error)
    }

    private static func outcome(of error: any Error) -> Outcome {
        if let error = error as? TimeLimit.Exceeded {
            return .failed(
                .connection, InferenceError(.timedOut, "the whole answer wasn't there after \(error.limit)"))
        }
        guard let error = error as? HTTPClientError else {
            if error is NIOTooManyBytesError {
                return .failed(.final, InferenceError(.invalidAnswer, "the answer is longer than 64 MiB"))
            }
            return .failed(.connection, InferenceError(.connectionFailed, "the connection failed: \(error)"))
        }
        let timeouts: [HTTPClientError] = [
            .readTimeout, .connectTimeout, .deadlineExceeded, .getConnectionFromPoolTimeout,
        ]
        if timeouts.contains(error) {
            return .failed(.connection, InferenceError(.timedOut, "it took too long (\(error.shortDescription))"))
        }
        return .failed(
            .connection, InferenceError(.connectionFailed, "the connection failed: \(error.shortDescription)"))
    }

    /// A day is as good as for ever.
    private static func amount(_ duration: Duration) -> TimeAmount {
        .nanoseconds(Int64(min(duration, .seconds(86_400)) / .nanoseconds(1)))
    }
}

extension HTTPClientResponse {
    /// Servers that can't stream answer as a whole instead.
    fileprivate var isEventStream: Bool {
        status == .ok && headers.first(name: "content-type")?.lowercased().hasPrefix("text/event-stream") == true
    }
}
