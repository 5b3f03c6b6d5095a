/// The form of JSON data, as models are told.
public struct JSONSchema: Sendable, Hashable {
    /// The schema itself: an object with `type` and so on.
    public let json: JSONValue

    /// - Parameter json: a schema as JSON Schema has it.
    public init(_ json: JSONValue) { self.json = json }

    /// Finds out the schema of a type by letting it decode itself from placeholders.
    ///
    /// No macro and no list of fields is needed, so that the schema is always that of `init(from:)`, with its coding
    /// keys. That covers structs of numbers, texts, Booleans, dates, URLs, arrays, dictionaries, optionals and other
    /// such structs, and enums with raw values that are `CaseIterable`. An optional field is required, but may be null:
    /// servers that keep strictly to a schema accept no other way of leaving a field out. A type that accepts only
    /// certain texts, that decodes different fields depending on others, or that contains itself needs a schema of its
    /// own (``init(_:)``).
    ///
    /// - Throws: ``JSONSchemaError`` if the type doesn't accept placeholders.
    public init<Value: Decodable>(of type: Value.Type) throws {
        json = try SchemaProbe.schema(of: type, at: [], inside: [])
    }

    /// The value of the field `response_format`.
    ///
    /// The server is asked to keep strictly to the schema if that is one of those for which OpenAI can.
    func responseFormat(name: String) -> JSONValue {
        // Servers allow letters, digits, _ and -, up to 64 characters.
        let allowed = name.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" }
        return .object([
            "type": "json_schema",
            "json_schema": .object([
                "name": .string(String(allowed.prefix(64))), "strict": .bool(StrictForm.accepts(json)), "schema": json,
            ]),
        ])
    }
}

/// Why the schema of a type can't be found out.
public struct JSONSchemaError: Error, Sendable, CustomStringConvertible {
    public let description: String

    init(_ type: Any.Type, at path: [String], _ problem: String) {
        let place = path.isEmpty ? "" : " (for '\(path.joined(separator: "."))')"
        description = "the JSON schema of \(type)\(place) can't be found out: \(problem); give the task a schema:"
    }
}
