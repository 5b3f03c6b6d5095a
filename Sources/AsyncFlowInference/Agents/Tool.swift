import Foundation

/// A function that a model can call.
///
/// ```swift
/// struct Query: Codable { var words: String; var limit: Int? }
/// let search = try Tool("search", "Finds documents by words.", as: Query.self) { query in
///     try await index(query.words, query.limit ?? 10).value  // any task, or any code
/// }
/// ```
public struct Tool: Sendable {
    /// The name by which the model calls the tool: letters, digits, `_` and `-`.
    public let name: String
    /// A summary for the model.
    public let summary: String
    /// The schema of the arguments.
    public let parameters: JSONSchema
    let call: @Sendable (_ arguments: String) async throws -> String

    /// - Parameters:
    ///   - name: the tool's name: letters, digits, `_` and `-`.
    ///   - summary: what the tool does and when to use it, for the model.
    ///   - type: the type that the arguments are decoded as.
    ///   - schema: the schema of the arguments; by default inferred as by ``JSONSchema/init(of:)``.
    ///   - body: returns the result for the model. If it throws, the model receives the error and can do something
    ///     else.
    /// - Throws: ``JSONSchemaError`` if the schema can't be inferred.
    public init<Arguments: Decodable & Sendable>(
        _ name: String, _ summary: String, as type: Arguments.Type, schema: JSONSchema? = nil,
        body: @escaping @Sendable (Arguments) async throws -> String
    ) throws {
        self.name = name
        self.summary = summary
        parameters = try schema ?? JSONSchema(of: type)
        call = { text in
            // A function without parameters is often called with no text at all.
            let arguments: Arguments
            do {
                arguments = try StructuredAnswer.decode(type, from: text.isEmpty ? "{}" : text)
            } catch {
                throw ToolCallError("the arguments are invalid: \(StructuredAnswer.problem(error))")
            }
            return try await body(arguments)
        }
    }

    /// The description of the tool for the model.
    var json: JSONValue {
        .object([
            "type": "function",
            "function": .object([
                "name": .string(name), "description": .string(summary), "parameters": parameters.json,
            ]),
        ])
    }
}

/// The reason that a call the model requested wasn't made.
struct ToolCallError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
