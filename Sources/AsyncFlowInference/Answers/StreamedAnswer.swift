import Foundation

/// Puts an answer together that comes in parts, and decides whether it is whole.
struct StreamedAnswer: Sendable {
    enum Step: Sendable, Equatable {
        /// More text of the answer; empty if there is none in this part.
        case text(String)
        case failed(Answer)
    }

    private struct PartialCall {
        var id = ""
        var name = ""
        var arguments = ""
    }

    private var text = ""
    private var calls: [Int: PartialCall] = [:]
    private var finishReason: String?
    private var usage: Completion.Usage?
    private var model: String?
    private(set) var isDone = false

    mutating func receive(_ data: String) -> Step {
        if data == "[DONE]" {
            isDone = true
            return .text("")
        }
        guard let value = try? JSONValue(parsing: Data(data.utf8)) else {
            return .failed(.invalid("a part of it isn't JSON: \(Answer.excerpt(data))"))
        }
        if let error = value["error"], error != .null { return .failed(Answer.error(error)) }
        if let name = value["model"]?.text { model = name }
        if let counted = Completion.Usage(value["usage"]) { usage = counted }
        // The part that counts the tokens has no choices.
        guard let choice = value["choices"]?.elements?.first else { return .text("") }
        if let reason = choice["finish_reason"]?.text { finishReason = reason }
        if let refusal = choice["delta"]?["refusal"]?.text, !refusal.isEmpty {
            return .failed(.error(message: "the model refused: \(Answer.excerpt(refusal))", isFinal: true))
        }
        if finishReason == "content_filter" { return .failed(Answer.withheld) }
        for part in choice["delta"]?["tool_calls"]?.elements ?? [] { add(part) }
        let more = choice["delta"]?["content"]?.text ?? ""
        text += more
        return .text(more)
    }

    private mutating func add(_ part: JSONValue) {
        let index = part["index"]?.count ?? 0
        calls[index, default: PartialCall()].id += part["id"]?.text ?? ""
        calls[index, default: PartialCall()].name += part["function"]?["name"]?.text ?? ""
        calls[index, default: PartialCall()].arguments += part["function"]?["arguments"]?.text ?? ""
    }

    /// What it is when the stream has ended.
    func end(asked: String) -> Answer {
        guard finishReason != nil, isDone else {
            let missing = finishReason == nil ? "a finish reason" : "[DONE]"
            return .cut("the stream ended without \(missing), after \(text.count) characters")
        }
        let toolCalls = calls.sorted { $0.key < $1.key }.map {
            Prompt.ToolCall(id: $0.value.id, name: $0.value.name, arguments: $0.value.arguments)
        }
        return .completion(
            Completion(
                text: text, toolCalls: toolCalls, finishReason: finishReason.map { Completion.FinishReason($0) },
                usage: usage, model: model ?? asked))
    }
}
