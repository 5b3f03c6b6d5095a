/// The vectors of several texts: one each, in their order.
struct Embeddings: Sendable, Hashable {
    var vectors: [[Float]]
    var usage: Completion.Usage?
    /// The model that answered, by the server's name for it.
    var model: String
    var latency: Duration = .zero
    var attempts = 1
}
