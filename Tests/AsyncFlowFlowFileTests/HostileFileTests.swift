import AsyncFlowFlowFile
import AsyncFlowPlan
import TestSupport
import Testing

@Suite struct HostileFileTests {
    static let sample = """
        flow: sample
        params: {n: 3, names: [a, b], file: {type: file, about: x}}
        defaults: {retry: {times: 2, on: [timeout, exit 3]}, resources: {cores: 2, memory: 1GB}}
        profiles: {cluster: {backend: slurm, slurm: {partition: p}}}
        steps:
          a: &a
            matrix: {x: [1, 2], y: "${{ params.names }}", where: x > 1 or y != "b"}
            run: |
              echo "${{ x }}" ${{ y }} > out.txt
              cat <<EOF
              $(( ${{ x }} + 1 )) ${{ y }}
              EOF
            files: {o: {path: out.txt, save: "r/${{ x }}-${{ y }}.txt"}}
            tolerate: 5%
          b:
            for: {e: "${{ a }}"}
            steps:
              c: {command: "cat ${{ e.o }}", as: lines}
              d: {when: len(c.value) > 1, python: "result = 1", with: {v: "${{ c.value }}"}, as: int}
            outputs: {n: "${{ d.value ?? 0 }}"}
          e: {value: "${{ sum([i for i in ok(b.n)]) }}"}
        outputs: {total: "${{ e.value }}", file: "${{ str(params.file) }}", n: "${{ params.n }}"}
        """

    @Test("The sample is sound")
    func sound() { #expect(messages(Self.sample) == []) }

    @Test("Whatever a file holds, it is read, or told to be wrong, and never ends the program")
    func fuzz() {
        let seed = TestRun.seed
        print("seed \(seed)")
        var random = SeededRandom(seed: seed)
        let pieces = [
            "${{", "}}", "\"", "'", "{", "}", "[", "]", ":", ": ", "\n", "\n  ", "- ", "&a", "*a", "<<: *a", "|", ">",
            "#", "!!int", "? ",
            "${{ a.b }}", "steps:", "for:", "\t", "\u{0}", "\u{FEFF}", "é", "99999999999999999999", "..", "??", "$((",
            "`", "<<EOF", "\\",
        ]
        let end = ContinuousClock.now + TestRun.fuzzDuration
        var count = 0
        repeat {
            var bytes = Array(Self.sample.utf8)
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<5, using: &random) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.insert(contentsOf: pieces.randomElement(using: &random)!.utf8, at: place)
                case 2: bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 1...40, using: &random)))
                case 3:
                    let from = Int.random(in: 0..<bytes.count, using: &random)
                    bytes.insert(contentsOf: Array(bytes[from..<min(bytes.count, from + 60)]), at: place)
                default: bytes.removeLast(min(bytes.count - 1, Int.random(in: 0...50, using: &random)))
                }
                if bytes.isEmpty { bytes = [10] }
            }
            _ = messages(String(decoding: bytes, as: UTF8.self), profiles: ["cluster"])
            count += 1
        } while ContinuousClock.now < end
        #expect(count > 0)
    }

    @Test("A file that grows without bounds by its aliases is refused")
    func aliases() {
        var text = "flow: x\nsteps: {a: {command: x}}\nparams:\n  a0: &a0 [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]\n"
        for level in 1...30 {
            text +=
                "  a\(level): &a\(level) [" + Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
                + "]\n"
        }
        #expect(messages(text).contains { $0.contains("the file has too many parts") })
    }

    @Test("Deep nesting is refused", arguments: ["[", "{a: ", "- "])
    func nesting(piece: String) {
        let found = messages("flow: x\nparams: \n  a: \n    " + String(repeating: piece, count: 5000))
        #expect(!found.isEmpty)
    }

    @Test(
        "An alias in a key is refused before anything goes through it",
        arguments: [
            ("*a : 2", 1), ("b: {*a : 2}", 5), ("b: {x: 1, *a : 2}", 11), ("b: [*a : 2]", 5), ("b: {? *a : 2}", 7),
            ("b: {[*a]: 2}", 6), ("b: {{x: *a}: 2}", 9), ("? [[*a]]\n: 2", 5), ("b: {!t [*a]: 2}", 9),
        ])
    func aliasAsKey(line: String, column: Int) {
        #expect(messages("a: &a [1]\n\(line)\n").first == "2:\(column): error: an alias can't be a key")
        var text = "a0: &a0 [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]\n"
        for level in 1...30 {
            let parts = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(parts)]\n"
        }
        #expect(messages(text + line.replacing("*a", with: "*a30") + "\n").first?.contains("can't be a key") == true)
    }

    @Test("Aliases that are no keys are accepted, and so is what only looks like one in a text")
    func aliasesElsewhere() {
        let text = """
            flow: x
            defaults: &d {retry: 2}
            profiles: {p: {defaults: *d}}
            steps:
              a: {run: "case x in *d :) ;; esac; echo {*d : 1}"}
            """
        #expect(messages(text, profiles: ["p"]) == [])
    }

    @Test("Flows that use each other again and again are refused")
    func uses() {
        var opened = 0
        let (_, findings) = FlowFile.read(
            .init(name: "0.yaml", text: "flow: x\nsteps: {a: {use: 1.yaml}, b: {use: 1.yaml}}", base: "/")
        ) { (path) throws(ValueError) in
            opened += 1
            let next = (Int(path.dropFirst().prefix { $0 != "." }) ?? 0) + 1
            let steps = (0..<10).map { "s\($0): {use: \(next).yaml}" }.joined(separator: ", ")
            return .init(name: path, text: "flow: x\nsteps: {\(steps)}", base: "/")
        }
        #expect(opened == 1000)
        #expect(findings[0].diagnostics.all.contains { $0.message.contains("more than 1000 times") })
    }
}
