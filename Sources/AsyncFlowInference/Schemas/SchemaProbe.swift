import Foundation

/// A `Decoder` that infers a type's JSON schema from what the type asks it for.
final class SchemaProbe: Decoder {
    let codingPath: [any CodingKey] = []
    let userInfo: [CodingUserInfoKey: Any] = [:]
    private let path: [String]
    private let types: [ObjectIdentifier]
    private var result: JSONValue?
    private var properties: [String: JSONValue] = [:]

    private init(_ path: [String], _ types: [ObjectIdentifier]) {
        self.path = path
        self.types = types
    }

    static func schema<Value: Decodable>(of type: Value.Type, at path: [String], inside types: [ObjectIdentifier])
        throws
        -> JSONValue
    {
        try probe(type, at: path, inside: types).schema
    }

    /// Returns the schema of a type, and a value of it.
    static func probe<Value: Decodable>(
        _ type: Value.Type, at path: [String], inside types: [ObjectIdentifier]
    ) throws -> (schema: JSONValue, value: Value) {
        if let known = try known(type, at: path, inside: types), let value = known.value as? Value {
            return (known.schema, value)
        }
        let id = ObjectIdentifier(type)
        if types.contains(id) { throw JSONSchemaError(type, at: path, "it contains itself") }
        let probe = SchemaProbe(path, types + [id])
        do {
            let value = try Value(from: probe)
            return (probe.schema, value)
        } catch let error as JSONSchemaError {
            throw error
        } catch {
            throw JSONSchemaError(type, at: path, "it doesn't accept placeholders (\(StructuredAnswer.problem(error)))")
        }
    }

    /// Returns the schema of a type whose decoding reveals nothing useful; nil for others.
    private static func known<Value: Decodable>(
        _ type: Value.Type, at path: [String], inside types: [ObjectIdentifier]
    ) throws -> (schema: JSONValue, value: Any)? {
        switch type {
        case is Date.Type: return (text(format: "date-time"), Date(timeIntervalSince1970: 0))
        case is URL.Type: return (text(format: "uri"), URL(filePath: "/"))
        case is UUID.Type: return (text(format: "uuid"), UUID())
        case is Data.Type: return (.object(["type": "string", "contentEncoding": "base64"]), Data())
        case is Decimal.Type: return (scalar("number"), Decimal(0))
        case is JSONValue.Type: return (.object([:]), JSONValue.null)
        default: break
        }
        if let type = type as? any ProbedContainer.Type { return try type.probed(at: path, inside: types) }
        if let type = type as? any CaseIterable.Type { return cases(of: type) }
        return nil
    }

    private static func cases<Value: CaseIterable>(of type: Value.Type) -> (schema: JSONValue, value: Any)? {
        let values = type.allCases.map { ($0 as? any RawRepresentable)?.rawValue as Any? }
        guard let first = type.allCases.first else { return nil }
        let texts = values.compactMap { $0 as? String }
        if texts.count == values.count {
            return (.object(["type": "string", "enum": .array(texts.map { .string($0) })]), first)
        }
        let numbers = values.compactMap { $0 as? Int }
        guard numbers.count == values.count else { return nil }
        return (.object(["type": "integer", "enum": .array(numbers.map { .integer($0) })]), first)
    }

    static func scalar(_ type: String) -> JSONValue { .object(["type": .string(type)]) }

    /// Returns the schema of a value that may be null instead.
    static func nullable(_ schema: JSONValue) -> JSONValue {
        // A schema without a type allows anything, including null.
        if case .object(let fields) = schema, fields.isEmpty { return schema }
        return .object(["anyOf": .array([schema, scalar("null")])])
    }

    private static func text(format: String) -> JSONValue {
        .object(["type": "string", "format": .string(format)])
    }

    private var schema: JSONValue {
        result
            ?? .object([
                "type": "object", "properties": .object(properties),
                // All properties, because strict servers require it. Optional ones may be null instead.
                "required": .array(properties.keys.sorted().map { .string($0) }), "additionalProperties": false,
            ])
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(Fields(probe: self))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        throw JSONSchemaError([Any].self, at: path, "it decodes its elements one by one")
    }

    func singleValueContainer() -> any SingleValueDecodingContainer { Single(probe: self) }

    private func field<Value: Decodable>(_ key: any CodingKey, _ type: Value.Type, isOptional: Bool) throws -> Value {
        let (schema, value) = try Self.probe(type, at: path + [key.stringValue], inside: types)
        properties[key.stringValue] = isOptional ? Self.nullable(schema) : schema
        return value
    }

    private struct Fields<Key: CodingKey>: KeyedDecodingContainerProtocol {
        let probe: SchemaProbe
        let codingPath: [any CodingKey] = []
        let allKeys: [Key] = []

