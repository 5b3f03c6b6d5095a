import AsyncFlow
import Hummingbird
import Logging
import NIOCore
import Synchronization

/// A web server with one page.
final class MetricsServer: Sendable {
    private struct State {
        var serving: Task<Void, Never>?
        var isEnded = false
        var waiting: [WakeUp] = []
    }
    private let state = Mutex(State())

    /// How long the engine's end waits for the port to be closed: an answer may be under way.
    private static let patienceInMicroseconds = 2_000_000

    /// - Parameter page: makes the page, as media type and text, given what the request's `Accept` says.
    /// - Returns: the port, once it is listened on.
    func start(
        host: String, port: Int, logger: Logger, page: @escaping @Sendable (String?) -> (String, String)
    ) async throws -> Int {
        let router = Router()
        router.get("metrics") { request, _ in
            let (mediaType, text) = page(request.headers[.accept])
            return Response(
                status: .ok, headers: [.contentType: mediaType],
                body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
        }
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .error)  // its start and end are nobody's news
        let (ports, found) = AsyncThrowingStream.makeStream(of: Int.self)
        let application = Application(
            router: router, configuration: ApplicationConfiguration(address: .hostname(host, port: port)),
            onServerRunning: { channel in found.yield(channel.localAddress?.port ?? port) }, logger: quiet)
        let serving = Task {
            do {
                try await application.run()
                found.finish()
            } catch {
                found.finish(throwing: error)
            }
            self.ended()
        }
        state.withLock { $0.serving = serving }
        for try await port in ports { return port }
        throw CancellationError()
    }

    private func ended() {
        let waiting = state.withLock { state in
            state.isEnded = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for wake in waiting { wake.signal() }
    }

    /// Waits, on a thread of one's own, until the port is closed.
    func stopAndWait() {
        let wake = WakeUp()
        let (serving, isEnded) = state.withLock { state in
            if !state.isEnded { state.waiting.append(wake) }
            return (state.serving, state.isEnded)
        }
        serving?.cancel()
        if !isEnded { _ = wake.wait(microseconds: Self.patienceInMicroseconds) }
    }
}
