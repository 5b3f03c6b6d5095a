import TestSupport
import Testing

@testable import AsyncFlow
@testable import AsyncFlowProcesses

@Suite("What a task's working directory will hold")
struct StagingPlanTests {
    @Test("a file that is given twice comes in once")
    func twice() throws {
        let plan = try StagingPlan(inputs: [InputFile("a"), InputFile("b"), InputFile("a")], outputs: [])
        #expect(plan.inputs.map(\.name) == ["a", "b"])
    }

    @Test(
        "two things in one place are refused, and the error names both",
        arguments: [
            ([InputFile("x/a"), InputFile("y/a")], [], ["(x/a)", "(y/a)"]),
            ([InputFile("x/a")], [OutputFile("a")], ["(x/a)", "output 'a'"]),
            ([InputFile("a"), InputFile("b", as: "a/b")], [], ["input 'a'", "(b)"]),
            ([InputFile("b", as: "a/b"), InputFile("a")], [], ["input 'a'", "(b)"]),
            ([InputFile("out")], [OutputFile("out/x")], ["input 'out'", "output 'out/x'"]),
            ([InputFile("x", as: "out/x")], [.directory("out")], ["(x)", "output 'out'"]),
            ([], [OutputFile("a"), OutputFile("a")], ["output 'a'"]),
            ([InputFile("a"), InputFile("a", staging: .copy)], [], ["input 'a'"]),
        ] as [([InputFile], [OutputFile], [String])])
    func clashes(inputs: [InputFile], outputs: [OutputFile], names: [String]) throws {
        let error = try #require(throws: FileError.self) { try StagingPlan(inputs: inputs, outputs: outputs) }
        #expect(error.reason == .nameClash)
        for name in names { #expect(error.description.contains(name)) }
    }

    @Test("a file may be an output of its own and in a directory that is one")
    func nestedOutputs() throws {
        let plan = try StagingPlan(
            inputs: [InputFile("in/a")], outputs: [.directory("out"), OutputFile("out/a"), OutputFile("out2/a")])
        #expect(plan.outputs.count == 3)
        _ = try StagingPlan(inputs: [], outputs: [OutputFile("out/a"), .directory("out")])
    }

    @Test(
        "what can't be the name of a file is refused",
        arguments: [
            ([InputFile("")], []), ([InputFile("a", as: "../a")], []), ([InputFile("https://example.org/")], []),
            ([InputFile("https://example.org/%2e%2e")], []), ([InputFile("/")], []), ([InputFile("file://h/a")], []),
            ([], [OutputFile("/a")]), ([], [OutputFile("")]), ([], [.matching("../*")]),
            ([], [.standardOutput("a"), .standardOutput("b")]),
        ] as [([InputFile], [OutputFile])])
    func names(inputs: [InputFile], outputs: [OutputFile]) throws {
        // An input without a location is what a dry run has where nothing is known.
        let known = inputs.map { $0.location.isEmpty ? InputFile("\0") : $0 }
        let error = try #require(throws: FileError.self) { try StagingPlan(inputs: known, outputs: outputs) }
        #expect(error.reason == .invalidName)
    }

    @Test("a checksum has to be one, and is for downloads", arguments: ["https://h/a", "a"])
    func checksums(location: String) throws {
        let sum = location == "a" ? String(repeating: "0", count: 64) : "12"
        let error = try #require(throws: FileError.self) {
            try StagingPlan(inputs: [InputFile(location, sha256: sum)], outputs: [])
        }
        #expect(error.reason == .invalidChecksum)
    }

    @Test("any names: accepted are those of which none is another one or lies within it")
    func random() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededRandom(seed: seed)
        for _ in 0..<2000 {
            let names = (0..<Int.random(in: 1...4, using: &random)).map { _ in
                (0..<Int.random(in: 1...3, using: &random)).map { _ in
                    String("ab".randomElement(using: &random)!)
                }.joined(separator: "/")
            }
            let clash = names.indices.contains { i in
                names.indices.contains { j in i != j && (names[i] + "/").hasPrefix(names[j] + "/") }
            }
            let plan = try? StagingPlan(
                inputs: names.enumerated().map { InputFile("/\($0)", as: $1) }, outputs: [])
            #expect((plan == nil) == clash, "seed \(seed): \(names)")
        }
    }
}