        func contains(_: Key) -> Bool { true }
        func decodeNil(forKey _: Key) -> Bool { false }
        func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
            try probe.field(key, type, isOptional: false)
        }
        func decodeIfPresent<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value? {
            try optional(type, key)
        }
        // The standard library declares these overloads separately from the generic one.
        func decodeIfPresent(_ type: Bool.Type, forKey key: Key) throws -> Bool? { try optional(type, key) }
        func decodeIfPresent(_ type: String.Type, forKey key: Key) throws -> String? { try optional(type, key) }
        func decodeIfPresent(_ type: Double.Type, forKey key: Key) throws -> Double? { try optional(type, key) }
        func decodeIfPresent(_ type: Float.Type, forKey key: Key) throws -> Float? { try optional(type, key) }
        func decodeIfPresent(_ type: Int.Type, forKey key: Key) throws -> Int? { try optional(type, key) }
        func decodeIfPresent(_ type: Int8.Type, forKey key: Key) throws -> Int8? { try optional(type, key) }
        func decodeIfPresent(_ type: Int16.Type, forKey key: Key) throws -> Int16? { try optional(type, key) }
        func decodeIfPresent(_ type: Int32.Type, forKey key: Key) throws -> Int32? { try optional(type, key) }
        func decodeIfPresent(_ type: Int64.Type, forKey key: Key) throws -> Int64? { try optional(type, key) }
        func decodeIfPresent(_ type: UInt.Type, forKey key: Key) throws -> UInt? { try optional(type, key) }
        func decodeIfPresent(_ type: UInt8.Type, forKey key: Key) throws -> UInt8? { try optional(type, key) }
        func decodeIfPresent(_ type: UInt16.Type, forKey key: Key) throws -> UInt16? { try optional(type, key) }
        func decodeIfPresent(_ type: UInt32.Type, forKey key: Key) throws -> UInt32? { try optional(type, key) }
        func decodeIfPresent(_ type: UInt64.Type, forKey key: Key) throws -> UInt64? { try optional(type, key) }

        private func optional<Value: Decodable>(_ type: Value.Type, _ key: Key) throws -> Value? {
            try probe.field(key, type, isOptional: true)
        }

        func nestedContainer<Nested: CodingKey>(
            keyedBy type: Nested.Type, forKey key: Key
        ) throws -> KeyedDecodingContainer<Nested> {
            throw unusual(key)
        }
        func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer { throw unusual(key) }
        func superDecoder() throws -> any Decoder {
            throw JSONSchemaError(Any.self, at: probe.path, "it has a superclass")
        }
        func superDecoder(forKey key: Key) throws -> any Decoder { throw unusual(key) }
        private func unusual(_ key: Key) -> JSONSchemaError {
            JSONSchemaError(Any.self, at: probe.path + [key.stringValue], "it decodes itself in an unusual way")
        }
    }

    private struct Single: SingleValueDecodingContainer {
        let probe: SchemaProbe
        let codingPath: [any CodingKey] = []

        func decodeNil() -> Bool { false }
        func decode(_: Bool.Type) -> Bool { set("boolean", false) }
        func decode(_: String.Type) -> String { set("string", "") }
        func decode(_: Double.Type) -> Double { set("number", 0) }
        func decode(_: Float.Type) -> Float { set("number", 0) }
        func decode(_: Int.Type) -> Int { set("integer", 0) }
        func decode(_: Int8.Type) -> Int8 { set("integer", 0) }
        func decode(_: Int16.Type) -> Int16 { set("integer", 0) }
        func decode(_: Int32.Type) -> Int32 { set("integer", 0) }
        func decode(_: Int64.Type) -> Int64 { set("integer", 0) }
        func decode(_: UInt.Type) -> UInt { set("integer", 0) }
        func decode(_: UInt8.Type) -> UInt8 { set("integer", 0) }
        func decode(_: UInt16.Type) -> UInt16 { set("integer", 0) }
        func decode(_: UInt32.Type) -> UInt32 { set("integer", 0) }
        func decode(_: UInt64.Type) -> UInt64 { set("integer", 0) }
        func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
            let (schema, value) = try SchemaProbe.probe(type, at: probe.path, inside: probe.types)
            probe.result = schema
            return value
        }

        private func set<Value>(_ type: String, _ value: Value) -> Value {
            probe.result = SchemaProbe.scalar(type)
            return value
        }
    }
}

/// A container whose schema follows from that of its elements.
private protocol ProbedContainer {
    static func probed(at path: [String], inside types: [ObjectIdentifier]) throws -> (schema: JSONValue, value: Any)
}

extension Array: ProbedContainer where Element: Decodable {
    fileprivate static func probed(
        at path: [String], inside types: [ObjectIdentifier]
    ) throws -> (schema: JSONValue, value: Any) {
        let element = try SchemaProbe.probe(Element.self, at: path, inside: types)
        return (.object(["type": "array", "items": element.schema]), [element.value])
    }
}

extension Set: ProbedContainer where Element: Decodable {
    fileprivate static func probed(
        at path: [String], inside types: [ObjectIdentifier]
    ) throws -> (schema: JSONValue, value: Any) {
        let element = try SchemaProbe.probe(Element.self, at: path, inside: types)
        return (
            .object(["type": "array", "items": element.schema, "uniqueItems": true]), Set([element.value])
        )
    }
}

extension Optional: ProbedContainer where Wrapped: Decodable {
    fileprivate static func probed(
        at path: [String], inside types: [ObjectIdentifier]
    ) throws -> (schema: JSONValue, value: Any) {
        let wrapped = try SchemaProbe.probe(Wrapped.self, at: path, inside: types)
        return (SchemaProbe.nullable(wrapped.schema), Optional.some(wrapped.value) as Any)
    }
}

extension Dictionary: ProbedContainer where Key == String, Value: Decodable {
    fileprivate static func probed(
        at path: [String], inside types: [ObjectIdentifier]
    ) throws -> (schema: JSONValue, value: Any) {
        let element = try SchemaProbe.probe(Value.self, at: path, inside: types)
        return (.object(["type": "object", "additionalProperties": element.schema]), ["": element.value])
    }
}
