import AsyncFlowBase

/// The formats of numbers and times in a progress display.
enum ProgressText {
    /// `1,234,567`
    static func count(_ number: Int) -> String {
        let digits = String(number.magnitude)
        var result = number < 0 ? "-" : ""
        for (place, digit) in digits.enumerated() {
            if place > 0, (digits.count - place).isMultiple(of: 3) { result.append(",") }
            result.append(digit)
        }
        return result
    }

    /// `0:07`, `12:34`, `1:02:03`, `3d 04:05:06`
    static func clock(_ duration: Duration) -> String {
        let seconds = max(0, Int(clamping: duration.components.seconds))
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60)
        let tail = "\(two(minutes)):\(two(seconds % 60))"
        if days > 0 { return "\(days)d \(two(hours)):\(tail)" }
        if hours > 0 { return "\(hours):\(tail)" }
        return "\(minutes):\(two(seconds % 60))"
    }

    /// `12.3 s` below a minute, else as ``clock(_:)``.
    static func length(_ duration: Duration) -> String {
        guard duration < .seconds(60) else { return clock(duration) }
        let tenths = Int((max(0, duration.inSeconds) * 10).rounded(.down))
        return "\(tenths / 10).\(tenths % 10) s"
    }

    /// `8,130/s`, `3.2/s`, `12/min`, `5/h`
    static func rate(_ perSecond: Double) -> String {
        guard perSecond.isFinite, perSecond > 0 else { return "0/s" }
        if perSecond >= 10 { return "\(count(Int(min(perSecond, 1e15).rounded())))/s" }
        if perSecond >= 1 {
            let tenths = Int((perSecond * 10).rounded())
            return tenths >= 100 ? "10/s" : "\(tenths / 10).\(tenths % 10)/s"
        }
        let perMinute = perSecond * 60
        if perMinute >= 1 { return "\(Int(perMinute.rounded()))/min" }
        return "\(max(1, Int((perMinute * 60).rounded())))/h"
    }

    /// Returns the percentage that is done: never 100% before everything is, nor 0% once something is.
    static func percent(_ part: Double, of total: Int) -> String {
        guard total > 0 else { return "0%" }
        if part >= Double(total) { return "100%" }
        return "\(part > 0 ? min(99, max(1, Int(part / Double(total) * 100))) : 0)%"
    }
}
