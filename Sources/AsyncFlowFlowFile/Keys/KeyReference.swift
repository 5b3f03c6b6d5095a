import AsyncFlowPlan

/// The reference of flow files, made of the table of keys and of the table of functions.
package enum KeyReference {
    /// A page for the documentation.
    package static var page: String {
        var text = """
            # Reference of flow files

            All keys, types and functions. This page is made by `asyncflow schema --reference`; a test holds it equal.

            """
        for section in Section.allCases {
            text += "\n## \(KeyTable.title(of: section))\n\n| key | value | meaning | example |\n|---|---|---|---|\n"
            for key in KeyTable.keys(of: section) {
                text +=
                    "| `\(key.name)` | \(word(for: key.shape)) | \(escaped(key.help)) | `\(escaped(key.example))` |\n"
            }
        }
        text += """

            ## Types

            `string`, `int`, `float`, `bool`, `file`, `directory` and `json` (anything); `T[]` is a list, `T?` may be null; \
            `{name: T, …}` is a record and `{enum: [a, b]}` one of some texts.

            ## Functions

            | call | result |
            |---|---|

            """
        for function in Functions.all.values.sorted(by: { $0.name < $1.name }) {
            text += "| `\(function.signature)` | \(escaped(function.help)) |\n"
        }
        text += "\n## Methods of strings\n\n| call | result |\n|---|---|\n"
        for method in Functions.methods.values.sorted(by: { $0.name < $1.name }) {
            text += "| `\(method.signature)` | \(escaped(method.help)) |\n"
        }
        return text
    }

    /// The same for a terminal.
    package static var help: String {
        var text = ""
        for section in Section.allCases {
            text += (text.isEmpty ? "" : "\n") + "\(KeyTable.title(of: section)):\n"
            for key in KeyTable.keys(of: section) {
                let name = key.name + String(repeating: " ", count: max(1, 16 - key.name.count))
                text += "  \(name)\(key.help)\n                  \(key.example)\n"
            }
        }
        return text
    }

    /// The form of a value in a few words.
    package static func word(for shape: Shape) -> String {
        switch shape {
        case .text: "text"
        case .template: "text with `${{ }}`"
        case .expression: "expression"
        case .value: "any value"
        case .setting(let unit): unit == .count || unit == .number ? "number" : unit.rawValue
        case .flag: "true or false"
        case .integer: "whole number"
        case .choice(let names): names.map { "`\($0)`" }.joined(separator: ", ")
        case .type: "type"
        case .listOf(let element): "\(word(for: element)), or a list"
        case .map: "names with values"
        case .section(let section): "mapping: \(KeyTable.title(of: section))"
        case .steps: "steps"
        case .variables: "names with lists"
        case .either(let a, let b): "\(word(for: a)), or \(word(for: b))"
        }
    }

    private static func escaped(_ text: String) -> String { text.replacing("|", with: "\\|") }
}
