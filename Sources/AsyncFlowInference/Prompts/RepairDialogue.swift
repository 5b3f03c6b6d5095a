import Foundation

/// Decides what becomes of answers that should have a form.
struct RepairDialogue: Sendable {
    enum Action<Value> {
        case value(Value)
        case askAgain
        case fail(InferenceError)
    }

    /// What is to be asked next.
    private(set) var prompt: Prompt
    private var remaining: Int

    init(_ prompt: Prompt, repairs: Int) {
        self.prompt = prompt
        remaining = max(0, repairs)
    }

    mutating func answered<Value>(_ completion: Completion, decode: (String) throws -> Value) -> Action<Value> {
        if completion.finishReason == .length {
            return .fail(
                InferenceError(
                    .truncated,
                    "the limit of tokens cut the answer short after \(completion.text.count) characters, so that it can't "
                        + "be decoded; raise maxTokens or ask for less"))
        }
        do {
            return .value(try decode(completion.text))
        } catch {
            let problem = StructuredAnswer.problem(error)
            guard remaining > 0 else {
                return .fail(
                    InferenceError(
                        .invalidAnswer,
                        "the answer hasn't the form that it should: \(problem). It is: \(Answer.excerpt(completion.text))"
                    ))
            }
            remaining -= 1
            prompt.messages += [
                .assistant(completion.text),
                .user(
                    "That isn't right: \(problem). Answer again, with nothing but JSON in the form that was asked for."),
            ]
            return .askAgain
        }
    }
}

enum StructuredAnswer {
    /// Decodes JSON, also where a model has put it between fences.
    static func decode<Value: Decodable>(_ type: Value.Type, from text: String) throws -> Value {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        return try decoder.decode(type, from: Data(unfenced(text).utf8))
    }

    static func unfenced(_ text: String) -> String {
        let trimmed = text.trimmingCharacters(in: .whitespacesAndNewlines)
        guard trimmed.hasPrefix("```"), trimmed.hasSuffix("```"), trimmed.count > 6,
            let newline = trimmed.firstIndex(where: \.isNewline)
        else { return trimmed }
        return String(trimmed[newline...].dropLast(3))
    }

    /// What is wrong, in words for a model.
    static func problem(_ error: any Error) -> String {
        func place(_ path: [any CodingKey]) -> String {
            path.isEmpty
                ? "the answer"
                : "'"
                    + path.map { $0.intValue.map(String.init) ?? $0.stringValue }
                    .joined(separator: ".") + "'"
        }
        return switch error as? DecodingError {
        case .keyNotFound(let key, let context): "\(place(context.codingPath + [key])) is missing"
        case .valueNotFound(let type, let context): "\(place(context.codingPath)) is null instead of \(type)"
        case .typeMismatch(let type, let context): "\(place(context.codingPath)) isn't of type \(type)"
        case .dataCorrupted(let context): "\(place(context.codingPath)) is invalid: \(context.debugDescription)"
        default: "\(error)"
        }
    }
}
