import AsyncFlowTelemetry

typealias TraceID = TraceIdentity.TraceID

/// The contents of the header `traceparent`.
///
/// Source: W3C Recommendation "Trace Context", version 00.
struct TraceParent: Sendable, Hashable, CustomStringConvertible {
    let trace: TraceID
    let span: UInt64
    /// Whether the sender records its trace.
    let isSampled: Bool

    init(trace: TraceID, span: UInt64, isSampled: Bool = true) {
        self.trace = trace
        self.span = span
        self.isSampled = isSampled
    }

    /// - Returns: nil if the text isn't a `traceparent`.
    init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count >= 4, parts[0] != "ff", parts[0] != "00" || parts.count == 4,
            Self.number(parts[0], 2) != nil, let flags = Self.number(parts[3], 2), parts[1].utf8.count == 32,
            let high = Self.number(parts[1].prefix(16), 16), let low = Self.number(parts[1].dropFirst(16), 16),
            let span = Self.number(parts[2], 16), span != 0, high | low != 0
        else { return nil }
        self.init(trace: TraceID(high: high, low: low), span: span, isSampled: flags & 1 == 1)
    }

    private static func number(_ digits: Substring, _ count: Int) -> UInt64? {
        let areDigits = digits.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
        return digits.utf8.count == count && areDigits ? UInt64(digits, radix: 16) : nil
    }

    var description: String { "00-\(trace.hex)-\(span.hex)-\(isSampled ? "01" : "00")" }
}
