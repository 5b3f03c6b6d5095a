/// An export of an engine's spans, metrics and log records to an OpenTelemetry collector, until the engine ends.
///
/// The export continues if this handle is released.
public final class OpenTelemetryExport: Sendable {
    /// Nil if nothing is exported.
    private let running: (any RunningExport)?

    init(_ running: (any RunningExport)?) { self.running = running }

    /// The id of the trace that the run's spans belong to, 32 digits in base 16; nil if nothing is exported.
    public var traceID: String? { running?.traceID }

    /// Sends everything that has happened so far.
    ///
    /// - Parameter limit: the time limit.
    /// - Returns: whether everything was dealt with in that time: taken by the collector, or found undeliverable.
    ///   Cancellation doesn't shorten the call; the time limit does.
    @discardableResult
    public func flush(within limit: Duration = .seconds(10)) async -> Bool {
        await running?.flush(within: limit) ?? true
    }

    /// Ends the open spans, sends the remaining data for at most the configuration's `shutdownTimeout`, and stops
    /// exporting. The engine's end does the same. Calling it again does nothing.
    public func stop() async { await running?.stop() }

    /// The numbers of spans, log records and sets of metrics that were sent or lost so far.
    public var statistics: Statistics { running?.statistics ?? Statistics() }

    /// The outcome of the data to export.
    public struct Statistics: Sendable, Hashable {
        /// The number of spans, log records and sets of metrics that the collector accepted.
        public var sent = 0
        /// The number of those that didn't reach it, because too many waited, it was unreachable, or it refused them.
        public var lost = 0
        /// The number of times that a request was sent again.
        public var retries = 0
        /// The number of events that weren't read because too many came at once.
        public var droppedEvents = 0
    }
}

/// An export that sends what happens.
protocol RunningExport: Sendable {
    var traceID: String { get }
    var statistics: OpenTelemetryExport.Statistics { get }
    func flush(within limit: Duration) async -> Bool
    func stop() async
}
