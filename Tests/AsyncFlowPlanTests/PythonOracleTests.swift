import AsyncFlowPlan
import Foundation
import TestSupport
import Testing

/// Whether a program can be started.
func canRun(_ words: [String]) -> Bool { (try? output(of: words)) != nil }

/// The standard output of a program.
func output(of words: [String], input: String = "") throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = words
    let (out, into) = (Pipe(), Pipe())
    process.standardOutput = out
    process.standardInput = into
    process.standardError = FileHandle.nullDevice
    try process.run()
    let writer = Thread {
        into.fileHandleForWriting.write(Data(input.utf8))
        try? into.fileHandleForWriting.close()
    }
    writer.start()
    let data = out.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
        throw ValueError("\(words[0]) ended with \(process.terminationStatus)")
    }
    return String(decoding: data, as: UTF8.self)
}

/// Makes up expressions that mean the same in Python.
private struct ExpressionMaker {
    var random: SeededRandom

    mutating func pick<T>(_ choices: [T]) -> T { choices[Int.random(in: 0..<choices.count, using: &random)] }

    mutating func number(_ depth: Int) -> String {
        if depth == 0 { return pick(["0", "1", "2", "3", "7", "10", "0.5", "2.25", "1e3", "n", "x", "100"]) }
        let d = depth - 1
        switch Int.random(in: 0..<13, using: &random) {
        case 0: return "(\(number(d)) + \(number(d)))"
        case 1: return "(\(number(d)) - \(number(d)))"
        case 2: return "(\(number(d)) * \(number(d)))"
        case 3: return "(\(number(d)) / \(number(d)))"
        case 4: return "(\(number(d)) // \(number(d)))"
        case 5: return "(\(number(d)) % \(number(d)))"
        case 6: return "(-\(number(d)))"
        case 7: return "(\(number(d)) if \(flag(d)) else \(number(d)))"
        case 8: return "len(\(text(d)))"
        case 9: return "sum(\(list(d)))"
        case 10: return "max(\(number(d)), \(number(d)))"
        case 11: return "abs(\(number(d)))"
        default: return "\(list(d))[\(pick(["0", "-1", "1", "-2"]))]"
        }
    }

    mutating func flag(_ depth: Int) -> String {
        if depth == 0 { return pick(["true", "false"]) }
        let d = depth - 1
        switch Int.random(in: 0..<7, using: &random) {
        case 0: return "(\(number(d)) \(pick(["<", "<=", ">", ">=", "==", "!="])) \(number(d)))"
        case 1: return "(\(flag(d)) and \(flag(d)))"
        case 2: return "(\(flag(d)) or \(flag(d)))"
        case 3: return "(not \(flag(d)))"
        case 4: return "(\(text(d)) in \(text(d)))"
        case 5: return "(\(number(d)) in \(list(d)))"
        default: return "(\(text(d)) \(pick(["<", "==", "!=", ">="])) \(text(d)))"
        }
    }

    mutating func text(_ depth: Int) -> String {
        if depth == 0 { return pick(["''", "'abc'", "'a b'", "s", "'ä€😀'", "'x,y,z'", "\"it's\"", "' pad '"]) }
        let d = depth - 1
        switch Int.random(in: 0..<10, using: &random) {
        case 0: return "(\(text(d)) + \(text(d)))"
        case 1: return "\(text(d))[\(pick(["0", "1", "-2", ""])):\(pick(["2", "-1", "9", ""]))]"
        case 2: return "\(text(d)).strip()"
        case 3: return "\(text(d)).upper()"
        case 4: return "\(text(d)).replace('a', \(text(d)))"
        case 5: return "(\(text(d)) if \(flag(d)) else \(text(d)))"
        case 6: return "'-'.join(\(text(d)).split(','))"
        case 7: return "(\(text(d)) * \(pick(["0", "1", "2"])))"
        case 8: return "\(text(d)).zfill(6)"
        default: return "format(\(number(d)), '\(pick([".2f", ".3e", "10.1f", "+.1f", ".0f"]))')"
        }
    }

    mutating func list(_ depth: Int) -> String {
        let elements = (0..<Int.random(in: 1...3, using: &random)).map { _ in number(max(0, depth - 1)) }
        let list = "[\(elements.joined(separator: ", "))]"
        if depth == 0 { return list }
        let d = depth - 1
        switch Int.random(in: 0..<5, using: &random) {
        case 0: return "[i * \(number(0)) for i in \(list)]"
        case 1: return "[i for i in \(list) if i > \(number(0))]"
        case 2: return "(\(list) + \(self.list(d)))"
        case 3: return "\(list)[1:]"
        default: return list
        }
    }
}

@Suite struct PythonOracleTests {
    @Test(
        "Random expressions have the value that Python gives them",
        .enabled(if: canRun(["python3", "-c", ""]), "it needs python3"))
    func agreesWithPython() throws {
        let seed = TestRun.seed
        print("seed \(seed)")
        var maker = ExpressionMaker(random: SeededRandom(seed: seed))
        let texts = (0..<4000).map { index -> String in
            switch index % 4 {
            case 0: maker.number(index / 4 % 5)
            case 1: maker.flag(index / 4 % 5)
            case 2: maker.text(index / 4 % 5)
            default: maker.list(index / 4 % 5)
            }
        }
        // What is too large for an int, or no finite float, is an error here only.
        let oracle = """
            import sys, json
            def bad(v):
                if isinstance(v, bool): return False
                if isinstance(v, int): return not -2**63 <= v < 2**63
                if isinstance(v, float): return v != v or v in (float('inf'), float('-inf'))
                if isinstance(v, list): return any(bad(e) for e in v)
                return False
            for line in sys.stdin:
                e = line.rstrip("\\n")
                try:
                    v = eval(e, {"true": True, "false": False, "n": 12, "x": -0.75, "s": "Grüße, a"})
                    print("!" if bad(v) else json.dumps(v, ensure_ascii=False))
                except (ZeroDivisionError, IndexError, OverflowError, ValueError):
                    print("!")
            """
        let answers = try output(of: ["python3", "-c", oracle], input: texts.joined(separator: "\n") + "\n")
            .split(separator: "\n", omittingEmptySubsequences: false)
        try #require(answers.count >= texts.count)
        let names: [String: Value] = ["n": .int(12), "x": .float(-0.75), "s": .string("Grüße, a")]
        var compared = 0
        for (text, answer) in zip(texts, answers) {
            var evaluator = Evaluator(files: NoFiles()) { (name) throws(ValueError) in names[name] }
            let expression = try ExpressionParser.parse(text)
            let own: String
            do throws(ValueError) { own = JSONText.text(of: try evaluator.value(of: expression)) } catch {
                // Larger numbers on the way are no error in Python.
                #expect(
                    answer == "!" || error.description.contains("too large"), "\(text): \(error), in Python \(answer)")
                continue
            }
            compared += 1
            #expect(own == answer, "\(text)")
        }
        #expect(compared > 2000)
    }
}
