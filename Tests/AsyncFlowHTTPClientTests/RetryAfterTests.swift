import AsyncFlowHTTPClient
import Foundation
import NIOHTTP1
import Testing

@Suite("What servers say about waiting and lengths")
struct RetryAfterTests {
    /// Sun, 06 Nov 1994 08:49:37 GMT
    private static let now = Date(timeIntervalSince1970: 784_111_777)

    @Test(
        "seconds and dates in each of HTTP's forms",
        arguments: [
            ("120", 120.0), (" 0 ", 0), ("1.5", 1.5), ("00000000000000000007", 7),
            ("Sun, 06 Nov 1994 08:50:37 GMT", 60), ("Sunday, 06-Nov-94 08:50:37 GMT", 60),
            ("Sun Nov  6 08:50:37 1994", 60), ("Sun, 06 Nov 1994 08:49:36 GMT", 0),
            ("Tue, 29 Feb 1994 08:49:37 GMT", 0), ("Wed, 08 Mar 1995 08:49:37 GMT", 122 * 86_400),
            // Bounded, also where the number is none that an integer could hold.
            ("9223372036854775807", 31_536_000), (String(repeating: "9", count: 400), 31_536_000),
            ("Fri, 31 Dec 9999 23:59:59 GMT", 31_536_000),
        ] as [(String, Double)])
    func right(text: String, seconds: Double) {
        #expect(RetryAfter.delay(text, now: Self.now) == .seconds(seconds))
    }

    @Test(
        "whatever is no wait",
        arguments: [
            "", "-1", "+1", "0x10", "1e9", "nan", "inf", ".", "soon", "Sun, 06 Nov 1994 24:49:37 GMT",
            "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 06 Xyz 1994 08:49:37 GMT", "Sun, 06 Nov 99999 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 06 Nov 1994 08:49 GMT", "1 2 3 4 5 6 7 8", "::::::::",
        ])
    func wrong(text: String) {
        #expect(RetryAfter.delay(text, now: Self.now) == nil)
    }

    @Test("milliseconds go before seconds, and lengths are numbers from 0 to 2⁶³ − 1")
    func headers() {
        let both: HTTPHeaders = ["retry-after": "7", "retry-after-ms": "250"]
        #expect(both.retryAfter(now: Self.now) == .milliseconds(250))
        #expect(HTTPHeaders([("retry-after", "7"), ("retry-after-ms", "x")]).retryAfter(now: Self.now) == .seconds(7))
        #expect(HTTPHeaders().retryAfter(now: Self.now) == nil)
        func length(_ text: String) -> Int64? { HTTPHeaders([("content-length", text)]).contentLength }
        #expect(length("0") == 0)
        #expect(length("9223372036854775807") == .max)
        for text in ["9223372036854775808", "-1", "+1", "0x1", "", "1 "] { #expect(length(text) == nil) }
    }
}
