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
        guard case .completion(let completion) = Answer(Array(body.utf8), asked: "asked") else {
            Issue.record("no answer: \(body)")
            return
        }
        #expect(completion.text == "yes" && completion.model == "asked" && completion.usage == nil)
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
        #expect(Answer(Array(body.utf8), asked: "asked") == .error(message: "no", isFinal: isFinal))
    }

    @Test(
        "what is no answer, and why",
        arguments: [
            ("<html>", "it isn't JSON: <html>"), ("", "it isn't JSON: "), ("[]", "it has no choices"),
            (#"{"choices":null}"#, "it has no choices"), (#"{"choices":[]}"#, "its choices are empty"),
            (#"{"choices":[{"message":{"content":null}}]}"#, "its first choice has no text"),
        ])
    func invalid(body: String, why: String) {
        #expect(Answer(Array(body.utf8), asked: "asked") == .invalid(why))
    }

    @Test(
        "a model or filter that withholds the answer",
        arguments: [
            #"{"choices":[{"message":{"content":null,"refusal":"never"}}]}"#,
            #"{"choices":[{"message":{"content":"par"},"finish_reason":"content_filter"}]}"#,
        ])
    func withheld(body: String) {
        guard case .error(_, isFinal: true) = Answer(Array(body.utf8), asked: "asked") else {
            Issue.record("taken for an answer: \(body)")
            return
        }
    }

    @Test("what was counted, who answered and what is to be called")
    func details() {
        let body = """
            {"model":"real","usage":{"prompt_tokens":5.0,"completion_tokens":2},"choices":[{"finish_reason":"tool_calls",
            "message":{"content":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]}}]}
            """
        let expected = Completion(
            text: "", toolCalls: [Prompt.ToolCall(id: "a", name: "f", arguments: "{}")], finishReason: .toolCalls,
            usage: Completion.Usage(inputTokens: 5, outputTokens: 2), model: "real")
        #expect(Answer(Array(body.utf8), asked: "asked") == .completion(expected))
    }
}
