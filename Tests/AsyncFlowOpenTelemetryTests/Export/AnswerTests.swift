import AsyncFlowBase
import Foundation
import Testing

@testable import AsyncFlowOpenTelemetry

@Suite("What a collector's answer means")
struct AnswerTests {
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
            OTLPAnswer(status: status, retryAfter: .seconds(5), mediaType: nil, body: []) == expected)
    }

    @Test("a number of rejected ones below zero counts as none, however it is written")
    func negativeRejection() {
        let minusOne = [UInt8](repeating: 0xFF, count: 9) + [1]
        let answers: [(String, [UInt8])] = [
            ("application/x-protobuf", [0x0A, 11, 0x08] + minusOne),
            ("application/json", Array(#"{"partialSuccess":{"rejectedSpans":-1}}"#.utf8)),
        ]
        for (media, body) in answers {
            let answer = OTLPAnswer(status: 200, retryAfter: nil, mediaType: media, body: body)
            #expect(answer == .accepted(rejected: 0, message: ""))
        }
    }

    @Test("a refusal's own words are told, unless they are binary")
    func words() {
        let text = OTLPAnswer(
            status: 400, retryAfter: nil, mediaType: "text/plain", body: Array("no tenant".utf8))
        #expect(text == .refused("status 400: no tenant"))
        let binary = OTLPAnswer(status: 400, retryAfter: nil, mediaType: nil, body: [8, 3, 0xFF])
        #expect(binary == .refused("status 400"))
        let cut = OTLPAnswer(
            status: 400, retryAfter: nil, mediaType: nil, body: Array(String(repeating: "ä", count: 500).utf8))
        #expect(cut == .refused("status 400: " + String(repeating: "ä", count: 300)))
    }

    @Test("a collector's words are harmless, short, and tell no secret of the request")
    func hostileWords() {
        let redactor = SecretRedactor(["sk-0123456789"])
        let text = String(repeating: "x", count: 290) + " sk-0123456789 \u{1B}[2J\nforged"
        let refused = OTLPAnswer(
            status: 400, retryAfter: nil, mediaType: nil, body: Array(text.utf8), hiding: redactor)
        let partial = OTLPAnswer(
            status: 200, retryAfter: nil, mediaType: "application/json",
            body: Array(
                #"{"partialSuccess":{"rejectedSpans":9223372036854775807,"errorMessage":"a\nb sk-0123456789"}}"#.utf8),
            hiding: redactor)
        let split = OTLPAnswer(
            status: 400, retryAfter: nil, mediaType: nil, body: Array("key sk-01234\u{202E}56789".utf8),
            hiding: redactor)
        #expect(split == .refused("status 400: key [redacted]"))
        for problem in [refused.problem, partial.problem] {
            let problem = problem ?? ""
            #expect(!problem.contains("sk-"))
            #expect(!problem.isEmpty && problem.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F })
            #expect(problem.count < 400)
        }
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
        let answer = OTLPAnswer(status: 200, retryAfter: nil, mediaType: mediaType, body: body)
        #expect(answer == .accepted(rejected: rejected, message: message))
    }
}
