import Foundation

/// What a server's answer to a prompt says.
enum Answer: Sendable, Equatable {
    case completion(Completion)
    case embeddings(Embeddings)
    /// An error object, with any status; `isFinal` if trying again doesn't help.
    case error(message: String, isFinal: Bool)
    /// Neither; says why.
    case invalid(String)
    /// A stream that ended too early; says where.
    case cut(String)

    static let withheld = Answer.error(message: "the server's content filter withheld the answer", isFinal: true)

    /// Strict in what counts as an answer, lenient in what else there is: unknown fields are ignored.
    ///
    /// - Parameter asked: the model that was asked for.
    init(_ body: some Collection<UInt8>, asked: String) {
        guard let value = try? JSONValue(parsing: Data(body)) else {
            self = .invalid("it isn't JSON: \(Self.excerpt(String(decoding: body, as: UTF8.self)))")
            return
        }
        if let error = value["error"], error != .null {
            self = Self.error(error)
            return
        }
        guard let choices = value["choices"]?.elements else {
            self = .invalid("it has no choices")
            return
        }
        guard let choice = choices.first else {
            self = .invalid("its choices are empty")
            return
        }
        let message = choice["message"]
        let reason = choice["finish_reason"]?.text
        let toolCalls = (message?["tool_calls"]?.elements ?? []).compactMap(Prompt.ToolCall.init)
        if let refusal = message?["refusal"]?.text, !refusal.isEmpty {
            self = .error(message: "the model refused: \(Self.excerpt(refusal))", isFinal: true)
        } else if reason == "content_filter" {
            self = .withheld
        } else if let text = message?["content"]?.text ?? (toolCalls.isEmpty ? nil : "") {
            self = .completion(
                Completion(
                    text: text, toolCalls: toolCalls, finishReason: reason.map { Completion.FinishReason($0) },
                    usage: Completion.Usage(value["usage"]), model: value["model"]?.text ?? asked))
        } else {
            self = .invalid("its first choice has no text")
        }
    }

    /// The code may be a number, a text or null; the object may be a mere text.
    static func error(_ error: JSONValue) -> Answer {
        let kinds = [error["code"]?.text, error["type"]?.text]
        let message = error["message"]?.text ?? error.text ?? "it doesn't say why"
        return .error(message: excerpt(message), isFinal: kinds.contains("insufficient_quota"))
    }

    static func excerpt(_ text: String) -> String { text.count > 300 ? "\(text.prefix(300))…" : text }
}
