/// The field `content` of a message or of a part of one: a text or a list of parts.
struct MessageContent: Sendable, Equatable {
    /// The text; nil if there is none.
    var text: String?
    /// The model's text for not answering.
    var refusal: String?
    /// The reason that the content can't be used as text.
    var problem: String?

    init(_ json: JSONValue?) {
        switch json {
        case nil, .null: break
        case .string(let text): self.text = text
        case .array(let parts): read(parts)
        case .object: read([json!])
        case .bool, .integer, .number: problem = "its content is neither a text nor a list of parts"
        }
    }

    /// Joins the texts. The model's reasoning before the answer isn't part of it.
    private mutating func read(_ parts: [JSONValue]) {
        var unknown: String?
        for part in parts {
            let type = part["type"]?.text ?? "text"
            if let words = part["refusal"]?.text, !words.isEmpty {
                refusal = words
            } else if type.contains("think") || type.contains("reason") {
                text = text ?? ""
            } else if let more = part.text ?? part["text"]?.text {
                text = (text ?? "") + more
            } else {
                unknown = type
            }
        }
        if text == nil, refusal == nil, let unknown {
            problem = "its content has no text, but a part of type '\(unknown)'"
        }
    }
}
