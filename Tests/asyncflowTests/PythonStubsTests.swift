import Foundation
import Testing

/// Declarations in Swift of what is in a Python module.
@Suite(.enabled(if: hasPython, "there is no python3 of version 3.8 or later"), .timeLimit(.minutes(2)))
struct PythonStubsTests {
    private func run(_ source: String, module: String = "science") throws -> CommandProgram.Outcome {
        let folder = NSTemporaryDirectory() + "stubs-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try Data(source.utf8).write(to: URL(fileURLWithPath: "\(folder)/science.py"))
        return try CommandProgram.run(["python", module, "--swift", "--path", folder])
    }

    @Test func `Functions, dataclasses and enumerations become Swift`() throws {
        let outcome = try run(
            """
            import dataclasses, enum, typing, datetime
            print("imported")
            class Kind(enum.Enum):
                FAST = "fast"
                VERY_SLOW = 'very "slow"'
            @dataclasses.dataclass
            class Run:
                learning_rate: float
                kind: Kind
                parts: typing.List["Run"]
            def train(run: Run, epochs: int = 3, *, names: typing.Dict[str, bytes]) -> typing.Optional[float]:
                '''Trains "it".\n\nMore.'''
            def repeat(at: datetime.datetime) -> None: pass
            def untyped(x): pass
            def odd(x: complex) -> int: pass
            def _hidden(x: int) -> int: pass
            """)
        #expect(outcome.code == 0, "\(String(decoding: outcome.errors, as: UTF8.self))")
        #expect(
            String(decoding: outcome.output, as: UTF8.self) == #"""
                // Written by `asyncflow python science --swift`, from the type hints of the module.

                import AsyncFlow
                import AsyncFlowPython
                import Foundation

                struct Run: TaskValue, Codable {
                    var learningRate: Double
                    var kind: Kind
                    var parts: [Run]

                    enum CodingKeys: String, CodingKey {
                        case learningRate = "learning_rate"
                        case kind = "kind"
                        case parts = "parts"
                    }
                }

                enum Kind: String, TaskValue, Codable {
                    case fast = "fast"
                    case verySlow = "very \"slow\""
                }

                /// Functions of the Python module `science`.
                enum Science {
                    static let `repeat` = PythonTask(
                        "science:repeat", as: ((Date) -> Void).self)
                        .keywords("at")

                    /// Trains "it".
                    static let train = PythonTask(
                        "science:train", as: ((Run, Int, [String: Data]) -> Double?).self)
                        .keywords("run", "epochs", "names")
                }

                """#)
        let errors = String(decoding: outcome.errors, as: UTF8.self)
        #expect(errors.contains("imported"))
        #expect(errors.contains("untyped is left out because of its parameter 'x', which has no hint"))
        #expect(errors.contains("odd is left out because of complex"))
    }

    @Test func `A class that holds itself is left out, because no structure of Swift can`() throws {
        let outcome = try run(
            """
            import dataclasses, typing
            @dataclasses.dataclass
            class Node:
                next: typing.Optional["Node"]
            @dataclasses.dataclass
            class Chain:
                first: typing.List[Node]
            @dataclasses.dataclass
            class Tree:
                value: int
                children: typing.List["Tree"]
            def walk(chain: Chain) -> int: pass
            def grow(tree: Tree) -> Tree: pass
            """)
        let text = String(decoding: outcome.output, as: UTF8.self)
        #expect(text.contains("struct Tree: TaskValue, Codable"))
        #expect(text.contains("science:grow"))
        #expect(!text.contains("Node") && !text.contains("Chain") && !text.contains("science:walk"), "\(text)")
        let errors = String(decoding: outcome.errors, as: UTF8.self)
        #expect(errors.contains("walk is left out because of Node: a structure of Swift can't hold itself"))
    }

    @Test func `A text of Python's never becomes code`() throws {
        let outcome = try run(
            "import enum\nclass E(enum.Enum):\n    A = '\\\\(exit(1))\\n\"; import x'\n"
                + "def f(e: E) -> int:\n    '''*/ \\x1b[31m } import y\\n'''\n")
        let text = String(decoding: outcome.output, as: UTF8.self)
        #expect(text.contains(#"case a = "\\(exit(1))\u{a}\"; import x""#))
        #expect(!text.contains("\u{1b}"))
        #expect(text.split(separator: "\n").filter { $0.contains("import y") }.allSatisfy { $0.hasPrefix("    ///") })
    }

    @Test func `A class whose name is none in Swift leaves out what needs it`() throws {
        let outcome = try run(
            """
            import dataclasses, enum
            Box = dataclasses.make_dataclass("Box", [("x", int)])
            Box.__name__ = "Box[int]: Codable {} /*"
            Odd = enum.Enum("Odd", {"A": 1})
            Odd.__name__ = "Odd { case x }; struct Y"
            def f(box: Box) -> int: pass
            def g(odd: Odd) -> int: pass
            def h(x: int) -> int: pass
            """)
        let text = String(decoding: outcome.output, as: UTF8.self)
        #expect(text.contains("static let h") && !text.contains("Box") && !text.contains("Odd"), "\(text)")
        #expect(String(decoding: outcome.errors, as: UTF8.self).contains("f is left out because of the class"))
    }

    @Test(arguments: [
        ("raise ValueError('no')", "science", Int32(65), "the module science can't be imported: ValueError: no"),
        ("", "nowhere", 65, "the module nowhere can't be imported: ModuleNotFoundError"),
        ("def f(x): pass", "science", 65, "no function of science can be written"),
        ("", "a b", 64, "'a b' isn't the name of a module"),
        ("", "os;x", 64, "isn't the name of a module"),
    ])
    func `What can't be written is told in a sentence`(source: String, module: String, code: Int32, words: String)
        throws
    {
        let outcome = try run(source, module: module)
        #expect(outcome.code == code)
        #expect(String(decoding: outcome.errors, as: UTF8.self).contains(words))
        #expect(outcome.output.isEmpty)
    }
}

private let hasPython: Bool = {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3", "-c", "import sys; sys.exit(sys.version_info < (3, 8))"]
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
}()
