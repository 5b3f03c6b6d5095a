import AsyncFlowHTTPClient
import Foundation
import NIOHTTP1

extension Download.Answer {
    /// - Parameter now: the time from which a date in `Retry-After` is counted.
    init(status: Int, headers: HTTPHeaders, now: Date) {
        self.status = status
        contentLength = headers.contentLength
        contentRange = headers.first(name: "content-range").flatMap { ContentRange($0) }
        version = Self.version(headers)
        retryAfter = headers.retryAfter(now: now)
    }

    private static func version(_ headers: HTTPHeaders) -> String? {
        if headers.first(name: "accept-ranges")?.lowercased() == "none" { return nil }
        // A weak tag names versions that may differ in their bytes.
        if let tag = headers.first(name: "etag"), !tag.hasPrefix("W/") { return tag }
        return headers.first(name: "last-modified")
    }
}
