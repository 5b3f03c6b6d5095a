import Foundation

extension Answer {
    /// Reads embeddings, which must be one vector of finite numbers for each text, all of the same length.
    ///
    /// - Parameters:
    ///   - count: the number of texts.
    ///   - asked: the requested model.
    ///   - quote: how parts of the answer are shown in messages.
    init(embeddings body: some Collection<UInt8>, count: Int, asked: String, quote: Quoting = Quoting()) {
        guard let value = try? JSONDecoder().decode(EmbeddingsBody.self, from: Data(body)) else {
            // An error object and text that isn't JSON are handled in the same way for all requests.
            if let value = try? JSONValue(parsing: Data(body)), let error = value["error"], error != .null {
                self = .error(ErrorObject(error, quote))
            } else {
                self = .invalid("it has no embeddings: \(quote(body))")
            }
            return
        }
        guard value.data.count == count else {
            self = .invalid("it has \(value.data.count) embeddings for \(count) texts")
            return
        }
        var vectors = [[Float]?](repeating: nil, count: count)
        for (place, entry) in value.data.enumerated() {
            // Servers that don't number the vectors send them in order.
            let index = entry.index.map { Int(exactly: $0) ?? -1 } ?? place
            guard vectors.indices.contains(index), vectors[index] == nil else {
                self = .invalid(
                    "its embeddings have the index \(index < 0 ? "\(entry.index ?? -1)" : "\(index)") twice, "
                        + "or there is no text with this index"
                )
                return
            }
            vectors[index] = entry.embedding
        }
        let all = vectors.compactMap(\.self)
        guard let length = all.first?.count, length > 0, all.allSatisfy({ $0.count == length }) else {
            self = .invalid("its embeddings are empty, or of different lengths")
            return
        }
        guard all.allSatisfy({ $0.allSatisfy(\.isFinite) }) else {
            self = .invalid("its embeddings have numbers that aren't finite")
            return
        }
        let tokens = value.usage?.prompt_tokens.flatMap { Int(exactly: $0) }
        let usage = tokens.flatMap { (0...AnswerBounds.tokens).contains($0) ? $0 : nil }
            .map { Completion.Usage(inputTokens: $0, outputTokens: 0) }
        let model = value.model.map { quote($0, upTo: AnswerBounds.name) } ?? asked
        self = .embeddings(Embeddings(vectors: all, usage: usage, model: model))
    }

    /// Decoded directly, because a general JSON value for each of millions of numbers would take many times as long.
    private struct EmbeddingsBody: Decodable {
        struct Entry: Decodable {
            /// The index as the server writes it, which may be invalid.
            var index: Double?
            var embedding: [Float]
        }
        struct Usage: Decodable { var prompt_tokens: Double? }
        var data: [Entry]
        var model: String?
        var usage: Usage?
    }
}
