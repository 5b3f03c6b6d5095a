import Foundation
import Testing

@testable import AsyncFlowOpenTelemetry

@Suite("What a collector's answer means")
struct AnswerTests {
    private static let now = Date(timeIntervalSince1970: 784_111_770)  // Sun, 06 Nov 1994 08:49:30 GMT

    @Test(
        "Retry-After is a number of seconds or a date",
        arguments: [
            ("7", Duration.seconds(7)), (" 0 ", .zero), ("Sun, 06 Nov 1994 08:49:37 GMT", .seconds(7)),
            ("Sun, 06 Nov 1994 08:49:00 GMT", .zero), ("-3", nil), ("soon", nil), ("", nil),
            ("Sun, 06 Foo 1994 08:49:37 GMT", nil),
        ])
    func retryAfter(value: String, expected: Duration?) {
        #expect(RetryAfter.duration(value, now: Self.now) == expected)
    }

    @Test(
        "by its status",
        arguments: [
            (200, OTLPAnswer.accepted(rejected: 0, message: "")), (202, .accepted(rejected: 0, message: "")),
            (429, .busy("status 429", retryAfter: .seconds(5))), (502, .busy("status 502", retryAfter: .seconds(5))),
            (503, .busy("status 503", retryAfter: .seconds(5))), (504, .busy("status 504", retryAfter: .seconds(5))),
            (400, .refused("status 400")), (401, .refused("status 401")), (500, .refused("status 500")),
            (302, .refused("status 302")),
        ])
    func status(status: Int, expected: OTLPAnswer) {
        #expect(
            OTLPAnswer(status: status, retryAfter: "5", mediaType: nil, body: [], now: Self.now) == expected)
    }

    @Test("a refusal's own words are told, unless they are binary")
    func words() {
        let text = OTLPAnswer(
            status: 400, retryAfter: nil, mediaType: "text/plain", body: Array("no tenant".utf8), now: Self.now)
        #expect(text == .refused("status 400: no tenant"))
        let binary = OTLPAnswer(status: 400, retryAfter: nil, mediaType: nil, body: [8, 3, 0xFF], now: Self.now)
        #expect(binary == .refused("status 400"))
    }

    @Test(
        "that only a part was taken is read in both forms",
        arguments: [
            (
                "application/json", Array(#"{"partialSuccess":{"rejectedSpans":"3","errorMessage":"old"}}"#.utf8), 3,
                "old"
            ),
            ("application/json", Array(#"{"partialSuccess":{"rejectedLogRecords":2}}"#.utf8), 2, ""),
            ("application/json", Array(#"{"partialSuccess":{}}"#.utf8), 0, ""),
            ("application/json", Array("{}".utf8), 0, ""), ("application/json", Array("nonsense".utf8), 0, ""),
            ("application/x-protobuf", [10, 7, 8, 3, 18, 3, 111, 108, 100], 3, "old"),
            ("application/x-protobuf", [], 0, ""), ("application/x-protobuf", [10, 200, 1], 0, ""),
            ("application/x-protobuf", [255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255], 0, ""),
        ] as [(String, [UInt8], Int, String)])
    func partialSuccess(mediaType: String, body: [UInt8], rejected: Int, message: String) {
        let answer = OTLPAnswer(status: 200, retryAfter: nil, mediaType: mediaType, body: body, now: Self.now)
        #expect(answer == .accepted(rejected: rejected, message: message))
    }
}
