import Foundation

/// A function that a model may have called.
///
/// ```swift
/// struct Query: Codable { var words: String; var limit: Int? }
/// let search = try Tool("search", "Finds documents by words.", as: Query.self) { query in
///     try await index(query.words, query.limit ?? 10).value  // any task, or any code
/// }
/// ```
public struct Tool: Sendable {
    /// The name by which the model calls it: letters, digits, `_` and `-`.
    public let name: String
    /// A summary for the model.
    public let summary: String
    /// The form of its arguments.
    public let parameters: JSONSchema
    let call: @Sendable (_ arguments: String) async throws -> String

    /// - Parameters:
    ///   - name: letters, digits, `_` and `-`.
    ///   - summary: what it does and when to use it, for the model.
    ///   - type: what the arguments are decoded as.
    ///   - schema: their form; by default found out as by ``JSONSchema/init(of:)``.
    ///   - body: gives the result, for the model. What it throws is told to the model, which can then do something
    ///     else.
    /// - Throws: ``JSONSchemaError`` if the schema can't be found out.
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
                throw ToolCallError("the arguments aren't right: \(StructuredAnswer.problem(error))")
            }
            return try await body(arguments)
        }
    }

    /// As the model is told of it.
    var json: JSONValue {
        .object([
            "type": "function",
            "function": .object([
                "name": .string(name), "description": .string(summary), "parameters": parameters.json,
            ]),
        ])
    }
}

/// Why a call that the model wanted wasn't made.
struct ToolCallError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
