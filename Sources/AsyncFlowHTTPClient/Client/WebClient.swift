import AsyncFlowBase
package import AsyncHTTPClient
import NIOConcurrencyHelpers
package import NIOCore
package import NIOHTTP1
import NIOPosix

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The shared HTTP client, whose connections are opened when they are needed and closed with its last user.
///
/// It doesn't follow redirects, so that a secret stays with the server that it is meant for. It doesn't retry, because
/// its callers decide on that. It sends the user and password of a URL as a header, and uses the environment's proxy.
package final class WebClient: Sendable {
    package struct Configuration: Sendable {
        /// The time limit for opening a connection.
        package var connectTimeout: Duration = .seconds(10)
        /// The maximum time without a byte from the server; nil for no limit.
        package var idleTimeout: Duration?
        /// The maximum number of connections to one server; further requests wait for one.
        package var connectionsPerServer = 8
        package var proxies: ProxySettings
        package var files = TLSFiles()
        /// Whether the program's bootstrapped tracer sees the requests.
        package var isTraced = true

        package init(proxies: ProxySettings = ProxySettings()) { self.proxies = proxies }
    }

    /// The routes to a server, each of which needs a separate client.
    private enum Route: Hashable {
        case direct
        /// Through a tunnel that the proxy opens.
        case tunnel(Proxy)
        /// The request itself goes to a proxy.
        case absolute
    }

    private struct State {
        var clients: [Route: HTTPClient] = [:]
        var users = 0
    }

    private let configuration: Configuration
    private let state = NIOLockedValueBox(State())  // a lock that the thread sanitizer sees

    package init(_ configuration: Configuration = Configuration()) { self.configuration = configuration }

    deinit {
        for client in state.withLockedValue({ $0.clients }).values { client.shutdown { _ in } }
    }

    // MARK: - Who uses it

    /// Notes one more user, which must call ``close()`` once.
    package func open() { state.withLockedValue { $0.users += 1 } }

    /// Releases the client. The last user's call ends all connections and the requests on them.
    package func close() async {
        // Shutting down fails only if that was done before.
        for client in leave() { try? await client.shutdown() }
    }

    /// Closes like ``close()`` without waiting; the connections end soon afterwards.
    package func closeSoon() {
        for client in leave() { client.shutdown { _ in } }
    }

    /// Closes like ``close()``, blocking the calling thread, which must be neither one of Swift's nor an event loop's.
    package func closeAndWait() {
        for client in leave() { try? client.syncShutdown() }
    }

    /// Opens the client for the duration of the body.
    nonisolated(nonsending) package func use<Result>(_ body: () async throws -> Result) async rethrows -> Result {
        open()
        do {
            let result = try await body()
            await close()
            return result
        } catch {
            await close()
            throw error
        }
    }

    private func leave() -> [HTTPClient] {
        state.withLockedValue { state in
            state.users -= 1
            guard state.users <= 0 else { return [] }
            state.users = 0
            defer { state.clients = [:] }
            return Array(state.clients.values)
        }
    }

    // MARK: - Requests

    /// Sends a request.
    ///
    /// - Parameter timeout: the time limit for the head of the response.
    /// - Returns: the response, whose body is still to be read: `body.collect(upTo:)` bounds it.
    /// - Throws: an error for ``webErrorText(_:)``; `CancellationError` if the calling task is cancelled.
    package func send(_ request: HTTPClientRequest, timeout: Duration? = nil) async throws -> HTTPClientResponse {
        var request = request
        let client = try prepare(&request.url, &request.headers)
        do {
            return try await client.execute(request, deadline: Self.deadline(timeout))
        } catch {
            if Task.isCancelled { throw CancellationError() }
            throw error
        }
    }

    /// A request in progress.
    package struct Pending: Sendable {
        fileprivate var task: HTTPClient.Task<HTTPClient.Response>?
        package func cancel() { task?.cancel() }
    }

    /// Sends a request without a Swift task, for threads that must not depend on Swift's.
    ///
    /// - Parameters:
    ///   - timeout: the time limit for the whole response.
    ///   - limit: the maximum number of bytes of a response.
    ///   - done: called once, on a thread that must not be blocked.
    package func send(
        _ method: HTTPMethod, _ url: String, _ headers: HTTPHeaders, _ body: ByteBuffer, timeout: Duration,
        upTo limit: Int, _ done: @escaping @Sendable (Result<HTTPClient.Response, any Error>) -> Void
    ) -> Pending {
        do {
            var (url, headers) = (url, headers)
            let client = try prepare(&url, &headers)
            let request = try HTTPClient.Request(url: url, method: method, headers: headers, body: .byteBuffer(body))
            let task = client.execute(
                request: request, delegate: ResponseAccumulator(request: request, maxBodySize: limit),
                deadline: Self.deadline(timeout))
            task.futureResult.whenComplete(done)
            return Pending(task: task)
        } catch {
            done(.failure(error))
            return Pending()
        }
    }

    /// Checks an address, its proxy and the certificate files before the first request.
    package func check(_ url: String) throws {
        var (url, headers) = (url, HTTPHeaders())
        open()
        defer { closeSoon() }
        _ = try HTTPClient.Request(url: url)
        _ = try prepare(&url, &headers)
    }

    private static func deadline(_ timeout: Duration?) -> NIODeadline {
        timeout.map { .now() + amount($0) } ?? .distantFuture
    }

    /// Returns the time, limited to a day, which is as good as forever.
    private static func amount(_ duration: Duration) -> TimeAmount {
        .nanoseconds(max(.zero, min(duration, .seconds(86_400))).clampedNanoseconds)
    }

    // MARK: - Routes

    /// Changes a request as its route requires, and returns the client for it.
    private func prepare(_ address: inout String, _ headers: inout HTTPHeaders) throws -> HTTPClient {
        let (bare, credentials) = URLCredentials.split(address)
        address = bare
        if let credentials, !headers.contains(name: "authorization") {
            headers.add(name: "Authorization", value: credentials.basic)
        }
        guard let url = URL(string: address), let proxy = try configuration.proxies.proxy(for: url) else {
            return try client(.direct)
        }
        guard proxy.kind != .socks5, url.scheme?.lowercased() == "http", var parts = URLComponents(string: address)
        else { return try client(.tunnel(proxy)) }
        let host = parts.percentEncodedHost ?? ""
        if !headers.contains(name: "host") {
            headers.add(name: "Host", value: parts.port.map { "\(host):\($0)" } ?? host)
        }
        if let credentials = proxy.credentials {
            headers.replaceOrAdd(name: "Proxy-Authorization", value: credentials.basic)
        }
        parts.scheme = proxy.kind == .https ? "https" : "http"
        parts.host = proxy.host.contains(":") ? "[\(proxy.host)]" : proxy.host
        parts.port = proxy.port
        guard let changed = parts.string else { throw HTTPClientError.invalidURL }
        address = changed
        return try client(.absolute)
    }

    private func client(_ route: Route) throws -> HTTPClient {
        if let client = try known(route) { return client }
        let made = try make(route)
        // Another thread may have been faster, or the last user may have gone.
        let (client, unused) = state.withLockedValue { state -> (HTTPClient?, HTTPClient?) in
            guard state.users > 0 else { return (nil, made) }
            if let client = state.clients[route] { return (client, made) }
            state.clients[route] = made
            return (made, nil)
        }
        unused?.shutdown { _ in }
        guard let client else { throw WebClientError.closed }
        return client
    }

    private func known(_ route: Route) throws -> HTTPClient? {
        try state.withLockedValue { state in
            guard state.users > 0 else { throw WebClientError.closed }
            return state.clients[route]
        }
    }

    private func make(_ route: Route) throws -> HTTPClient {
        let tls = try configuration.files.configuration()
        var settings = HTTPClient.Configuration(
            tlsConfiguration: tls, redirectConfiguration: .disallow,
            timeout: .init(
                connect: Self.amount(configuration.connectTimeout), read: configuration.idleTimeout.map(Self.amount)))
        settings.connectionPool.retryConnectionEstablishment = false
        settings.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = configuration.connectionsPerServer
        if !configuration.isTraced { settings.tracing.tracer = nil }
        switch route {
        case .direct: break
        case .absolute:
            settings.httpVersion = .http1Only
            settings.http1_1ConnectionDebugInitializer = { AbsoluteForm.add(to: $0) }
        case .tunnel(let proxy) where proxy.kind == .socks5:
            settings.proxy = .socksServer(host: proxy.host, port: proxy.port)
        case .tunnel(let proxy):
            let credentials = proxy.credentials.map {
                HTTPClient.Authorization.basic(username: $0.user, password: $0.password)
            }
            settings.proxy = .server(host: proxy.host, port: proxy.port, authorization: credentials)
        }
        // Network.framework doesn't accept client certificates from files.
        return HTTPClient(
            eventLoopGroupProvider: tls == nil ? .singleton : .shared(MultiThreadedEventLoopGroup.singleton),
            configuration: settings)
    }
}
