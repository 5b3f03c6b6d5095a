import Foundation
import Testing

@testable import AsyncFlowInference

@Suite("What servers answer")
struct AnswerTests {
    @Test("numbers of tokens that no answer has count as none", arguments: [-1, 1_000_000_001, Int.max, Int.min])
    func hostileUsage(tokens: Int) {
        #expect(Completion.Usage(["prompt_tokens": .integer(tokens)]) == nil)
        #expect(Completion.Usage(["prompt_tokens": 1, "completion_tokens": .integer(tokens)]) == nil)
    }

    @Test(
        "text, whatever else there is",
        arguments: [
            #"{"choices":[{"message":{"content":"yes"}}]}"#,
            #"{"error":null,"choices":[{"message":{"content":"yes","refusal":null,"new":[1]},"finish_reason":"a"}]}"#,
            #"{"choices":[{"message":{"content":"yes"},"finish_reason":"length"},{"message":{"content":"no"}}]}"#,
            #"{"choices":[{"index":1,"message":{"content":"no"}},{"index":0,"message":{"content":"yes"}}]}"#,
            #"{"choices":[{"message":{"content":[{"type":"text","text":"y"},{"type":"reasoning"},"es"]}}]}"#,
            "\u{FEFF}{\"choices\":[{\"message\":{\"content\":\"yes\"}}]}",
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
            (#"{"message":"no","code":17}"#, nil, .ordinary), (#"{"message":"no","code":null}"#, nil, .ordinary),
            (#""no""#, nil, .ordinary), (#"{"message":"no","code":"insufficient_quota"}"#, nil, .quota),
            (#"{"message":"no","code":429,"type":"insufficient_quota"}"#, 429, .quota),
            (#"{"message":"no","code":502}"#, 502, .ordinary), (#"{"message":"no","code":"503"}"#, 503, .ordinary),
            (#"{"message":"no","status":"RESOURCE_EXHAUSTED"}"#, 429, .ordinary),
            (#"{"message":"no","type":"RateLimitError","code":null}"#, 429, .ordinary),
            (#"{"message":"no","type":"server_error","code":1e300}"#, 500, .ordinary),
            (#"{"message":"no","code":9223372036854775807,"status":400}"#, 400, .ordinary),
        ] as [(String, Int?, ErrorObject.Kind)])
    func error(object: String, status: Int?, kind: ErrorObject.Kind) {
        for body in [
            "{\"error\":\(object)}", "{\"error\":\(object),\"choices\":[{\"message\":{\"content\":\"yes\"}}]}",
        ] {
            #expect(
                Answer(Array(body.utf8), asked: "asked")
                    == .error(ErrorObject(message: "no", status: status, kind: kind)))
        }
    }

    @Test(
        "what is no answer, and why",
        arguments: [
            ("<html>", .invalid("it isn't JSON: <html>")), ("", .invalid("it is empty")),
            ("[]", .empty("it has no choices: []")), (#"{"choices":[]}"#, .empty("its choices are empty")),
            (#"{"choices":[{"message":{"content":null}}]}"#, .empty("its first choice has no text")),
            (#"{"choices":[{"message":{"content":[]}}]}"#, .empty("its first choice has no text")),
            (
                #"{"choices":[{"message":{"content":7}}]}"#,
                .invalid("its content is neither a text nor a list of parts")
            ),
            (
                #"{"choices":[{"message":{"content":[{"type":"audio"}]}}]}"#,
                .invalid("its content has no text, but a part of type 'audio'")
            ),
        ] as [(String, Answer)])
    func invalid(body: String, answer: Answer) {
        #expect(Answer(Array(body.utf8), asked: "asked") == answer)
    }

    @Test("more choices or calls than a model gives are no answer")
    func tooMany() {
        for list in ["\"choices\":[", "\"choices\":[{\"message\":{\"content\":\"a\",\"tool_calls\":["] {
            let elements = Array(repeating: "{}", count: 1025).joined(separator: ",")
            let body = "{\(list)\(elements)]" + (list.contains("tool_calls") ? "}}]}" : "}")
            #expect(Answer(Array(body.utf8), asked: "asked") == .invalid(Answer.tooMany))
        }
    }

    @Test("an answer that the limit of tokens ended before any text is an empty one")
    func thoughtOnly() {
        let body = #"{"choices":[{"message":{"content":null,"reasoning":"Hm"},"finish_reason":"length"}]}"#
        #expect(
            Answer(Array(body.utf8), asked: "asked")
                == .completion(Completion(text: "", finishReason: .length, model: "asked")))
    }

    @Test(
        "a model or filter that withholds the answer",
        arguments: [
            #"{"choices":[{"message":{"content":null,"refusal":"never"}}]}"#,
            #"{"choices":[{"message":{"content":"par"},"finish_reason":"content_filter"}]}"#,
        ])
    func withheld(body: String) {
        guard case .error(let object) = Answer(Array(body.utf8), asked: "asked"), object.kind == .withheld else {
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
