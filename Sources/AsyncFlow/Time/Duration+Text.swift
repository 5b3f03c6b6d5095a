extension Duration {
    /// Longer than anything that an engine waits for; sums of a few stay far from the limits of every clock.
    static let aCentury = Duration.seconds(100 * 365 * 86_400)

    var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }

    /// The nearest duration in whole nanoseconds, from 0 to ``aCentury``.
    init(roundedToNanoseconds seconds: Double) {
        self = seconds < Self.aCentury.inSeconds ? .nanoseconds(Int64(max(0, seconds * 1e9).rounded())) : .aCentury
    }

    /// For messages: `5 s`, `1.5 s`, `250 ms`, `10 min`, `2 h`; at most three digits after the point.
    var shortText: String {
        guard self >= .zero else { return "-" + (.zero - self).shortText }
        let seconds = components.seconds
        if seconds > 0, components.attoseconds == 0 {
            if seconds.isMultiple(of: 3600) { return "\(seconds / 3600) h" }
            if seconds.isMultiple(of: 60) { return "\(seconds / 60) min" }
            return "\(seconds) s"
        }
        let inWholeSeconds = seconds > 0
        let attosecondsInThousandth: Int64 = inWholeSeconds ? 1_000_000_000_000_000 : 1_000_000_000_000
        let thousandths = components.attoseconds / attosecondsInThousandth
        let whole = inWholeSeconds ? seconds : thousandths / 1000
        var fraction = String(1000 + thousandths % 1000).dropFirst()
        while fraction.last == "0" { fraction.removeLast() }
        return (fraction.isEmpty ? "\(whole)" : "\(whole).\(fraction)") + (inWholeSeconds ? " s" : " ms")
    }
}
