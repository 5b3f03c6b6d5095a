import Foundation
import Testing

@testable import AsyncFlowInference

@Suite("Schemas found out from types")
struct JSONSchemaTests {
    private enum Level: String, Codable, CaseIterable { case low, high }
    private enum Only: String, Codable { case one }
    private struct Line: Codable {
        var text: String
        var price: Double
    }
    private struct Invoice: Codable {
        var number: String
        var lines: [Line]
        var paid: Bool?
        var count: Int
        var day: Date
        var level: Level
        var more: [String: Int]
        var note: Line?
        enum CodingKeys: String, CodingKey { case number = "no", lines, paid, count, day, level, more, note }
    }
    private final class Tree: Codable, Sendable {
        let left: Tree?
        init(_ left: Tree?) { self.left = left }
    }

    @Test("have the fields of structs with their keys, and say which are required")
    func structs() throws {
        let schema = try JSONSchema(of: Invoice.self).json
        let line: JSONValue = .object([
            "type": "object", "additionalProperties": false, "required": .array(["price", "text"]),
            "properties": .object(["text": .object(["type": "string"]), "price": .object(["type": "number"])]),
        ])
        #expect(schema["required"] == .array(["count", "day", "level", "lines", "more", "no"]))
        let properties = try #require(schema["properties"])
        #expect(properties["no"] == .object(["type": "string"]))
        #expect(properties["lines"] == .object(["type": "array", "items": line]))
        #expect(properties["note"] == line)
        #expect(properties["paid"] == .object(["type": "boolean"]))
        #expect(properties["count"] == .object(["type": "integer"]))
        #expect(properties["day"] == .object(["type": "string", "format": "date-time"]))
        #expect(properties["level"] == .object(["type": "string", "enum": .array(["low", "high"])]))
        #expect(
            properties["more"]
                == .object(["type": "object", "additionalProperties": .object(["type": "integer"])]))
    }

    @Test("are there for single values, too")
    func single() throws {
        #expect(try JSONSchema(of: [Int].self).json["items"] == .object(["type": "integer"]))
        #expect(try JSONSchema(of: String.self).json == .object(["type": "string"]))
    }

    @Test("can't be found out where a type is picky or endless; the error says where")
    func impossible() throws {
        struct Holder: Codable { var only: Only }
        let picky = try #require(throws: JSONSchemaError.self) { try JSONSchema(of: Holder.self) }
        #expect(picky.description.contains("Only (for 'only')") && picky.description.contains("schema:"))
        let endless = try #require(throws: JSONSchemaError.self) { try JSONSchema(of: Tree.self) }
        #expect(endless.description.contains("contains itself"))
    }

    @Test("have names that servers accept")
    func names() {
        let name = JSONSchema(.object([:])).responseFormat(name: "Array<Ünd>")["json_schema"]?["name"]
        #expect(name == "Array__nd_")
    }
}

@Suite("Answers that should have a form")
struct RepairDialogueTests {
    private struct Point: Codable, Equatable { var x: Int }
    private func step(_ dialogue: inout RepairDialogue, _ text: String, _ reason: Completion.FinishReason = .stop)
        -> RepairDialogue.Action<Point>
    {
        dialogue.answered(Completion(text: text, finishReason: reason, model: "m")) {
            try StructuredAnswer.decode(Point.self, from: $0)
        }
    }

    @Test(
        "are decoded, with or without fences",
        arguments: [#"{"x":3}"#, "```json\n{\"x\":3}\n```", " {\"x\":3, \"y\":1}\n"])
    func value(text: String) {
        var dialogue = RepairDialogue("?", repairs: 0)
        guard case .value(Point(x: 3)) = step(&dialogue, text) else {
            Issue.record("not decoded")
            return
        }
    }

    @Test("go back to the model with what is wrong, as often as is allowed")
    func repair() {
        var dialogue = RepairDialogue("?", repairs: 1)
        guard case .askAgain = step(&dialogue, "{}") else {
            Issue.record("not asked again")
            return
        }
        #expect(dialogue.prompt.messages.count == 3 && dialogue.prompt.text.contains("'x' is missing"))
        guard case .fail(let error) = step(&dialogue, #"{"x":"a"}"#) else {
            Issue.record("not failed")
            return
        }
        #expect(error.code == .invalidAnswer && error.message.contains("'x' isn't of type Int"))
    }

    @Test("are truncated if the limit of tokens says so, even where they can be decoded")
    func truncated() {
        var dialogue = RepairDialogue("?", repairs: 5)
        guard case .fail(let error) = step(&dialogue, #"{"x":3}"#, .length) else {
            Issue.record("not failed")
            return
        }
        #expect(error.code == .truncated)
    }
}
