import AsyncFlowBase
package import Hummingbird
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// A web server that ends when it is stopped, whatever its clients do.
package final class WebServer: Sendable {
    private struct State {
        var services: ServiceGroup?
        var isStopped = false
        var isOver = false
        var whenOver: [@Sendable () -> Void] = []
    }
    private let state = Lock(State())
    private let connections: OpenConnections

    /// The time for written data to be sent to clients.
    private static let patience = Duration.milliseconds(200)

    /// - Parameters:
    ///   - connections: the maximum number of clients at a time. Beyond that, a waiting connection is closed for each
    ///     new one.
    ///   - requestTime: the maximum time from the opening of a connection to the end of its first request.
    ///   - idleTime: the maximum time from a response to the end of the next request.
    package init(
        connections: Int = 64, requestTime: Duration = .seconds(10), idleTime: Duration = .seconds(30)
    ) {
        self.connections = OpenConnections(
            .init(connections: max(1, connections), request: requestTime, idle: idleTime))
    }

    /// Starts to listen.
    ///
    /// - Parameter port: the port; 0 for any that is free.
    /// - Returns: the port.
    /// - Throws: `IOError` if it can't listen on the address, `CancellationError` if it was stopped meanwhile.
    package func start(_ router: Router<BasicRequestContext>, host: String, port: Int) async throws -> Int {
        let (ports, found) = AsyncThrowingStream.makeStream(of: Int.self)
        // Errors of starting are thrown here; later ones are ignored, because there is no remedy.
        let connections = connections
        let quiet = Logger(label: "asyncflow.web-server") { _ in SwiftLogNoOpLogHandler() }
        // A single event loop, because a connection that is accepted on one loop while another closes the listener
        // would be dropped, and trap.
        let application = Application(
            router: router,
            server: .http1(configuration: .init(additionalChannelHandlers: [connections.tracker])),
            configuration: .init(address: .hostname(host, port: port), serverName: nil),
            onServerRunning: { channel in found.yield(channel.localAddress?.port ?? port) },
            eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup.singleton.any()), logger: quiet)
        let services = ServiceGroup(services: [application], logger: quiet)
        state.withLock { $0.services = services }
        Task.detached { [self] in
            do {
                try await services.run()
                found.finish()
            } catch {
                found.finish(throwing: error)
            }
            over()
        }
        if state.withLock({ $0.isStopped }) { await services.triggerGracefulShutdown() }
        for try await port in ports { return port }
        stop()
        throw CancellationError()
    }

    /// Ends the server; returns at once. Responses in progress have a fraction of a second to end.
    ///
    /// The server isn't cancelled, because that would drop connections that are just being accepted.
    package func stop() {
        let services = state.withLock { state in
            defer { state.isStopped = true }
            return state.isStopped ? nil : state.services
        }
        guard let services else { return }
        Task.detached { [self] in
            await services.triggerGracefulShutdown()
            while !state.withLock({ $0.isOver }) {
                try? await Task.sleep(for: Self.patience)
                connections.close()
            }
        }
    }

    /// Calls `action` once the server, which must have been started, has ended and all its connections are closed.
    package func whenOver(_ action: @escaping @Sendable () -> Void) {
        let isOver = state.withLock { state in
            if !state.isOver { state.whenOver.append(action) }
            return state.isOver
        }
        if isOver { action() }
    }

    private func over() {
        let actions = state.withLock { state in
            state.isOver = true
            defer { state.whenOver = [] }
            return state.whenOver
        }
        for action in actions { action() }
    }
}
