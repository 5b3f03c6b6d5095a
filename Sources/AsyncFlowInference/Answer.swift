import Foundation

/// What a server's answer to a prompt says.
enum Answer: Sendable, Equatable {
    case text(String)
    /// An error object, with any status; `isFinal` if trying again doesn't help.
    case error(message: String, isFinal: Bool)
    /// Neither; says why.
    case invalid(String)

    /// Strict in what counts as an answer, lenient in what else there is: unknown fields are ignored.
    init(_ body: some Collection<UInt8>) {
        guard let value = try? JSONDecoder().decode(JSONValue.self, from: Data(body)) else {
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
        if let refusal = choice["message"]?["refusal"]?.text {
            self = .error(message: "the model refused: \(Self.excerpt(refusal))", isFinal: true)
        } else if choice["finish_reason"]?.text == "content_filter" {
            self = .error(message: "the server's content filter withheld the answer", isFinal: true)
        } else if let text = choice["message"]?["content"]?.text {
            self = .text(text)
        } else {
            self = .invalid("its first choice has no text")
        }
    }

    /// The code may be a number, a text or null; the object may be a mere text.
    private static func error(_ error: JSONValue) -> Answer {
        let kinds = [error["code"]?.text, error["type"]?.text]
        let message = error["message"]?.text ?? error.text ?? "it doesn't say why"
        return .error(message: excerpt(message), isFinal: kinds.contains("insufficient_quota"))
    }

    static func excerpt(_ text: String) -> String { text.count > 300 ? "\(text.prefix(300))…" : text }
}
