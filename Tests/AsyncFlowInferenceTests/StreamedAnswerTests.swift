import Testing

@testable import AsyncFlowInference

@Suite("Answers that come in parts")
struct StreamedAnswerTests {
    private func end(_ parts: [String]) -> (answer: Answer, text: String) {
        var streamed = StreamedAnswer()
        var text = ""
        for part in parts {
            switch streamed.receive(EventStreamParser.Event(data: part)) {
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

    @Test("are failures if they end before the model has said why", arguments: [[], ["[DONE]"]])
    func cut(end last: [String]) {
        let answer = end([#"{"choices":[{"delta":{"content":"Hel"}}]}"#] + last).answer
        #expect(answer == .cut("the stream ended without a finish reason, after 3 characters"))
    }

    @Test("are errors if one comes among the parts, or a part is no JSON")
    func errors() {
        let begin = #"{"choices":[{"delta":{"content":"Hel"}}]}"#
        let error = ErrorObject(message: "oh", status: 500, endsStream: true)
        #expect(end([begin, #"{"error":{"message":"oh","code":500}}"#]).answer == .error(error))
        #expect(end([begin, "oh"]).answer == .invalid("a part of it isn't JSON: oh"))
        #expect(end([#"{"choices":[{"delta":{},"finish_reason":"content_filter"}]}"#]).answer == Answer.withheld)
    }
}
