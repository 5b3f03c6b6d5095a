import AsyncFlow
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

    @Test("have the fields of structs with their keys; those that may be missing may be null")
    func structs() throws {
        let schema = try JSONSchema(of: Invoice.self).json
        let line: JSONValue = .object([
            "type": "object", "additionalProperties": false, "required": .array(["price", "text"]),
            "properties": .object(["text": .object(["type": "string"]), "price": .object(["type": "number"])]),
        ])
        #expect(schema["required"] == .array(["count", "day", "level", "lines", "more", "no", "note", "paid"]))
        let properties = try #require(schema["properties"])
        #expect(properties["no"] == .object(["type": "string"]))
        #expect(properties["lines"] == .object(["type": "array", "items": line]))
        #expect(properties["note"] == ["anyOf": [line, ["type": "null"]]])
        #expect(properties["paid"] == ["anyOf": [["type": "boolean"], ["type": "null"]]])
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

@Suite("Schemas that servers keep strictly to")
struct StrictFormTests {
    private struct Plain: Codable {
        struct Part: Codable {
            var day: Date?
            var words: [String]
        }
        var number: Int?
        var parts: [Part]?
        var id: UUID
    }
    private struct Table: Codable { var columns: [String: Int] }
    private struct Link: Codable { var url: URL }
    private struct Anything: Codable { var value: JSONValue? }

    @Test("are those of plain types, with whatever may be missing")
    func plain() throws {
        #expect(StrictForm.accepts(try JSONSchema(of: Plain.self).json))
        let format = try JSONSchema(of: Plain.self).responseFormat(name: "plain")
        #expect(format["json_schema"]?["strict"] == true)
    }

    @Test("aren't those that OpenAI refuses")
    func others() throws {
        #expect(!StrictForm.accepts(try JSONSchema(of: Table.self).json))
        #expect(!StrictForm.accepts(try JSONSchema(of: Link.self).json))
        #expect(!StrictForm.accepts(try JSONSchema(of: Anything.self).json))
        #expect(!StrictForm.accepts(try JSONSchema(of: [Int].self).json))
        #expect(!StrictForm.accepts(try JSONSchema(of: Set<Int>.self).json))
        let optional: JSONValue = [
            "type": "object", "properties": ["a": ["type": "string"]], "required": [], "additionalProperties": false,
        ]
        #expect(!StrictForm.accepts(optional) && !StrictForm.accepts("oh") && !StrictForm.accepts([:]))
        #expect(JSONSchema(optional).responseFormat(name: "a")["json_schema"]?["strict"] == false)
        #expect(JSONSchema(optional).responseFormat(name: "a")["json_schema"]?["schema"] == optional)
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
        "are decoded, whatever is around them",
        arguments: [
            #"{"x":3}"#, "```json\n{\"x\":3}\n```", " {\"x\":3, \"y\":1}\n", "<think>{\"x\":1}</think>{\"x\":3}",
            "{\"x\":1} is a draft.</think>\n\n```\n{\"x\":3}\n```",
            "<thinking>a</thinking> Here: {\"x\":3}. Is {it} right?",
            "As in [1] and {y}: {\"x\":3}", "{\"x\":3}\nDone.",
            "One:\n```json\n{\"y\":1}\n```\nTwo:\n```json\n{\"x\":3}\n```",
            "{\"x\":3,\"y\":\"</think> } \\\" {\"}", "I'd say \"{\"x\":3}\"", "```{\"x\":3}```", "{ \"x\": 3 } ]]}",
            "{\"x\":1}? No.</think>{\"x\":3}",
        ])
    func value(text: String) {
        var dialogue = RepairDialogue("?", repairs: 0)
        guard case .value(Point(x: 3)) = step(&dialogue, text) else {
            Issue.record("not decoded")
            return
        }
    }

    @Test(
        "are said to be wrong by what is wrong with the JSON, or that there is none",
        arguments: [
            ("", "the answer isn't valid JSON"), ("no", "the answer isn't valid JSON"),
            ("It is {\"x\":\"a\"}, I think", "'x' isn't of type Int"),
            ("<think>{\"x\":3}</think>", "the answer isn't valid JSON"),
            ("[{", "the answer isn't valid JSON"), ("{\"x\":", "the answer isn't valid JSON"),
        ])
    func wrong(text: String, problem: String) throws {
        let error = try #require(throws: DecodingError.self) { try StructuredAnswer.decode(Point.self, from: text) }
        #expect(StructuredAnswer.problem(error) == problem)
    }

    @Test(
        "are looked for in a time that is limited", .timeLimit(.minutes(1)),
        arguments: ["{", "[{", "{\"", "```", "```\n{"])
    func endless(piece: String) {
        let text = String(repeating: piece, count: 100_000)
        #expect(throws: DecodingError.self) { try StructuredAnswer.decode(Point.self, from: text) }
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
