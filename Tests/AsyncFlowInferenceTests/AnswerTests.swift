import Foundation
import Testing

@testable import AsyncFlowInference

@Suite("What servers answer")
struct AnswerTests {
    @Test(
        "text, whatever else there is",
        arguments: [
            #"{"choices":[{"message":{"content":"yes"}}]}"#,
            #"{"error":null,"choices":[{"message":{"content":"yes","refusal":null,"new":[1]},"finish_reason":"a"}]}"#,
            #"{"choices":[{"message":{"content":"yes"},"finish_reason":"length"},{"message":{"content":"no"}}]}"#,
        ])
    func text(body: String) {
        #expect(Answer(Array(body.utf8)) == .text("yes"))
    }

    @Test(
        "an error object, with a code of any kind",
        arguments: [
            (#"{"error":{"message":"no","code":17}}"#, false), (#"{"error":{"message":"no","code":null}}"#, false),
            (#"{"error":"no"}"#, false), (#"{"error":{"message":"no","code":"insufficient_quota"}}"#, true),
            (#"{"error":{"message":"no","code":429,"type":"insufficient_quota"}}"#, true),
            (#"{"error":{"message":"no"},"choices":[{"message":{"content":"yes"}}]}"#, false),
        ])
    func error(body: String, isFinal: Bool) {
        #expect(Answer(Array(body.utf8)) == .error(message: "no", isFinal: isFinal))
    }

    @Test(
        "what is no answer, and why",
        arguments: [
            ("<html>", "it isn't JSON: <html>"), ("", "it isn't JSON: "), ("[]", "it has no choices"),
            (#"{"choices":null}"#, "it has no choices"), (#"{"choices":[]}"#, "its choices are empty"),
            (#"{"choices":[{"message":{"content":null}}]}"#, "its first choice has no text"),
        ])
    func invalid(body: String, why: String) {
        #expect(Answer(Array(body.utf8)) == .invalid(why))
    }

    @Test(
        "a model or filter that withholds the answer",
        arguments: [
            #"{"choices":[{"message":{"content":null,"refusal":"never"}}]}"#,
            #"{"choices":[{"message":{"content":"par"},"finish_reason":"content_filter"}]}"#,
        ])
    func withheld(body: String) {
        guard case .error(_, isFinal: true) = Answer(Array(body.utf8)) else {
            Issue.record("taken for an answer: \(body)")
            return
        }
    }
}
