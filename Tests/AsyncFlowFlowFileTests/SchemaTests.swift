import AsyncFlowFlowFile
import AsyncFlowPlan
import Testing

@Suite struct SchemaTests {
    @Test("The schema is JSON and has every key of the table")
    func schema() throws {
        guard case .record(let schema) = try JSONText.value(of: KeySchema.text),
            case .record(let parts)? = schema["definitions"]
        else {
            Issue.record("the schema is no record")
            return
        }
        for section in Section.allCases {
            guard case .record(let part)? = parts[section.rawValue], case .record(let properties)? = part["properties"]
            else {
                Issue.record("\(section) is missing")
                continue
            }
            #expect(properties.names == KeyTable.keys(of: section).map(\.name))
        }
    }

    @Test("The help names every key with an example")
    func help() {
        for section in Section.allCases {
            for key in KeyTable.keys(of: section) {
                #expect(KeyReference.help.contains("  \(key.name) "))
                #expect(
                    key.example.hasPrefix(key.name) || section == .slurm || key.example.hasPrefix("params")
                        || !key.example.isEmpty)
            }
        }
    }

    @Test(
        "A pattern of names is matched by its stars and question marks",
        arguments: [
            ("align", "align*", true), ("align_2", "align*", true), ("sort", "align*", false), ("abc", "a?c", true),
            ("abbc", "a*b*c", true), ("", "*", true), ("a", "", false),
        ])
    func patterns(name: String, pattern: String, matches: Bool) {
        #expect(NamePattern.matches(name, pattern) == matches)
    }
}
