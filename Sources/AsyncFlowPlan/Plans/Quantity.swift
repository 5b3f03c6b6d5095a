/// Amounts with their units, as settings have them.
package enum Quantity {
    package enum Unit: String, Sendable {
        case count, number, memory, duration, rate, factor, share
    }

    /// An amount in the smallest unit: bytes, seconds, 1, or events per second.
    package enum Amount: Sendable, Hashable {
        case count(Int)
        case number(Double)
        /// In bytes.
        case memory(Int64)
        /// In seconds.
        case duration(Double)
        /// So many within so many seconds.
        case rate(Int, per: Double)
        /// A share of all, from 0 to 1.
        case share(Double)
    }

    /// The forms that are understood, for messages.
    package static func example(of unit: Unit) -> String {
        switch unit {
        case .count: "a whole number, such as 4"
        case .number: "a number, such as 0.5"
        case .memory: "an amount of memory with its unit, such as 500MB, 2GB or 1.5GiB"
        case .duration: "a time with its unit, such as 30s, 20m, 1h30m or 2d"
        case .rate: "a rate, such as 10/s, 300/min or 5/h"
        case .factor: "a factor, such as 2x or 1.5x"
        case .share: "a number of elements or a share of them, such as 3 or 5%"
        }
    }

    /// - Throws: ``ValueError`` that says what is understood.
    package static func parse(_ text: String, as unit: Unit) throws(ValueError) -> Amount {
        let amount: Amount? =
            switch unit {
            case .count: Int(text).flatMap { $0 >= 0 ? .count($0) : nil }
            case .number: finite(text).flatMap { $0 >= 0 ? .number($0) : nil }
            case .memory: memory(text)
            case .duration: duration(text).map(Amount.duration)
            case .rate: rate(text)
            case .factor:
                text.hasSuffix("x")
                    ? finite(text.dropLast()).flatMap { $0 >= 1 && $0 <= 1000 ? .number($0) : nil } : nil
            case .share:
                if text.hasSuffix("%") {
                    finite(text.dropLast()).flatMap { (0...100).contains($0) ? .share($0 / 100) : nil }
                } else {
                    Int(text).flatMap { $0 >= 0 ? .count($0) : nil }
                }
            }
        guard let amount else { throw ValueError("'\(text)' should be \(example(of: unit))") }
        return amount
    }

    private static func finite(_ text: some StringProtocol) -> Double? {
        guard let first = text.utf8.first,
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) || first == UInt8(ascii: ".")
        else { return nil }
        guard let number = Double(text), number.isFinite, number <= 1e15 else { return nil }
        return number
    }

    /// A number and what is behind it.
    private static func split(_ text: Substring) -> (number: Double, unit: Substring)? {
        let digits = text.prefix { $0.isASCII && $0.isNumber || $0 == "." }
        guard let number = finite(digits) else { return nil }
        return (number, text[digits.endIndex...].drop { $0 == " " })
    }

    private static let memoryUnits: [String: Double] = [
        "B": 1, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12, "KiB": 0x1p10, "MiB": 0x1p20, "GiB": 0x1p30, "TiB": 0x1p40,
        "kB": 1e3,
    ]

    private static func memory(_ text: String) -> Amount? {
        guard let (number, unit) = split(text[...]), let factor = memoryUnits[String(unit)] else { return nil }
        return Int64(exactly: (number * factor).rounded(.up)).map(Amount.memory)
    }

    private static let durationUnits: [String: Double] = [
        "ms": 0.001, "s": 1, "min": 60, "m": 60, "h": 3600, "d": 86_400, "w": 604_800,
    ]

    /// One or several amounts in a row: `1h30m`.
    private static func duration(_ text: String) -> Double? {
        var rest = text[...]
        var seconds = 0.0
        repeat {
            guard let (number, after) = split(rest) else { return nil }
            let unit = after.prefix { $0.isLetter }
            guard let factor = durationUnits[String(unit)] else { return nil }
            seconds += number * factor
            rest = after[unit.endIndex...].drop { $0 == " " }
        } while !rest.isEmpty
        return seconds <= 3.2e9 ? seconds : nil
    }

    private static func rate(_ text: String) -> Amount? {
        guard let slash = text.firstIndex(of: "/"), let count = Int(text[..<slash]), count > 0 else { return nil }
        let period = text[text.index(after: slash)...]
        guard let seconds = durationUnits[String(period)] ?? duration(String(period)), seconds > 0 else { return nil }
        return .rate(count, per: seconds)
    }
}
