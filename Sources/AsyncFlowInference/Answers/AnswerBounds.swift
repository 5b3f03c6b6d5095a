/// The limits beyond which something doesn't count as an answer. All of them are far beyond what models write.
enum AnswerBounds {
    /// The bytes of a whole answer, in one piece or streamed.
    static let answer = 64 << 20
    /// The number of bytes that are read of an answer with an error status; the rest is left unread.
    static let errorAnswer = 1 << 20
    /// The bytes of one event of a stream.
    static let event = 8 << 20
    /// The calls of tools in an answer.
    static let toolCalls = 1024
    /// The choices in an answer.
    static let choices = 1024
    /// The characters of the names of models and finish reasons.
    static let name = 200
    /// A number of tokens. Larger numbers from a server are ignored.
    static let tokens = 1_000_000_000
}

/// An error for something from a server that is larger than ``AnswerBounds`` allow.
struct AnswerTooLarge: Error, Equatable {
    let description: String

    static let answer = AnswerTooLarge(description: "the answer is longer than \(AnswerBounds.answer >> 20) MiB")
    static let event = AnswerTooLarge(
        description: "an event of the stream is longer than \(AnswerBounds.event >> 20) MiB")
}
