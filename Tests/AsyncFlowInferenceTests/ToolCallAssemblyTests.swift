import Foundation
import Testing

@testable import AsyncFlowInference

@Suite("Calls of tools that come in pieces")
struct ToolCallAssemblyTests {
    /// A piece as servers write it; nil for what is left out.
    private func piece(_ index: Int?, _ id: String?, _ name: String?, _ arguments: String?) -> JSONValue {
        var function: [String: JSONValue] = [:]
        function["name"] = name.map { .string($0) }
        function["arguments"] = arguments.map { .string($0) }
        var fields: [String: JSONValue] = ["function": .object(function)]
        fields["index"] = index.map { .integer($0) }
        fields["id"] = id.map { .string($0) }
        return .object(fields)
    }

    private func assembled(_ pieces: [(Int?, String?, String?, String?)]) -> [String] {
        var assembly = ToolCallAssembly()
        for (index, id, name, arguments) in pieces { assembly.add(piece(index, id, name, arguments)) }
        return assembly.whole(Quoting()).map { "\($0.id) \($0.name)\($0.arguments)" }
    }

    typealias Pieces = [(Int?, String?, String?, String?)]
    private static let begin = #"{"a":"#
    static let servers: [(String, Pieces, [String])] = [
        (
            "as the protocol says, in turns",
            [(0, "x", "f", ""), (1, "y", "g", nil), (0, nil, nil, begin), (1, nil, nil, "{}"), (0, nil, nil, "1}")],
            [#"x f{"a":1}"#, "y g{}"]
        ),
        ("equal indexes", [(0, "x", "f", "{}"), (0, "y", "f", "{}")], ["x f{}", "y f{}"]),
        (
            "equal indexes, in pieces",
            [(0, "x", "f", ""), (0, nil, nil, "{}"), (0, "y", "g", ""), (0, nil, nil, begin), (0, nil, nil, "2}")],
            ["x f{}", #"y g{"a":2}"#]
        ),
        (
            "no indexes", [(nil, "x", "f", begin), (nil, nil, nil, "1}"), (nil, "y", "f", "{}")],
            [#"x f{"a":1}"#, "y f{}"]
        ),
        (
            "no indexes, and ids in each piece",
            [(nil, "x", "f", ""), (nil, "y", "g", ""), (nil, "x", nil, "{}"), (nil, "y", nil, "[]")],
            ["x f{}", "y g[]"]
        ),
        ("neither indexes nor ids", [(nil, nil, "f", "{}"), (nil, nil, "f", "{}")], ["call_1 f{}", "call_2 f{}"]),
        (
            "no ids", [(0, nil, "f", begin), (0, nil, nil, "1}"), (1, nil, "g", "{}")],
            [#"call_1 f{"a":1}"#, "call_2 g{}"]
        ),
        ("empty ids", [(0, "", "f", "{}"), (1, "", "g", "{}")], ["call_1 f{}", "call_2 g{}"]),
        ("equal ids", [(0, "x", "f", "{}"), (1, "x", "g", "{}")], ["x f{}", "call_1 g{}"]),
        ("the name in each piece", [(0, "x", "f", begin), (0, "x", "f", "1"), (0, "x", "f", "}")], [#"x f{"a":1}"#]),
        ("the name in each piece, no ids", [(0, nil, "f", begin), (0, nil, "f", "1}")], [#"call_1 f{"a":1}"#]),
        ("a new id in each piece", [(0, "x", "f", begin), (0, "y", nil, "1"), (0, "z", nil, "}")], [#"x f{"a":1}"#]),
        ("a new id and the name in each piece", [(0, "x", "f", begin), (0, "y", "f", "1}")], [#"x f{"a":1}"#]),
        (
            "the whole call once more", [(0, "x", "f", begin), (0, nil, nil, "1}"), (0, "x", "f", #"{"a":1}"#)],
            [#"x f{"a":1}"#]
        ),
        ("a name in pieces", [(0, "x", "sea", ""), (0, nil, "rch", ""), (0, nil, nil, "{}")], ["x search{}"]),
        ("the id after the name", [(0, nil, "f", ""), (0, "x", nil, "{}")], ["x f{}"]),
        (
            "a new index in each piece", [(0, "x", "f", begin), (1, "x", nil, "1"), (2, nil, nil, "}")],
            [#"x f{"a":1}"#]
        ),
        ("brackets in texts", [(0, nil, "f", #"{"a":"}""#), (0, nil, "f", "}")], [#"call_1 f{"a":"}"}"#]),
        ("nothing in a piece", [(nil, nil, nil, nil), (0, "x", "f", "{}"), (nil, nil, nil, "")], ["x f{}"]),
        ("an index without sense", [(.max, "x", "f", "{}"), (.min, "y", "g", "{}")], ["y g{}", "x f{}"]),
    ]

    @Test("are put together, whatever servers leave out or repeat", arguments: servers)
    func whole(server: String, pieces: Pieces, calls: [String]) {
        #expect(assembled(pieces) == calls, "\(server)")
    }

    @Test("have arguments as a text, or as an object")
    func object() {
        var assembly = ToolCallAssembly()
        assembly.add(["index": 0, "id": "x", "function": ["name": "f", "arguments": ["b": [1, 2.5], "a": .null]]])
        assembly.add(["index": 1, "id": "y", "function": ["name": "g", "arguments": .null]])
        #expect(assembly.whole(Quoting()).map(\.arguments) == [#"{"a":null,"b":[1,2.5]}"#, ""])
    }

    @Test("are put together in a time that grows with their length", .timeLimit(.minutes(1)))
    func long() {
        var assembly = ToolCallAssembly()
        assembly.add(piece(0, "x", "f", "{"))
        for _ in 0..<200_000 { assembly.add(piece(0, "x", "f", " \"}\",")) }
        #expect(assembly.count == 1 && assembly.whole(Quoting())[0].arguments.utf8.count == 1 + 200_000 * 5)
    }
}
