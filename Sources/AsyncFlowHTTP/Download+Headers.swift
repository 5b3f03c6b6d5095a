import AsyncHTTPClient
import Foundation
import NIOHTTP1

extension Download.Answer {
    /// - Parameter now: the time from which a date in `Retry-After` is counted.
    init(status: Int, headers: HTTPHeaders, now: Date) {
        self.status = status
        contentLength = headers.first(name: "content-length").flatMap { Int64($0) }
        contentRange = headers.first(name: "content-range").flatMap { ContentRange($0) }
        version = Self.version(headers)
        retryAfter = headers.first(name: "retry-after").flatMap { Self.delay($0, now: now) }
    }

    private static func version(_ headers: HTTPHeaders) -> String? {
        if headers.first(name: "accept-ranges")?.lowercased() == "none" { return nil }
        // A weak tag names versions that may differ in their bytes.
        if let tag = headers.first(name: "etag"), !tag.hasPrefix("W/") { return tag }
        return headers.first(name: "last-modified")
    }

    private static func delay(_ text: String, now: Date) -> Duration? {
        if let seconds = Int(text) { return .seconds(max(0, seconds)) }
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(identifier: "GMT")
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss zzz"
        guard let date = formatter.date(from: text) else { return nil }
        return .seconds(max(0, date.timeIntervalSince(now).rounded(.up)))
    }
}
