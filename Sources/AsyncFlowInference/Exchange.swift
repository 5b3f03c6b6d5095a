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
        case text(String)
        case failed(RetryPlan.Failure, InferenceError)
    }

    private struct State {
        var client: HTTPClient?
        /// A backend may be that of several engines.
        var users = 0
    }

    let url: String
    let credentials: Credentials
    private let patience: Patience
    private let state = NIOLockedValueBox(State())  // a lock that the thread sanitizer sees

    /// More than this isn't an answer.
    private static let longestAnswer = 64 << 20
    /// The client's own limit is 8; how many prompts are sent at once is the engine's decision.
    private static let mostConnections = 8192

    init(url: String, credentials: Credentials, patience: Patience) {
        self.url = url
        self.credentials = credentials
        self.patience = patience
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

    /// - Throws: `CancellationError` only.
    func post(_ body: Data) async throws -> Outcome {
        guard let client = state.withLockedValue({ $0.client }) else {
            return .failed(.final, InferenceError(.connectionFailed, "the backend isn't started, or was shut down"))
        }
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/json")
        request.headers.add(name: "accept", value: "application/json")
        if let key = credentials.key { request.headers.add(name: "authorization", value: "Bearer \(key)") }
        request.body = .bytes(ByteBuffer(bytes: body))
        do {
            let response = try await client.execute(request, timeout: Self.amount(patience.whole))
            let bytes = try await response.body.collect(upTo: Self.longestAnswer)
            return outcome(response, Answer(bytes.readableBytesView))
        } catch {
            if Task.isCancelled { throw CancellationError() }
            return Self.outcome(of: error)
        }
    }

    private func outcome(_ response: HTTPClientResponse, _ answer: Answer) -> Outcome {
        let status = Int(response.status.code)
        let isGood = (200...299).contains(status)
        switch answer {
        case .text(let text) where isGood: return .text(text)
        case .text: return refused(response, "the server answered with status \(status)")
        case .error(let message, let isFinal):
            let text = isGood ? message : "the server answered with status \(status): \(message)"
            return refused(response, text, isFinal: isFinal || isGood, isQuota: isFinal && !isGood)
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
