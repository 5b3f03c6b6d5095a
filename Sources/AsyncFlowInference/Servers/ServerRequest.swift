import Foundation

/// What a server is asked, and how its answer is read.
struct ServerRequest: Sendable {
    /// After the base URL.
    let path: String
    let body: Data
    /// The model that is asked for.
    let model: String
    /// Reads an answer that came as a whole.
    let read: @Sendable (_ body: [UInt8]) -> Answer
    /// Takes the parts of an answer that comes in parts; nil for one that comes as a whole.
    var onText: (@Sendable (String) async -> Void)?

    static func chat(_ body: Data, model: String) -> ServerRequest {
        ServerRequest(path: "/chat/completions", body: body, model: model) { Answer($0, asked: model) }
    }

    /// - Parameter count: how many texts there are.
    static func embeddings(_ body: Data, count: Int, model: String) -> ServerRequest {
        ServerRequest(path: "/embeddings", body: body, model: model) {
            Answer(embeddings: $0, count: count, asked: model)
        }
    }
}
