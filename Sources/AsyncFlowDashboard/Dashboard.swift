public import AsyncFlow
import AsyncFlowTelemetry
import AsyncFlowWebServer
import Dispatch
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

/// The web page of a run in progress: progress, timeline, graph, curves, failures, and every task.
///
/// Create one with ``AsyncFlow/WorkflowEngine/startDashboard(_:)``. It stops with the engine.
public final class Dashboard: Sendable {
    /// The URL of the page, including the token if one is needed. Anyone with this URL can see the run.
    public let url: String
    /// The port that the dashboard listens on.
    public let port: Int

    private let life: DashboardLife
    private let attachment: EventAttachment

    init(url: String, port: Int, life: DashboardLife, attachment: EventAttachment) {
        self.url = url
        self.port = port
        self.life = life
        self.attachment = attachment
    }

    /// Closes the page; returns when all connections and the port are closed. The run continues. May be called any
    /// number of times.
    public func stop() async {
        life.stop()
        await attachment.detach()
        await life.waitUntilStopped()
    }

    /// The number of browsers that receive updates.
    var clientCount: Int { life.hub.clientCount }
    func waitUntilNobodyLooks() async { await life.hub.waitUntilNoClient(atMost: .seconds(60)) }
    /// Waits until the server has processed everything that has happened.
    func flush() async { await attachment.flush() }

    /// Waits until the page is closed: some time after the engine's end, if it is to be kept open, or after ``stop()``.
    ///
    /// A program that awaits this at its end lets people look at the last state for as long as
    /// ``Configuration/keepOpen`` says. If the Swift task is cancelled, the method returns early and the page stays
    /// open.
    public func waitUntilStopped() async { await life.waitUntilStopped() }
}

extension WorkflowEngine {
    /// Shows the run on a web page on this computer: see ``startDashboard(_:)``.
    ///
    /// - Parameter port: the port to listen on; 0 takes a free one.
    /// - Throws: ``DashboardError`` if it can't listen there.
    @discardableResult
    public func startDashboard(port: Int) async throws -> Dashboard { try await startDashboard(.init(port: port)) }

    /// Shows the run on a web page: open the address that is logged, or ``Dashboard/url``, in a browser.
    ///
    /// The page shows what happens from now on, so start it before the first task. It never slows the run: if it can't
    /// keep up, it leaves out events and indicates that.
    ///
    /// By default only this computer can connect, which includes everybody who can log in to it; set a token if that
    /// matters. With any other `host` the token is always needed. The connection isn't encrypted, unless it goes
    /// through `ssh -L`.
    ///
    /// - Parameter configuration: where the page can be reached; by default at `http://127.0.0.1:8080`.
    /// - Returns: the dashboard, which runs until the engine ends, even if the object is released.
    /// - Throws: ``DashboardError`` if it can't listen there, for example because the port is in use, or the token is
    ///   empty; `CancellationError` if the Swift task is cancelled before it listens.
    @discardableResult
    public func startDashboard(_ configuration: Dashboard.Configuration = .init()) async throws -> Dashboard {
        guard configuration.token != "" else {
            throw DashboardError(message: "The dashboard's token is empty. Give one with characters, or none.")
        }
        guard (0...65535).contains(configuration.port) else {
            throw DashboardError(
                message: "The dashboard can't listen on port \(configuration.port): ports must be from 0 to 65535.")
        }
        let isLoopback = LoopbackHost.contains(configuration.host)
        let token = configuration.token ?? (isLoopback ? nil : RunPage.randomNonce())
        let hub = UpdateHub()
        let life = DashboardLife(hub: hub, keepOpen: configuration.keepOpen)
        let feed = RunFeed(engineID: id, cores: coreCount) { life.engineEnded() }
        let routes = DashboardRoutes(
            feed: feed, hub: hub, policy: AccessPolicy(host: configuration.host, token: token), questions: questions,
            // Cookies are shared by all ports of a host, so the name must be unique.
            cookieName: "asyncflow-" + RunPage.randomNonce().prefix(8))
        let port = try await life.start(routes: routes, host: configuration.host, port: configuration.port)
        let attachment = attach(feed, overflow: .drop())
        life.makeUpdates(of: feed)

        let host = configuration.host.contains(":") ? "[\(configuration.host)]" : configuration.host
        var url = "http://\(host):\(port)/"
        if let token { url += "?token=\(Self.percentEncoded(token))" }
        configuration.logger.notice("The run can be seen at \(url)")
        return Dashboard(url: url, port: port, life: life, attachment: attachment)
    }

    private static func percentEncoded(_ text: String) -> String {
        let plain = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~".utf8)
        return text.utf8.map { byte in
            plain.contains(byte)
                ? String(UnicodeScalar(byte)) : "%" + String(Int(byte) + 0x100, radix: 16, uppercase: true).dropFirst()
        }.joined()
    }
}
