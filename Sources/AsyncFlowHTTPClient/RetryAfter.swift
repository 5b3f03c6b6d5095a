#if canImport(FoundationEssentials)
package import FoundationEssentials
#else
package import Foundation
#endif

/// The value of a `Retry-After` header.
///
/// Source: RFC 9110, sections 10.2.3 and 5.6.7
package enum RetryAfter {
    /// The longest wait that is returned; longer ones are cut to it.
    package static let longest: Duration = .seconds(365 * 86_400)

    /// - Parameters:
    ///   - value: seconds, with or without a fraction, which some servers send, or a date in one of HTTP's three forms.
    ///   - now: the time from which a date is counted.
    /// - Returns: a wait from zero to ``longest``; nil if the value is neither.
    package static func delay(_ value: String, now: Date) -> Duration? {
        if let seconds = number(value) { return bounded(seconds) }
        let now = now.timeIntervalSince1970
        return date(value, now: now).map { bounded($0 - now) }
    }

    /// Returns the wait of a `retry-after-ms` header, a number of milliseconds.
    package static func delay(milliseconds value: String) -> Duration? { number(value).map { bounded($0 / 1000) } }

    private static func bounded(_ seconds: Double) -> Duration {
        .nanoseconds(Int64((min(max(0, seconds), longest / .seconds(1)) * 1e9).rounded(.up)))
    }

    /// Returns a number of digits with an optional fraction, and none of the other forms that `Double` accepts.
    private static func number(_ text: String) -> Double? {
        var text = text.utf8.drop { $0 == 0x20 || $0 == 0x09 }
        while let last = text.last, last == 0x20 || last == 0x09 { text.removeLast() }
        guard text.first.map(isDigit) == true, text.allSatisfy({ isDigit($0) || $0 == UInt8(ascii: ".") }) else {
            return nil
        }
        return Double(String(decoding: text, as: UTF8.self))
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    // MARK: - Dates

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// - Returns: seconds since 1970.
    private static func date(_ text: String, now: Double) -> Double? {
        let words = text.split { " ,-:".contains($0) }.map(String.init)
        // Sun, 06 Nov 1994 08:49:37 GMT, or Sunday, 06-Nov-94 08:49:37 GMT
        if words.count == 8, words[7] == "GMT" {
            return seconds(year: words[3], month: words[2], day: words[1], time: words[4...6], now: now)
        }
        // Sun Nov  6 08:49:37 1994
        guard words.count == 7 else { return nil }
        return seconds(year: words[6], month: words[1], day: words[2], time: words[3...5], now: now)
    }

    private static func seconds(
        year: String, month: String, day: String, time: ArraySlice<String>, now: Double
    ) -> Double? {
        let clock = time.compactMap { digits($0, upTo: 2) }
        guard let month = months.firstIndex(of: month), let day = digits(day, upTo: 2), (1...31).contains(day),
            var year = digits(year, upTo: 4), clock.count == 3, clock[0] < 24, clock[1] < 60, clock[2] <= 60
        else { return nil }
        if year < 100 {
            // Two digits name the latest year that isn't more than 50 years ahead.
            let thisYear = Int(1970 + min(max(0, now / 31_556_952), 8000))
            year += 2000
            if year > thisYear + 50 { year -= 100 }
        }
        let days = daysSince1970(year: year, month: month + 1, day: day)
        return Double(days * 86_400 + clock[0] * 3600 + clock[1] * 60 + clock[2])
    }

    private static func digits(_ text: String, upTo length: Int) -> Int? {
        text.utf8.count <= length && text.utf8.allSatisfy(isDigit) ? Int(text) : nil
    }

    /// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`, for years from 0 on
    private static func daysSince1970(year: Int, month: Int, day: Int) -> Int {
        let year = month <= 2 ? year + 399 : year + 400  // never negative
        let era = year / 400
        let yearOfEra = year % 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return (era - 1) * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
