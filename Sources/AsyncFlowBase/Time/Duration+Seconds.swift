extension Duration {
    /// A duration longer than anything that an engine waits for. Sums of a few stay far from the limits of every clock.
    package static let aCentury = Duration.seconds(100 * 365 * 86_400)

    /// The duration in seconds, as a floating-point number.
    package var inSeconds: Double { Double(attoseconds) * 1e-18 }

    /// The duration, or the nearest one from zero to ``aCentury``: safe to add to an instant, to sleep for and to
    /// convert.
    package var bounded: Duration { min(max(self, .zero), .aCentury) }

    /// The duration in whole nanoseconds, rounded towards zero; the nearest `Int64` if it doesn't fit.
    package var clampedNanoseconds: Int64 { whole(perSecond: 1_000_000_000) }

    /// The duration in whole milliseconds, rounded towards zero; the nearest `Int64` if it doesn't fit.
    package var clampedMilliseconds: Int64 { whole(perSecond: 1_000) }

    // Computed from attoseconds, because `components` traps if the seconds don't fit into an `Int64`.
    private func whole(perSecond count: Int128) -> Int64 {
        Int64(clamping: attoseconds / (1_000_000_000_000_000_000 / count))
    }

    /// Creates the nearest duration in whole nanoseconds, from zero to ``aCentury``; zero for a NaN.
    package init(roundedToNanoseconds seconds: Double) {
        guard seconds < Self.aCentury.inSeconds else {
            self = seconds.isNaN ? .zero : .aCentury
            return
        }
        self = .nanoseconds(Int64(max(0, seconds * 1e9).rounded()))
    }

    /// The duration for messages: `5 s`, `1.5 s`, `250 ms`, `10 min`, `2 h`; at most three digits after the point.
    package var shortText: String {
        let (seconds, rest) = attoseconds.magnitude.quotientAndRemainder(dividingBy: 1_000_000_000_000_000_000)
        return (self < .zero ? "-" : "") + Self.shortText(seconds, rest)
    }

    private static func shortText(_ seconds: UInt128, _ attoseconds: UInt128) -> String {
        if seconds > 0, attoseconds == 0 {
            if seconds.isMultiple(of: 3600) { return "\(seconds / 3600) h" }
            if seconds.isMultiple(of: 60) { return "\(seconds / 60) min" }
            return "\(seconds) s"
        }
        let inWholeSeconds = seconds > 0
        let attosecondsInThousandth: UInt128 = inWholeSeconds ? 1_000_000_000_000_000 : 1_000_000_000_000
        let thousandths = attoseconds / attosecondsInThousandth
        let whole = inWholeSeconds ? seconds : thousandths / 1000
        var fraction = String(1000 + thousandths % 1000).dropFirst()
        while fraction.last == "0" { fraction.removeLast() }
        return (fraction.isEmpty ? "\(whole)" : "\(whole).\(fraction)") + (inWholeSeconds ? " s" : " ms")
    }
}
