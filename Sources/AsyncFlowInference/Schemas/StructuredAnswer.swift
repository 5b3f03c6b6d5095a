import Foundation

/// A decoder of the JSON in an answer, even if the model has written something around it.
enum StructuredAnswer {
    /// The limits on the places in a text where JSON is searched for, and on the bytes examined.
    private static let mostPlaces = 64
    private static let mostBytes = 2 << 20

    /// - Throws: `DecodingError`: the error of the first JSON in the answer, or one that says there is none.
    static func decode<Value: Decodable>(_ type: Value.Type, from text: String) throws -> Value {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        let answer = withoutThoughts(text)
        var fault: (any Error)?
        for candidate in candidates(in: answer) {
            do {
                return try decoder.decode(type, from: candidate)
            } catch {
                // An error in the JSON matters more than the words around it.
                if fault == nil, (try? JSONValue(parsing: candidate)) != nil { fault = error }
            }
        }
        throw fault ?? DecodingError.dataCorrupted(.init(codingPath: [], debugDescription: "not valid JSON"))
    }

    /// Returns the parts of a text that may be the JSON, the most likely first.
    private static func candidates(in answer: String) -> some Sequence<Data> {
        let bytes = Array(answer.utf8)
        let places: [() -> [Data]] = [
            { [Data(bytes)] },
            { fenced(in: bytes).reversed().map { Data($0) } },
            { bracketed(in: bytes).map { Data($0) } },
        ]
        return places.lazy.flatMap { $0() }
    }

    /// Returns the answer without the model's reasoning before it, which may look like an answer.
    static func withoutThoughts(_ text: String) -> String {
        var rest = Substring(text.trimmingCharacters(in: .whitespacesAndNewlines))
        // In JSON, such a mark is part of a string.
        if rest.hasPrefix("{") || rest.hasPrefix("["), (try? JSONValue(parsing: Data(rest.utf8))) != nil {
            return String(rest)
        }
        for mark in ["</think>", "</thinking>", "</reasoning>", "</thought>"] {
            if let end = rest.range(of: mark, options: .backwards) { rest = rest[end.upperBound...] }
        }
        return rest.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Returns the contents of fenced blocks, between lines that begin with three backticks.
    private static func fenced(in text: [UInt8]) -> [ArraySlice<UInt8>] {
        var blocks: [ArraySlice<UInt8>] = []
        var (start, line) = (nil as Int?, 0)
        while line < text.count, blocks.count < mostPlaces {
            let end = text[line...].firstIndex(of: UInt8(ascii: "\n")) ?? text.count
            if text[line..<end].drop(while: { $0 == 0x20 || $0 == 0x09 }).starts(with: "```".utf8) {
                if let begin = start { blocks.append(text[begin..<line]) }
                start = start == nil ? min(end + 1, text.count) : nil
            }
            line = end + 1
        }
        if let start { blocks.append(text[start...]) }
        return blocks
    }

    /// Returns the objects and arrays anywhere in the text.
    private static func bracketed(in text: [UInt8]) -> [ArraySlice<UInt8>] {
        var found: [ArraySlice<UInt8>] = []
        var (position, looked) = (0, 0)
        while found.count < mostPlaces, looked < mostBytes {
            guard
                let begin = text[position...].firstIndex(where: { $0 == UInt8(ascii: "{") || $0 == UInt8(ascii: "[") })
            else { break }
            var balance = JSONBalance()
            if let end = text[begin...].firstIndex(where: { balance.receive($0) }) {
                found.append(text[begin...end])
                looked += end - begin
                position = end + 1
            } else {
                looked += text.count - begin
                position = begin + 1
            }
        }
        return found
    }

    /// Returns a description of an error for a model.
    static func problem(_ error: any Error) -> String {
        func place(_ path: [any CodingKey]) -> String {
            if path.isEmpty { return "the answer" }
            return "'\(path.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: "."))'"
        }
        switch error as? DecodingError {
        case .keyNotFound(let key, let context): return "\(place(context.codingPath + [key])) is missing"
        case .valueNotFound(let type, let context): return "\(place(context.codingPath)) is null instead of \(type)"
        case .typeMismatch(let type, let context): return "\(place(context.codingPath)) isn't of type \(type)"
        case .dataCorrupted(let context) where context.debugDescription.contains("not valid JSON"):
            return "the answer isn't valid JSON"
        case .dataCorrupted(let context):
            let reason = context.debugDescription
            return
                "\(place(context.codingPath)) is invalid: \(reason.hasSuffix(".") ? String(reason.dropLast()) : reason)"
        default: return "\(error)"
        }
    }
}
