import AsyncFlowTelemetry

extension OpenTelemetryExport {
    /// Decides which traces are exported. Metrics and log records are exported in any case.
    ///
    /// A run is one trace: either all spans of it are exported or none. Spans of an ``OTLPTracer`` outside of tasks
    /// belong to traces of their own.
    ///
    /// Source: https://opentelemetry.io/docs/specs/otel/trace/sdk/#built-in-samplers
    public struct Sampler: Sendable, Hashable, CustomStringConvertible {
        /// The share of traces that is sampled, from 0 to 1.
        let share: Double
        /// Whether the decision of a parent in another program counts, where there is one.
        let followsParent: Bool

        /// All traces.
        public static let alwaysOn = Sampler(share: 1, followsParent: false)
        /// No trace.
        public static let alwaysOff = Sampler(share: 0, followsParent: false)

        /// A share of the traces, chosen by their ids, so that all programs that take part in a trace choose alike.
        ///
        /// - Parameter share: from 0 to 1; what is outside counts as the nearest of them, and NaN as 0.
        public static func ratio(_ share: Double) -> Sampler {
            Sampler(share: share > 0 ? min(share, 1) : 0, followsParent: false)
        }

        /// What the parent has decided, as `TRACEPARENT` says; without a parent, what `root` decides.
        public static func parentBased(_ root: Sampler = .alwaysOn) -> Sampler {
            Sampler(share: root.share, followsParent: true)
        }

        public var description: String { "\(followsParent ? "parent-based, else " : "")\(share)" }

        /// - Parameter parent: whether the parent is sampled; nil if there is none.
        func samples(_ trace: TraceID, parent: Bool?) -> Bool {
            if followsParent, let parent { return parent }
            if share >= 1 { return true }
            // 63 bits, as the other implementations have it.
            return trace.low >> 1 < UInt64(share * 0x1p63)
        }
    }
}
