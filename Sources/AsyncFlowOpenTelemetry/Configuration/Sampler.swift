import AsyncFlowTelemetry

extension OpenTelemetryExport {
    /// The decision on which traces are exported. Metrics and log records are always exported.
    ///
    /// A run is one trace: either all its spans are exported or none. Spans of an ``OTLPTracer`` outside of tasks
    /// belong to separate traces.
    ///
    /// Source: https://opentelemetry.io/docs/specs/otel/trace/sdk/#built-in-samplers
    public struct Sampler: Sendable, Hashable, CustomStringConvertible {
        /// The share of traces that is sampled, from 0 to 1.
        let share: Double
        /// Whether the decision of a parent in another program counts, if there is one.
        let followsParent: Bool

        /// A sampler that exports all traces.
        public static let alwaysOn = Sampler(share: 1, followsParent: false)
        /// A sampler that exports no trace.
        public static let alwaysOff = Sampler(share: 0, followsParent: false)

        /// Returns a sampler that exports a share of the traces. It selects them by their ids, so that all programs
        /// that take part in a trace decide alike.
        ///
        /// - Parameter share: from 0 to 1; a number outside counts as the nearest of them, and NaN as 0.
        public static func ratio(_ share: Double) -> Sampler {
            Sampler(share: share > 0 ? min(share, 1) : 0, followsParent: false)
        }

        /// Returns a sampler that follows the parent's decision in `TRACEPARENT`, or that of `root` without a parent.
        public static func parentBased(_ root: Sampler = .alwaysOn) -> Sampler {
            Sampler(share: root.share, followsParent: true)
        }

        public var description: String { "\(followsParent ? "parent-based, else " : "")\(share)" }

        /// - Parameter parent: whether the parent is sampled; nil if there is none.
        func samples(_ trace: TraceID, parent: Bool?) -> Bool {
            if followsParent, let parent { return parent }
            if share >= 1 { return true }
            // Uses 63 bits, as other implementations do.
            return trace.low >> 1 < UInt64(share * 0x1p63)
        }
    }
}
