import AsyncFlowBase

/// Texts about waits, for people.
package enum WaitText {
    /// A local date and time.
    package static func date(_ time: JournalTime) -> String {
        var seconds = time_t(time / 1_000_000)
        var parts = tm()
        // Years of more than four digits are nobody's.
        guard time > -62_000_000_000_000_000, time < 253_000_000_000_000_000, localtime_r(&seconds, &parts) != nil
        else { return "?" }
        func text(_ number: Int32, _ digits: Int = 2) -> String {
            let text = String(number)
            return String(repeating: "0", count: max(0, digits - text.count)) + text
        }
        return "\(text(parts.tm_year &+ 1900, 4))-\(text(parts.tm_mon + 1))-\(text(parts.tm_mday)) "
            + "\(text(parts.tm_hour)):\(text(parts.tm_min)):\(text(parts.tm_sec))"
    }
}
