import Foundation

extension Prompt.ToolCall {
    /// - Returns: nil if this isn't a call of a function.
    init?(_ json: JSONValue, quote: Quoting = Quoting()) {
        guard let name = json["function"]?["name"]?.text else { return nil }
        self.init(id: json["id"]?.text ?? "", name: Self.name(name, quote), arguments: Self.arguments(of: json))
    }

    /// Returns the name of a call in a form that can be shown. This leaves the names of tools unchanged.
    static func name(_ text: String, _ quote: Quoting) -> String { quote(text, upTo: AnswerBounds.name) }

    /// Returns the arguments of a call as JSON text. Some servers write them as an object instead of a text.
    static func arguments(of json: JSONValue) -> String {
        switch json["function"]?["arguments"] {
        case nil, .null: return ""
        case .string(let text): return text
        case .some(let value):
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            return (try? encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? ""
        }
    }

    /// Gives a new id to each call without one, or with the id of an earlier call, because results are matched by id.
    static func identified(_ calls: [Self]) -> [Self] {
        let given = Set(calls.map(\.id))
        var used: Set<String> = []
        var number = 0
        return calls.map { call in
            var id = call.id
            while id.isEmpty || used.contains(id) {
                repeat { number += 1 } while given.contains("call_\(number)")
                id = "call_\(number)"
            }
            used.insert(id)
            return Self(id: id, name: call.name, arguments: call.arguments)
        }
    }
}
