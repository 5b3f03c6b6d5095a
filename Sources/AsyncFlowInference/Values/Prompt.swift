public import AsyncFlow
import Foundation

/// A question to a model: messages, with images for models that can see.
///
/// ```swift
/// Prompt("What is in this picture?", images: [.url("https://example.org/cell.png")], system: "Be brief.")
/// ```
public struct Prompt: TaskValue, Hashable {
    /// The messages, from the first to the last.
    public var messages: [Message]

    /// - Parameter messages: the messages, from the first to the last.
    public init(messages: [Message]) { self.messages = messages }

    /// - Parameters:
    ///   - text: the user's text.
    ///   - images: the user's images.
    ///   - system: the system message before it, if any.
    public init(_ text: String, images: [Image] = [], system: String? = nil) {
        messages = (system.map { [.system($0)] } ?? []) + [.user(text, images: images)]
    }

    /// The texts of the messages, line by line, without images.
    var text: String { messages.map(\.text).joined(separator: "\n") }

    /// One message of a conversation.
    public struct Message: Sendable, Hashable {
        /// The role of a message's author.
        public enum Role: String, Sendable, Hashable { case system, user, assistant, tool }
        public var role: Role
        public var text: String
        public var images: [Image] = []
        /// The calls that the model requests; only for the role `assistant`.
        public var toolCalls: [ToolCall] = []
        /// The id of the call that this is the result of; only for the role `tool`.
        public var toolCallID: String?

        public static func system(_ text: String) -> Message { Message(role: .system, text: text) }
        public static func user(_ text: String, images: [Image] = []) -> Message {
            Message(role: .user, text: text, images: images)
        }
        public static func assistant(_ text: String, toolCalls: [ToolCall] = []) -> Message {
            Message(role: .assistant, text: text, toolCalls: toolCalls)
        }
        /// Creates the result of a call that the model requested.
        public static func tool(_ result: String, of call: ToolCall) -> Message {
            Message(role: .tool, text: result, toolCallID: call.id)
        }
    }

    /// An image.
    public struct Image: Sendable, Hashable {
        let url: String

        /// Creates an image that the server fetches itself.
        public static func url(_ url: String) -> Image { Image(url: url) }

        /// Creates an image that is sent with the request.
        ///
        /// - Parameters:
        ///   - bytes: the contents of the image's file.
        ///   - type: its media type, for example `image/png`.
        public static func data(_ bytes: [UInt8], type: String) -> Image {
            Image(url: "data:\(type);base64,\(Data(bytes).base64EncodedString())")
        }
    }

    /// A call of a function that the model requests.
    public struct ToolCall: TaskValue, Hashable, Codable {
        public let id: String
        public let name: String
        /// The arguments as JSON text, as the model wrote it; it may be invalid.
        public let arguments: String
    }
}

extension Prompt: ExpressibleByStringInterpolation {
    public init(stringLiteral value: String) { self.init(value) }
}

/// A value that the body of a prompt task may return: a ``Prompt``, or a text.
public protocol PromptConvertible: Sendable {
    var prompt: Prompt { get }
}
extension Prompt: PromptConvertible { public var prompt: Prompt { self } }
extension String: PromptConvertible { public var prompt: Prompt { Prompt(self) } }

extension Prompt.Message {
    /// The message in a request.
    var json: JSONValue {
        var fields: [String: JSONValue] = ["role": .string(role.rawValue), "content": content]
        if !toolCalls.isEmpty { fields["tool_calls"] = .array(toolCalls.map(\.json)) }
        if let toolCallID { fields["tool_call_id"] = .string(toolCallID) }
        return .object(fields)
    }

    private var content: JSONValue {
        guard !images.isEmpty else { return .string(text) }
        let parts: [JSONValue] = images.map { image in
            .object(["type": "image_url", "image_url": .object(["url": .string(image.url)])])
        }
        return .array([.object(["type": "text", "text": .string(text)])] + parts)
    }
}

extension Prompt.ToolCall {
    var json: JSONValue {
        .object([
            "id": .string(id), "type": "function",
            "function": .object(["name": .string(name), "arguments": .string(arguments)]),
        ])
    }
}
