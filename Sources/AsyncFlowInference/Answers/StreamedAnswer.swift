import Foundation

/// An answer that is assembled from parts; decides whether it is complete.
struct StreamedAnswer: Sendable {
    enum Step: Sendable, Equatable {
        /// More text of the answer; empty if there is none in this part.
        case text(String)
        case failed(Answer)
    }

    private let quote: Quoting
    private var text = ""
    private var calls = ToolCallAssembly()
    private var finishReason: String?
    private var usage: Completion.Usage?
    private var model: String?
    /// Whether the server has ended the stream.
    private(set) var isDone = false

    /// - Parameter quote: how parts of the answer are shown in messages.
    init(quote: Quoting = Quoting()) { self.quote = quote }

    /// Whether everything that the model wrote has come. The numbers of tokens may still follow.
    var isWhole: Bool { finishReason != nil }

    mutating func receive(_ event: EventStreamParser.Event) -> Step {
        if event.data == "[DONE]" {
            isDone = true
            return .text("")
        }
        let value = try? JSONValue(parsing: Data(event.data.utf8))
        if let error = value?["error"], error != .null { return failed(error) }
        if event.type == "error" { return failed(value ?? .string(event.data)) }
        guard let value else { return .failed(.invalid("a part of it isn't JSON: \(quote(event.data))")) }
        if let name = value["model"]?.text { model = name }
        if let counted = Completion.Usage(value["usage"]) { usage = counted }
        // The part with the numbers of tokens has no choices; other choices than the first are ignored.
        let choice = value["choices"]?.elements?.first { ($0["index"]?.count ?? 0) == 0 }
        return choice.map { receive(choice: $0) } ?? .text("")
    }

    /// Receives the end of the stream, which may be part of an event.
    mutating func receive(unfinished event: EventStreamParser.Event) -> Step {
        let step = receive(event)
        if case .failed(.invalid) = step { return .text("") }
        return step
    }

    private func failed(_ error: JSONValue) -> Step {
        var object = ErrorObject(error, quote)
        object.endsStream = true
        return .failed(.error(object))
    }

    private mutating func receive(choice: JSONValue) -> Step {
        if let reason = choice["finish_reason"]?.text { finishReason = reason }
        let delta = choice["delta"]
        let content = MessageContent(delta?["content"])
        if let refusal = delta?["refusal"]?.text ?? content.refusal, !refusal.isEmpty {
            return .failed(.error(.refusal(refusal, quote)))
        }
        if finishReason == "content_filter" { return .failed(.withheld) }
        if let problem = content.problem { return .failed(.invalid(quote(problem))) }
        for piece in delta?["tool_calls"]?.elements ?? [] {
            calls.add(piece)
            if calls.count > AnswerBounds.toolCalls { return .failed(.invalid(Answer.tooMany)) }
        }
        let more = content.text ?? ""
        text += more
        return .text(more)
    }

    /// Returns the answer, once the stream has ended.
    func end(asked: String) -> Answer {
        guard isWhole else {
            return .cut("the stream ended without a finish reason, after \(text.count) characters")
        }
        return .completion(
            Completion(
                text: text, toolCalls: calls.whole(quote), finishReason: Completion.FinishReason(finishReason, quote),
                usage: usage, model: model.map { quote($0, upTo: AnswerBounds.name) } ?? asked))
    }
}
