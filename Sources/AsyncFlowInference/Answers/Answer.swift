import Foundation

/// The meaning of a server's response to a request.
enum Answer: Sendable, Equatable {
    case completion(Completion)
    case embeddings(Embeddings)
    /// An error object, with any status.
    case error(ErrorObject)
    /// An answer without content, which servers give when they are in trouble; with the reason.
    case empty(String)
    /// A response that isn't an answer; with the reason.
    case invalid(String)
    /// A stream that ended too early; with the place.
    case cut(String)

    static let withheld = Answer.error(.filtered)

    /// Reads an answer that came as a whole. Strict about what counts as an answer, lenient about everything else.
    ///
    /// - Parameters:
    ///   - asked: the requested model.
    ///   - quote: how parts of the answer are shown in messages.
    init(_ body: some Collection<UInt8>, asked: String, quote: Quoting = Quoting()) {
        guard let value = try? JSONValue(parsing: Data(body)) else {
            self = Self.eventStream(body, asked: asked, quote: quote) ?? Self.notJSON(body, quote)
            return
        }
        if let error = value["error"], error != .null {
            self = .error(ErrorObject(error, quote))
            return
        }
        guard let choices = value["choices"]?.elements else {
            self = .empty("it has no choices: \(quote(body))")
            return
        }
        guard let choice = Self.first(of: choices) else {
            self = .empty("its choices are empty")
            return
        }
        let message = choice["message"]
        let wanted = message?["tool_calls"]?.elements ?? []
        guard choices.count <= AnswerBounds.choices, wanted.count <= AnswerBounds.toolCalls else {
            self = .invalid(Self.tooMany)
            return
        }
        let reason = choice["finish_reason"]?.text
        let toolCalls = Prompt.ToolCall.identified(wanted.compactMap { Prompt.ToolCall($0, quote: quote) })
        let content = MessageContent(message?["content"])
        if let refusal = message?["refusal"]?.text ?? content.refusal, !refusal.isEmpty {
            self = .error(.refusal(refusal, quote))
        } else if reason == "content_filter" {
            self = .withheld
        } else if let problem = content.problem {
            self = .invalid(quote(problem))
        } else if let text = content.text ?? (toolCalls.isEmpty && reason != "length" ? nil : "") {
            // A reasoning model may reach the token limit before it writes any text.
            self = .completion(
                Completion(
                    text: text, toolCalls: toolCalls, finishReason: Completion.FinishReason(reason, quote),
                    usage: Completion.Usage(value["usage"]),
                    model: value["model"]?.text.map { quote($0, upTo: AnswerBounds.name) } ?? asked))
        } else {
            self = .empty("its first choice has no text")
        }
    }

    static let tooMany =
        "it has more than \(AnswerBounds.choices) choices, or requests more than \(AnswerBounds.toolCalls) tool calls"

    /// Returns the choice to use; if there are several, they may come in any order.
    static func first(of choices: [JSONValue]) -> JSONValue? {
        choices.first { $0["index"]?.count == 0 } ?? choices.first
    }

    /// Reads a stream that came as a whole, because some servers stream without saying so.
    private static func eventStream(
        _ body: some Collection<UInt8>, asked: String, quote: Quoting
    ) -> Answer? {
        let beginnings = ["data:", "event:", "id:", ":"].map { Array($0.utf8) }
        var parser = EventStreamParser()
        guard beginnings.contains(where: { parser.withoutMark(body).starts(with: $0) }) else { return nil }
        var streamed = StreamedAnswer(quote: quote)
        do {
            for event in try parser.receive(body) where !streamed.isDone {
                if case .failed(let answer) = streamed.receive(event) { return answer }
            }
            if let last = parser.end(), case .failed(let answer) = streamed.receive(unfinished: last) { return answer }
        } catch {
            return .invalid(error.description)
        }
        return streamed.end(asked: asked)
    }

    static func notJSON(_ body: some Collection<UInt8>, _ quote: Quoting) -> Answer {
        .invalid(body.isEmpty ? "it is empty" : "it isn't JSON: \(quote(body))")
    }
}
