import Foundation

/// Decides whether a request is sent again, and when.
struct RetryPlan: Sendable {
    enum Failure: Sendable, Equatable {
        case connection
        /// `retryAfter` in seconds, if the server says how long to wait.
        case status(Int, retryAfter: Double?)
        /// Trying again doesn't help.
        case final
    }

    enum Action: Sendable, Equatable {
        case again(after: Duration)
        case giveUp
    }

    let retries: Int
    let firstDelay: Double
    let longestDelay: Double
    private(set) var failures = 0

    init(retries: Int, firstDelay: Double = 0.5, longestDelay: Double = 60) {
        self.retries = max(0, retries)
        self.firstDelay = firstDelay
        self.longestDelay = longestDelay
    }

    /// - Parameter jitter: from 0 to 1, so that those who failed together don't come back together.
    mutating func failed(_ failure: Failure, jitter: Double) -> Action {
        failures += 1
        guard failures <= retries else { return .giveUp }
        let asked: Double?
        switch failure {
        case .final: return .giveUp
        case .connection: asked = nil
        case .status(let status, let retryAfter):
            guard Self.mayPass(status) else { return .giveUp }
            asked = retryAfter
        }
        let backoff = min(longestDelay, firstDelay * pow(2, Double(failures - 1))) * (0.5 + jitter / 2)
        return .again(after: .seconds(min(longestDelay, max(0, asked ?? backoff))))
    }

    static func mayPass(_ status: Int) -> Bool {
        status == 408 || status == 409 || status == 429 || (500...599).contains(status) && status != 501
    }

    /// How many seconds the server asks to wait: `retry-after-ms`, or `Retry-After` as seconds or date (RFC 9110).
    static func retryAfter(milliseconds: String?, secondsOrDate: String?, now: Date) -> Double? {
        if let value = milliseconds.flatMap(Double.init), value.isFinite, value >= 0 { return value / 1000 }
        guard let text = secondsOrDate else { return nil }
        if let value = Double(text) { return value.isFinite && value >= 0 ? value : nil }
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.timeZone = TimeZone(secondsFromGMT: 0)
        format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        return format.date(from: text).map { max(0, $0.timeIntervalSince(now)) }
    }
}
