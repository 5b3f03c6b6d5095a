/// The schemas that a server accepts with `"strict": true`, by OpenAI's guide to structured outputs ("Supported
/// schemas").
///
/// Any other schema is refused with status 400 if it is sent as strict, so it is sent as not strict.
enum StrictForm {
    private static let keywords: Set<String> = [
        "type", "properties", "required", "additionalProperties", "items", "enum", "const", "anyOf", "$ref", "$defs",
        "definitions", "description", "title", "pattern", "format", "minimum", "maximum", "exclusiveMinimum",
        "exclusiveMaximum", "multipleOf", "minItems", "maxItems", "$schema",
    ]
    private static let formats: Set<String> = [
        "date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid",
    ]
    private static let greatestDepth = 10

    static func accepts(_ schema: JSONValue) -> Bool {
        schema["type"] == "object" && schema["anyOf"] == nil && accepts(schema, depth: 0)
    }

    private static func accepts(_ schema: JSONValue, depth: Int) -> Bool {
        guard case .object(let fields) = schema, !fields.isEmpty, depth <= greatestDepth,
            keywords.isSuperset(of: fields.keys)
        else { return false }
        if let format = fields["format"], !(format.text.map(formats.contains) ?? false) { return false }
        if fields["type"] == "object" || fields["properties"] != nil {
            let required = Set((fields["required"]?.elements ?? []).compactMap(\.text))
            guard fields["additionalProperties"] == false, case .object(let properties) = fields["properties"] ?? [:],
                required == Set(properties.keys)
            else { return false }
        }
        return inner(fields).allSatisfy { accepts($0, depth: depth + 1) }
    }

    /// Returns the schemas that a schema consists of.
    private static func inner(_ fields: [String: JSONValue]) -> [JSONValue] {
        var schemas = fields["anyOf"]?.elements ?? []
        if let items = fields["items"] { schemas.append(items) }
        for key in ["properties", "$defs", "definitions"] {
            if case .object(let named)? = fields[key] { schemas += named.values }
        }
        return schemas
    }
}
