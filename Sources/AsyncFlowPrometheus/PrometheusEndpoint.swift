public import AsyncFlow
import AsyncFlowBase
import AsyncFlowTelemetry
import AsyncFlowWebServer
import Hummingbird
import NIOCore

/// A page of metrics of one engine, for Prometheus to scrape. It is available until the engine ends, even if this
/// handle is released.
public final class PrometheusEndpoint: Sendable {
    /// The URL of the page: `http://127.0.0.1:9464/metrics`.
    public let url: String
    /// The port, including one that was chosen automatically.
    public let port: Int
    private let attachment: EventAttachment
    /// The time between measurements of the computer's utilisation.
    fileprivate static let sampleInterval = Duration.seconds(5)
    /// The time for which the engine's end waits for the port to be closed, because a response may be in progress.
    fileprivate static let patienceInMicroseconds = 2_000_000

    fileprivate init(url: String, port: Int, _ attachment: EventAttachment) {
        self.url = url
        self.port = port
        self.attachment = attachment
    }

    /// Closes the port; returns when it is closed. Calling it again does nothing.
    public func stop() async { await attachment.detach() }

    /// Waits until the page shows everything that happened before the call.
    package func flush() async { await attachment.flush() }
}

/// The reason that there is no page of metrics.
public struct PrometheusEndpointError: WorkflowError, Hashable {
    public let message: String
    public var code: WorkflowErrorCode { .outputUnavailable }
}

extension WorkflowEngine {
    /// Offers metrics of this engine to Prometheus from now on, until the engine ends or the endpoint is stopped.
    ///
    /// `GET /metrics` returns the counters `tasks_submitted_total`, `tasks_started_total`, `tasks_completed_total`,
    /// `tasks_failed_total` and `tasks_canceled_total`, the gauge `tasks_running`, and the histogram
    /// `task_duration_seconds` by `task_name`; also `node_cpu_utilization`, `node_memory_utilization` and
    /// `node_gpu_utilization`, in percent. The format is Prometheus's text format, or OpenMetrics if the request asks
    /// for it.
    ///
    /// - Parameters:
    ///   - port: the port; 0 for any that is free.
    ///   - host: the address to listen on. An address other than the loopback interface's lets everybody read the names
    ///     of tasks. On a loopback address only requests to a loopback address or `localhost` are answered, so that no
    ///     web page in a browser on this computer can read the metrics.
    /// - Throws: ``PrometheusEndpointError`` if it can't listen on the port, for example because another program does.
    public func startPrometheusEndpoint(port: Int = 9464, host: String = "127.0.0.1") async throws -> PrometheusEndpoint
    {
        guard (0...65_535).contains(port) else {
            throw PrometheusEndpointError(
                message: "metrics can't be offered on port \(port): the port must be from 0 to 65535")
        }
        // Enough for a scraper or two and a few people.
        let server = WebServer(connections: 16)
        let sampler = resourceSampler
        let samples = Lock<Int?>(nil)
        // The engine's end waits until the port is closed.
        let meter = LiveMeter {
            if let number = samples.withLock({ $0 }) { sampler.remove(number) }
            let closed = WakeUp()
            server.whenOver { closed.signal() }
            server.stop()
            _ = closed.wait(microseconds: PrometheusEndpoint.patienceInMicroseconds)
        }
        let engineID = id
        let router = Router()
        router.get("metrics") { request, _ in
            guard LoopbackHost.accepts(request.head.authority, on: host) else {
                return Response(
                    status: .misdirectedRequest,
                    body: ResponseBody(
                        byteBuffer: ByteBuffer(
                            string: "This server answers under a loopback address or 'localhost' only.\n")))
            }
            let format = ExpositionFormat(accept: request.headers[.accept])
            return Response(
                status: .ok, headers: [.contentType: format.mediaType],
                body: ResponseBody(byteBuffer: ByteBuffer(string: format.page(of: meter.meter, engineID: engineID))))
        }
        do {
            let bound = try await server.start(router, host: host, port: port)
            samples.withLock { $0 = sampler.add(every: PrometheusEndpoint.sampleInterval) { meter.add($0) } }
            let shown = host.contains(":") ? "[\(host)]" : host
            return PrometheusEndpoint(
                url: "http://\(shown):\(bound)/metrics", port: bound, attach(meter, overflow: .drop()))
        } catch {
            throw PrometheusEndpointError(
                message: "metrics can't be offered on \(host), port \(port): \(error). "
                    + "If another program listens there, give another port, or 0 for any that is free")
        }
    }
}
