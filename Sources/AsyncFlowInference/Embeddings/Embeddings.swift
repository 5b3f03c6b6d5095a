import Foundation

/// What a server makes of several texts: a vector each, in their order.
struct Embeddings: Sendable, Hashable {
    var vectors: [[Float]]
    var usage: Completion.Usage?
    /// The model that answered, as the server calls it.
    var model: String
    var latency: Duration = .zero
    var attempts = 1
}

extension Answer {
    /// Strict in what counts as an answer: one vector of finite numbers for each text, all of the same length.
    ///
    /// - Parameters:
    ///   - count: of how many texts vectors are wanted.
    ///   - asked: the model that was asked for.
    init(embeddings body: some Collection<UInt8>, count: Int, asked: String) {
        guard let value = try? JSONDecoder().decode(EmbeddingsBody.self, from: Data(body)) else {
            // An error object, or no JSON at all: what that is, is the same for every kind of question.
            if case .error(let message, let isFinal) = Answer(body, asked: asked) {
                self = .error(message: message, isFinal: isFinal)
            } else {
                self = .invalid("it has no embeddings: \(Self.excerpt(String(decoding: body, as: UTF8.self)))")
            }
            return
        }
        guard value.data.count == count else {
            self = .invalid("it has \(value.data.count) embeddings for \(count) texts")
            return
        }
        var vectors = [[Float]?](repeating: nil, count: count)
        for (place, entry) in value.data.enumerated() {
            // Servers that don't number them give them in order.
            let index = entry.index ?? place
            guard vectors.indices.contains(index), vectors[index] == nil else {
                self = .invalid("its embeddings have the index \(index) twice, or there is no such text")
                return
            }
            vectors[index] = entry.embedding
        }
        let all = vectors.compactMap(\.self)
        guard let length = all.first?.count, length > 0, all.allSatisfy({ $0.count == length }) else {
            self = .invalid("its embeddings are empty, or of different lengths")
            return
        }
        let usage = value.usage.map { Completion.Usage(inputTokens: max(0, $0.prompt_tokens ?? 0), outputTokens: 0) }
        self = .embeddings(Embeddings(vectors: all, usage: usage, model: value.model ?? asked))
    }

    /// Decoded as it is: a general JSON value for each of millions of numbers would take many times as long.
    private struct EmbeddingsBody: Decodable {
        struct Entry: Decodable {
            var index: Int?
            var embedding: [Float]
        }
        struct Usage: Decodable { var prompt_tokens: Int? }
        var data: [Entry]
        var model: String?
        var usage: Usage?
    }
}
