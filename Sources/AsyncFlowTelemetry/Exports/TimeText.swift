#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The formats of times and sizes in the files of other programs.
enum TimeText {
    /// `2026-11-28T08:21:48.123Z`.
    ///
    /// - Parameter seconds: seconds since 1970; a value outside the range of times counts as 0.
    static func iso8601(_ seconds: Double) -> String {
        Date(timeIntervalSince1970: bounded(seconds)).formatted(
            Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }

    /// `2026-11-28 08:21:48.123`, in local time, as Nextflow's traces have it.
    static func local(_ seconds: Double) -> String {
        let seconds = bounded(seconds)
        let parts = Calendar.current.dateComponents(
            [.year, .month, .day, .hour, .minute, .second], from: Date(timeIntervalSince1970: seconds))
        func text(_ value: Int?, _ digits: Int = 2) -> String {
            let text = "\(value ?? 0)"
            return String(repeating: "0", count: max(0, digits - text.count)) + text
        }
        let millis = Int((seconds - seconds.rounded(.down)) * 1000)
        return "\(text(parts.year, 4))-\(text(parts.month))-\(text(parts.day)) "
            + "\(text(parts.hour)):\(text(parts.minute)):\(text(parts.second)).\(text(millis, 3))"
    }

    /// `2h 5m 3s`, `12.3s`, `870ms`, as Nextflow writes durations.
    static func nextflow(duration seconds: Double) -> String {
        guard seconds.isFinite, seconds >= 0 else { return "-" }
        if seconds < 1 { return "\(Int((seconds * 1000).rounded()))ms" }
        if seconds < 60 { return "\(TextFormat.decimal((seconds * 10).rounded() / 10))s" }
        let whole = Int(min(seconds, 1e15).rounded())
        let parts = [(whole / 86_400, "d"), (whole / 3_600 % 24, "h"), (whole / 60 % 60, "m"), (whole % 60, "s")]
        return parts.filter { $0.0 > 0 }.map { "\($0.0)\($0.1)" }.joined(separator: " ")
    }

    /// `12.5 MB`, as Nextflow writes sizes: 1024 bytes are a KB.
    static func nextflow(bytes: Double) -> String {
        var (value, unit) = (max(0, bytes), 0)
        let units = ["B", "KB", "MB", "GB", "TB"]
        while value >= 1024, unit < units.count - 1 { (value, unit) = (value / 1024, unit + 1) }
        return "\(TextFormat.decimal((value * 10).rounded() / 10)) \(units[unit])"
    }

    private static func bounded(_ seconds: Double) -> Double {
        RunBounds.times.contains(seconds) ? seconds : 0
    }
}
