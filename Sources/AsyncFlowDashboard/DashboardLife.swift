import AsyncFlow
import AsyncFlowBase
import AsyncFlowTelemetry
import AsyncFlowWebServer
import Dispatch
import NIOCore

/// The life of a dashboard: its server, the task that creates its updates, and the end of both.
final class DashboardLife: Sendable {
    private struct State {
        var updates: Task<Void, Never>?
        var ending: Task<Void, Never>?
        /// Whether the engine has ended.
        var isEnded = false
        var isStopped = false
        var isOver = false
        var lastWaiter = 0
        var waiting: [Int: CheckedContinuation<Void, Never>] = [:]
    }
    private let state = Lock(State())
    let hub: UpdateHub
    private let keepOpen: Duration
    private let server = WebServer()
    private let engineMayEnd = DispatchSemaphore(value: 0)

    /// The time for browsers to receive the last state.
    private static let patience = Duration.milliseconds(700)
    /// The time for which the engine's end waits for the dashboard.
    private static let enginePatience = DispatchTimeInterval.seconds(1)

    init(hub: UpdateHub, keepOpen: Duration) {
        self.hub = hub
        self.keepOpen = keepOpen
    }

    // MARK: - The server

    /// - Returns: the port.
    func start(routes: DashboardRoutes, host: String, port: Int) async throws -> Int {
        do {
            let port = try await server.start(routes.router(), host: host, port: port)
            server.whenOver { [self] in over() }
            return port
        } catch let error as CancellationError {
            throw error
        } catch {
            throw Self.error(error, host, port)
        }
    }

    private static func error(_ error: any Error, _ host: String, _ port: Int) -> DashboardError {
        let code = (error as? IOError)?.errnoCode
        let advice =
            switch code {
            case EADDRINUSE: "another program uses that port. Choose another one, or 0 for any that is free."
            case EACCES: "ports below 1024 need administrator rights. Choose a higher one, or 0 for any that is free."
            case EADDRNOTAVAIL: "this machine doesn't have that address. Choose one that it has, or 0.0.0.0 for all."
            default: "\(error)"
            }
        return DashboardError(message: "The dashboard can't listen on \(host), port \(port): \(advice)")
    }

    // MARK: - Updates

    func makeUpdates(of feed: RunFeed) {
        let updates = Task.detached { [self] in await update(feed) }
        let ending = Task.detached { [self] in
            await updates.value
            // The last state includes the analysis, which is possible now.
            if !state.withLock({ $0.isStopped }) {
                hub.publish(await feed.encode(PageData.Part.allCases, isLive: false), isLast: true)
                await hub.waitUntilNoClient(atMost: Self.patience)
                if keepOpen > .zero { engineMayEnd.signal() }
                try? await Task.sleep(for: keepOpen)
            }
            stop()
        }
        let isEnded = state.withLock { state in
            state.updates = updates
            state.ending = ending
            return state.isEnded || state.isStopped
        }
        if isEnded { updates.cancel() }
    }

    /// Creates updates, at most twice a second and only while a browser is connected, until the engine has ended.
    private func update(_ feed: RunFeed) async {
        let clock = ContinuousClock()
        let start = clock.now
        var pace = UpdatePace()
        while !isEnding {
            await hub.waitForClient()
            if isEnding { return }
            let revision = feed.revision
            let begin = clock.now
            let parts = pace.parts(revision: revision, at: begin - start)
            hub.publish(await feed.encode(parts, isLive: true))
            pace.made(parts, revision: revision, cost: clock.now - begin, at: clock.now - start)
            try? await Task.sleep(until: begin + UpdatePace.interval, clock: clock)
        }
    }

    private var isEnding: Bool { state.withLock { $0.isEnded || $0.isStopped } || Task.isCancelled }

    // MARK: - The end

    /// Called on the events' thread, for which the engine's end waits. Blocks it until browsers have the last state
    /// and, unless it is to be kept, the server has stopped; for a limited time.
    func engineEnded() {
        let updates = state.withLock { state in
            state.isEnded = true
            return state.updates
        }
        updates?.cancel()
        hub.end()
        _ = engineMayEnd.wait(timeout: .now() + Self.enginePatience)
    }

    /// Ends everything; returns at once.
    func stop() {
        let (updates, ending) = state.withLock { state in
            state.isStopped = true
            return (state.updates, state.ending)
        }
        hub.end()
        hub.close()
        updates?.cancel()
        ending?.cancel()
        server.stop()
    }

    private func over() {
        let waiting = state.withLock { state in
            state.isOver = true
            defer { state.waiting = [:] }
            return Array(state.waiting.values)
        }
        hub.end()
        hub.close()
        engineMayEnd.signal()
        for continuation in waiting { continuation.resume() }
    }

    func waitUntilStopped() async {
        let number = state.withLock { state in
            state.lastWaiter += 1
            return state.lastWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let mustWait = state.withLock { state in
                    if state.isOver || Task.isCancelled { return false }
                    state.waiting[number] = continuation
                    return true
                }
                if !mustWait { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiting.removeValue(forKey: number) }?.resume()
        }
    }
}
