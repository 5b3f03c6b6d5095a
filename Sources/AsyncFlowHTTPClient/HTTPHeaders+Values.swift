#if canImport(FoundationEssentials)
package import FoundationEssentials
#else
package import Foundation
#endif
package import NIOHTTP1

extension HTTPHeaders {
    /// The value of `Content-Length`; nil if there is none, or it isn't a number from 0 to 2⁶³ − 1.
    package var contentLength: Int64? {
        guard let text = first(name: "content-length"), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        return Int64(text)
    }

    /// The wait that the server asks for: `retry-after-ms`, else `Retry-After` as seconds or date; nil if it asks for
    /// none.
    package func retryAfter(now: Date = Date()) -> Duration? {
        if let delay = first(name: "retry-after-ms").flatMap({ RetryAfter.delay(milliseconds: $0) }) { return delay }
        return first(name: "retry-after").flatMap { RetryAfter.delay($0, now: now) }
    }
}
