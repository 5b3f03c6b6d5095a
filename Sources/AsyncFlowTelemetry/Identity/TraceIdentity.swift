/// The ids that a run has in traces: made from what they name, so that recordings, exporters and the environment of
/// commands agree on them without asking each other.
package struct TraceIdentity: Sendable, Hashable {
    /// The trace that everything of the run belongs to.
    package let trace: TraceID
    /// The span that the run is part of, if another program started it within one.
    package let parentSpan: UInt64?
    /// The run's own span.
    package let sessionSpan: UInt64

    /// - Parameters:
    ///   - engineID: the engine's id.
    ///   - parent: a W3C `traceparent`, as `TRACEPARENT` has it. One that can't be read counts as none.
    package init(engineID: String, parent: String?) {
        if let parent = parent.flatMap(TraceParent.init) {
            trace = parent.trace
            parentSpan = parent.span
        } else {
            let name = Self.hash(engineID)
            trace = TraceID(
                high: Self.mixed(name ^ Self.processSeed.0), low: max(1, Self.mixed(name &+ Self.processSeed.1)))
            parentSpan = nil
        }
        // The engine's id, too: a program may have several engines within one parent.
        sessionSpan = Self.span(trace.low ^ Self.mixed(trace.high), Self.hash(engineID))
    }

    package func span(ofWorkflow id: String) -> UInt64 { Self.span(sessionSpan ^ 0x77, Self.hash(id)) }

    package func span(ofTask number: UInt64) -> UInt64 { Self.span(sessionSpan, number) }

    package func span(ofTask number: UInt64, attempt: Int) -> UInt64 {
        Self.span(span(ofTask: number), UInt64(clamping: attempt))
    }

    /// A W3C `traceparent` with a span of this trace.
    package func traceparent(of span: UInt64) -> String { TraceParent(trace: trace, span: span).description }

    /// Ids are the same wherever they are made in this process, and those of other processes differ, whatever their number
    /// and start.
    private static let processSeed = (UInt64.random(in: .min ... .max), UInt64.random(in: .min ... .max))

    private static func span(_ seed: UInt64, _ value: UInt64) -> UInt64 {
        max(1, mixed(seed &+ mixed(value &+ 0x9E37_79B9_7F4A_7C15)))
    }

    /// Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014 (the finishing step of SplitMix64).
    package static func mixed(_ value: UInt64) -> UInt64 {
        var value = value
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    /// FNV-1a, mixed.
    private static func hash(_ text: String) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        return mixed(hash)
    }
}

/// The 16 bytes that name a trace.
package struct TraceID: Sendable, Hashable, CustomStringConvertible {
    package let high: UInt64
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// 32 digits, lower case.
    package var description: String { high.sixteenDigits + low.sixteenDigits }
}

/// What the environment variable `TRACEPARENT` and the header `traceparent` say.
///
/// Source: W3C Recommendation "Trace Context", version 00.
package struct TraceParent: Sendable, Hashable, CustomStringConvertible {
    package let trace: TraceID
    package let span: UInt64
    /// Whether whoever made it records its trace.
    package let isSampled: Bool

    package init(trace: TraceID, span: UInt64, isSampled: Bool = true) {
        self.trace = trace
        self.span = span
        self.isSampled = isSampled
    }

    /// - Returns: nil if the text isn't a `traceparent`.
    package init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count >= 4, parts[0].utf8.count == 2, parts[0] != "ff", parts[0] != "00" || parts.count == 4,
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

    package var description: String { "00-\(trace)-\(span.sixteenDigits)-\(isSampled ? "01" : "00")" }
}

extension UInt64 {
    /// In base 16, lower case, with leading zeros.
    package var sixteenDigits: String {
        let digits = String(self, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
}
