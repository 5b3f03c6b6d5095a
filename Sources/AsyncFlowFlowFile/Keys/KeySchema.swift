import AsyncFlowPlan

/// The JSON schema of flow files, for editors.
package enum KeySchema {
    /// The schema as JSON.
    package static var text: String { JSONText.text(of: .record(Record(schema)), indent: 2) + "\n" }

    private static var schema: [(String, Value)] {
        let definitions = Section.allCases.map { ($0.rawValue, object(of: $0)) }
        return [
            ("$schema", .string("http://json-schema.org/draft-07/schema#")),
            ("title", .string("AsyncFlow flow file")),
            ("$ref", .string("#/definitions/top")),
            ("definitions", .record(Record(definitions))),
        ]
    }

    private static func object(of section: Section) -> Value {
        let properties = KeyTable.keys(of: section).map { key in
            (key.name, described(form(of: key.shape), key))
        }
        var fields: [(String, Value)] = [
            ("type", .string("object")), ("additionalProperties", .bool(false)),
            ("properties", .record(Record(properties))),
        ]
        if section == .top { fields.append(("required", .strings(["flow", "steps"]))) }
        return .record(Record(fields))
    }

    private static func described(_ form: [(String, Value)], _ key: Key) -> Value {
        // Beside '$ref' a description would be ignored.
        let inner = form.contains { $0.0 == "$ref" } ? [("allOf", Value.list([.record(Record(form))]))] : form
        return .record(Record(inner + [("description", .string("\(key.help) Example: \(key.example)"))]))
    }

    private static func form(of shape: Shape) -> [(String, Value)] {
        let single: [(String, Value)] = [("type", .strings(["string", "number", "boolean"]))]
        switch shape {
        case .text, .template, .expression: return single
        case .value: return []
        case .setting: return [("type", .strings(["string", "number"]))]
        case .flag: return [("type", .string("boolean"))]
        case .integer: return [("type", .string("integer"))]
        case .choice(let names): return [("enum", .strings(names))]
        case .type: return [("type", .strings(["string", "object"]))]
        case .listOf(let element):
            let list: [(String, Value)] = [("type", .string("array")), ("items", .record(Record(form(of: element))))]
            return anyOf([form(of: element), list])
        case .map(let element):
            return [("type", .string("object")), ("additionalProperties", .record(Record(form(of: element))))]
        case .section(let section): return [("$ref", .string("#/definitions/\(section.rawValue)"))]
        case .steps:
            let step = Value.record(Record([("$ref", .string("#/definitions/step"))]))
            return [("type", .string("object")), ("additionalProperties", step)]
        case .variables: return [("type", .string("object"))]
        case .either(let a, let b): return anyOf([form(of: a), form(of: b)])
        }
    }

    private static func anyOf(_ forms: [[(String, Value)]]) -> [(String, Value)] {
        if forms.contains(where: \.isEmpty) { return [] }
        return [("anyOf", .list(forms.map { .record(Record($0)) }))]
    }
}
