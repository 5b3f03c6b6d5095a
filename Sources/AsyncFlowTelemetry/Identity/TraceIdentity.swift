#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The ids of a run's trace and spans.
///
/// They are derived from the engine's id and the numbers of its tasks, so that recordings, exporters and the
/// environment of commands agree without shared state.
package struct TraceIdentity: Sendable, Hashable {
    /// The id of a trace: 16 bytes.
    package struct TraceID: Sendable, Hashable {
        package let high: UInt64
        package let low: UInt64

        package init(high: UInt64, low: UInt64) {
            self.high = high
            self.low = low
        }

        /// 32 lower-case hexadecimal digits.
        package var hex: String { high.hex + low.hex }
    }

    package let traceID: TraceID
    /// The span of the whole run.
    package let sessionSpan: UInt64
    /// The span that the run is a part of, if the program was started with one in its environment.
    package let parentSpan: UInt64?
    private let seed: UInt64

    /// - Parameters:
    ///   - engineID: the id of the engine.
    ///   - parent: the position of the program itself in a trace, as a `traceparent` of W3C's Trace Context; by default
    ///     that of the environment variable `TRACEPARENT`. A malformed one counts as none.
    package init(engineID: String, parent: String? = ProcessInfo.processInfo.environment["TRACEPARENT"]) {
        let context = parent.flatMap(Self.parse)
        let own = Self.hash(engineID)
        let trace = context?.trace ?? TraceID(high: Self.mix(own ^ 0x5EED), low: Self.nonZero(Self.mix(own)))
        traceID = trace
        parentSpan = context?.span
        // Engines of one program share the trace of their parent, if there is one, but never a span.
        seed = Self.mix(trace.high ^ Self.mix(trace.low ^ own))
        sessionSpan = Self.nonZero(Self.mix(seed))
    }

    package func span(ofWorkflow id: String) -> UInt64 { span(Self.hash(id), salt: 1) }
    package func span(ofTask number: UInt64) -> UInt64 { span(number, salt: 2) }
    package func span(ofTask number: UInt64, attempt: Int) -> UInt64 { span(number, salt: 3 &+ UInt64(attempt)) }

    /// Returns the W3C `traceparent` of a span.
    package func traceparent(of span: UInt64) -> String { "00-\(traceID.hex)-\(span.hex)-01" }

    private func span(_ value: UInt64, salt: UInt64) -> UInt64 {
        Self.nonZero(Self.mix(seed &+ Self.mix(value ^ (salt &* 0x9E37_79B9_7F4A_7C15))))
    }

    /// Replaces zero, which isn't a valid id.
    private static func nonZero(_ value: UInt64) -> UInt64 { value == 0 ? 1 : value }

    /// The output function of SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014):
    /// different inputs give different outputs.
    @inline(__always)
    package static func mix(_ value: UInt64) -> UInt64 {
        var z = value &+ 0x9E37_79B9_7F4A_7C15
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// FNV-1a.
    private static func hash(_ text: String) -> UInt64 {
        text.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
    }

    private static func parse(_ parent: String) -> (trace: TraceID, span: UInt64)? {
        let parts = parent.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count >= 4, parts[0].count == 2, parts[0] != "ff", parts[1].count == 32, parts[2].count == 16,
            let high = UInt64(parts[1].prefix(16), radix: 16), let low = UInt64(parts[1].suffix(16), radix: 16),
            let span = UInt64(parts[2], radix: 16), high != 0 || low != 0, span != 0
        else { return nil }
        return (TraceID(high: high, low: low), span)
    }
}

extension UInt64 {
    /// 16 lower-case hexadecimal digits.
    package var hex: String {
        let digits = String(self, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
