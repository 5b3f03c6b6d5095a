import Testing

@testable import AsyncFlowInference

@Suite("Answers that come in parts")
struct StreamedAnswerTests {
    private func end(_ parts: [String]) -> (answer: Answer, text: String) {
        var streamed = StreamedAnswer()
        var text = ""
        for part in parts {
            switch streamed.receive(part) {
            case .text(let more): text += more
            case .failed(let answer): return (answer, text)
            }
        }
        return (streamed.end(asked: "asked"), text)
    }

    @Test("are put together, with what was counted and who answered")
    func whole() {
        let (answer, text) = end([
            #"{"model":"real","choices":[{"delta":{"role":"assistant","content":null}}]}"#,
            #"{"choices":[{"delta":{"content":"Hel"}}]}"#, #"{"choices":[{"delta":{"content":"lo"},"new":1}]}"#,
            #"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#,
            #"{"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":2}}"#, "[DONE]",
        ])
        #expect(text == "Hello")
        let usage = Completion.Usage(inputTokens: 5, outputTokens: 2)
        #expect(answer == .completion(Completion(text: "Hello", finishReason: .stop, usage: usage, model: "real")))
    }

    @Test("may be calls of tools, in pieces")
    func calls() {
        let (answer, _) = end([
            #"{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":""}}]}}]}"#,
            #"{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"x\":"}}]}}]}"#,
            #"{"choices":[{"delta":{"tool_calls":[{"index":1,"id":"b","function":{"name":"g"}}]}}]}"#,
            #"{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"1}"}}]}}]}"#,
            #"{"choices":[{"finish_reason":"tool_calls"}]}"#, "[DONE]",
        ])
        let calls = [
            Prompt.ToolCall(id: "a", name: "f", arguments: #"{"x":1}"#),
            Prompt.ToolCall(id: "b", name: "g", arguments: ""),
        ]
        #expect(
            answer == .completion(Completion(text: "", toolCalls: calls, finishReason: .toolCalls, model: "asked")))
    }

    @Test(
        "are failures if they end too early",
        arguments: [
            ([#"{"choices":[{"delta":{"content":"Hel"}}]}"#], "a finish reason"),
            ([#"{"choices":[{"delta":{"content":"Hel"}}]}"#, "[DONE]"], "a finish reason"),
            ([#"{"choices":[{"delta":{"content":"Hel"},"finish_reason":"stop"}]}"#], "[DONE]"),
        ])
    func cut(parts: [String], missing: String) {
        #expect(end(parts).answer == .cut("the stream ended without \(missing), after 3 characters"))
    }

    @Test("are errors if one comes among the parts, or a part is no JSON")
    func errors() {
        let begin = #"{"choices":[{"delta":{"content":"Hel"}}]}"#
        #expect(
            end([begin, #"{"error":{"message":"oh","code":500}}"#]).answer == .error(message: "oh", isFinal: false))
        #expect(end([begin, "oh"]).answer == .invalid("a part of it isn't JSON: oh"))
        #expect(end([#"{"choices":[{"delta":{},"finish_reason":"content_filter"}]}"#]).answer == Answer.withheld)
    }
}
