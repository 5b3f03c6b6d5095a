import Foundation

/// A request to a server, and how its answer is read.
struct ServerRequest: Sendable {
    /// The path after the base URL.
    let path: String
    let body: Data
    /// The requested model.
    let model: String
    /// Whether the answer can be streamed.
    let mayStream: Bool
    /// Reads an answer that came as a whole.
    let read: @Sendable (_ body: [UInt8], _ quote: Quoting) -> Answer
    /// Receives the parts of a streamed answer; nil for one that is to come as a whole.
    var onText: (@Sendable (String) async -> Void)?

    static func chat(_ body: Data, model: String) -> ServerRequest {
        ServerRequest(path: "/chat/completions", body: body, model: model, mayStream: true) {
            Answer($0, asked: model, quote: $1)
        }
    }

    /// - Parameter count: the number of texts.
    static func embeddings(_ body: Data, count: Int, model: String) -> ServerRequest {
        ServerRequest(path: "/embeddings", body: body, model: model, mayStream: false) {
            Answer(embeddings: $0, count: count, asked: model, quote: $1)
        }
    }
}
