public import AsyncFlow
/// A JSON Schema that describes to a model the form of data.
public struct JSONSchema: Sendable, Hashable {
    /// The schema itself: an object with `type` and so on.
    public let json: JSONValue

    /// - Parameter json: a JSON Schema.
    public init(_ json: JSONValue) { self.json = json }

    /// Infers the schema of a type by letting it decode itself from placeholders.
    ///
    /// No macro and no list of fields is needed, so the schema always matches `init(from:)` with its coding keys. This
    /// covers structs of numbers, texts, Booleans, dates, URLs, arrays, dictionaries, optionals and other such structs,
    /// and enums with raw values that are `CaseIterable`. An optional field is required, but may be null: servers that
    /// follow a schema strictly accept no other way of leaving a field out. A type that accepts only certain texts,
    /// that decodes different fields depending on others, or that contains itself needs an explicit schema
    /// (``init(_:)``).
    ///
    /// - Throws: ``JSONSchemaError`` if the type doesn't accept placeholders.
    public init<Value: Decodable>(of type: Value.Type) throws {
        json = try SchemaProbe.schema(of: type, at: [], inside: [])
    }

    /// Returns the value of the field `response_format`.
    ///
    /// The server is asked to follow the schema strictly if OpenAI supports that for it.
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

/// The reason that the schema of a type can't be inferred.
public struct JSONSchemaError: WorkflowError {
    public let message: String
    public var code: WorkflowErrorCode { .invalidOption }

    init(_ type: Any.Type, at path: [String], _ problem: String) {
        let place = path.isEmpty ? "" : " (for '\(path.joined(separator: "."))')"
        message = "the JSON schema of \(type)\(place) can't be inferred: \(problem); give the task a schema:"
    }
}
