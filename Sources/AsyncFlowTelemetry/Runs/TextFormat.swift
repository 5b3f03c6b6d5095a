import AsyncFlowBase

/// The formats of numbers and names for display, the same on every computer.
enum TextFormat {
    /// `870 µs`, `12.3 ms`, `4.56 s`, `3 min 20 s`, `2 h 05 min`.
    static func seconds(_ seconds: Double) -> String {
        guard seconds.isFinite else { return "–" }
        if seconds < 0 { return "-" + Self.seconds(-seconds) }
        switch seconds {
        case 0: return "0 s"
        case ..<0.000_999_5: return "\(significant(seconds * 1e6)) µs"
        case ..<0.999_5: return "\(significant(seconds * 1e3)) ms"
        case ..<99.95: return "\(significant(seconds)) s"
        case ..<3599.5:
            let whole = Int(seconds.rounded())
            return "\(whole / 60) min \(twoDigits(whole % 60)) s"
        default:
            guard seconds < 1e15 else { return "\(seconds) s" }
            let minutes = Int((seconds / 60).rounded())
            return "\(minutes / 60) h \(twoDigits(minutes % 60)) min"
        }
    }

    /// Returns the value with three significant digits.
    private static func significant(_ value: Double) -> String {
        switch value {
        case ..<9.995: fixed(value, 2)
        case ..<99.95: fixed(value, 1)
        default: fixed(value, 0)
        }
    }

    static func percent(_ part: Double) -> String {
        part.isFinite ? "\(fixed(part * 100, part > 0 && part < 0.0995 ? 1 : 0)) %" : "–"
    }

    static func decimal(_ value: Double) -> String {
        value == value.rounded() ? fixed(value, 0) : fixed(value, 1)
    }

    /// `1,234,567`.
    static func count(_ value: Int) -> String {
        let digits = Array(String(value.magnitude))
        var result = value < 0 ? "-" : ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index).isMultiple(of: 3) { result.append(",") }
            result.append(digit)
        }
        return result
    }

    static func bytes(_ value: Double) -> String {
        guard value.isFinite else { return "–" }
        var value = value
        for unit in ["B", "KiB", "MiB", "GiB", "TiB"] {
            if value < 1023.5 || unit == "TiB" {
                return "\(unit == "B" ? fixed(value, 0) : significant(value)) \(unit)"
            }
            value /= 1024
        }
        return ""
    }

    static func fixed(_ value: Double, _ digits: Int) -> String {
        guard value.isFinite, abs(value) < 1e15 else { return "\(value)" }
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        let scaled = Int((abs(value) * scale).rounded())
        let sign = value < 0 && scaled > 0 ? "-" : ""
        guard digits > 0 else { return sign + String(scaled) }
        let whole = scaled / Int(scale)
        let part = String(scaled % Int(scale))
        return "\(sign)\(whole).\(String(repeating: "0", count: digits - part.count))\(part)"
    }

    private static func twoDigits(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }

    /// Returns a text on one line, without anything that would move a terminal's cursor or change the direction of its
    /// text; a long one is cut at the end.
    static func oneLine(_ text: String, _ limit: Int = 10_000) -> String {
        // Limits the scalars too, because a character may be a letter with any number of marks.
        let scalarLimit = 8 * limit
        let start = text.unicodeScalars.prefix(scalarLimit + 1)
        let shown = String(start.prefix(scalarLimit)).harmless()
        let cut = shown.prefix(limit)
        return start.count > scalarLimit || cut.endIndex < shown.endIndex ? cut + "…" : shown
    }

    static func name(_ text: String) -> String { text.isEmpty ? "(unnamed)" : "'\(oneLine(text, 60))'" }
}
