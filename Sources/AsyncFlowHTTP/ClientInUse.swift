import AsyncHTTPClient
import NIOConcurrencyHelpers
import NIOCore

/// An HTTP client that is there as long as somebody uses it: afterwards no connection is left.
final class ClientInUse: Sendable {
    private struct State {
        var client: HTTPClient?
        var users = 0
    }
    private let state = NIOLockedValueBox(State())  // a lock that the thread sanitizer sees
    private let configuration: HTTPClient.Configuration

    /// - Parameter patience: how long a connection may take to be made, and the server to send something.
    init(patience: Duration) {
        let limit = TimeAmount.nanoseconds(Int64(min(patience, .seconds(86_400)) / .nanoseconds(1)))
        // Without decompression: what is wanted is the file as it is.
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .follow(max: 10, allowCycles: false),
            timeout: HTTPClient.Configuration.Timeout(connect: limit, read: limit))
        configuration.connectionPool.retryConnectionEstablishment = false  // what is tried again is decided by Download
        self.configuration = configuration
    }

    func use<Result>(_ body: (HTTPClient) async throws -> Result) async throws -> Result {
        let client = state.withLockedValue { state in
            let client = state.client ?? HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
            state.client = client
            state.users += 1
            return client
        }
        do {
            let result = try await body(client)
            await leave()
            return result
        } catch {
            await leave()
            throw error
        }
    }

    private func leave() async {
        let unused = state.withLockedValue { state in
            state.users -= 1
            return state.users == 0 ? state.client.take() : nil
        }
        // Shutting down fails only if that was done before.
        try? await unused?.shutdown()
    }
}
