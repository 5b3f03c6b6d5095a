import TestSupport
@testable import AsyncFlowBase
import Foundation
import Testing

@testable import AsyncFlow
@testable import AsyncFlowProcesses

@Suite("Values that commands write as JSON", .timeLimit(.minutes(1)))
struct JSONLinesTests {
    struct Line: Decodable, Sendable, Equatable { var v: String }

    @Test(
        "lines of any usual length are read, whole characters and all", arguments: [65_500, 65_536, 66_000, 3_000_001])
    func longLines(count: Int) async throws {
        let folder = try TemporaryFolder("json")
        let value = String(repeating: "ü", count: count / 2) + "x"
        let path = try folder.write("noise\n{\"v\":\"\(value)\"}\r\n{\"v\":\"next\"}\n", to: "lines")
        try await withTestEngine { flow async throws in
            let gate = Gate()
            let opened = flow.functionTask("opened") { () async throws -> String in
                try await gate.wait()
                return path
            }
            let run = flow.executableTask("emit") { (path: String) in "cat \(path)" }(opened())
            // A reader that comes when more than 64 KiB were written would miss them.
            var lines = run.jsonLines(as: Line.self).makeAsyncIterator()
            gate.open()
            var values: [String] = []
            while let line = try await lines.next() { values.append(line.v) }
            #expect(values == [value, "next"])
        }
    }

    @Test("a line that can't be decoded is an error, and the reading goes on behind it")
    func goesOn() async throws {
        try await withTestEngine { flow async throws in
            let run = flow.executableTask("emit") { Command("printf", #"{"v":"a"}\n{"w":1}\n{broken\n{"v":"b"}\n"#) }()
            var lines = run.jsonLines(as: Line.self).makeAsyncIterator()
            #expect(try await lines.next() == Line(v: "a"))
            await #expect(throws: OutputDecodingError.self) { try await lines.next() }
            await #expect(throws: OutputDecodingError.self) { try await lines.next() }
            #expect(try await lines.next() == Line(v: "b"))
            #expect(try await lines.next() == nil)
        }
    }

    @Test("lines that can't be decoded are handed to a function that is there for them")
    func undecodable() async throws {
        try await withTestEngine { flow async throws in
            let run = flow.executableTask("emit") { Command("printf", #"{"v":"a"}\n{"w":1}\n{broken\n{"v":"b"}\n"#) }()
            let bad = Lock<[String]>([])
            var values: [String] = []
            for try await line in run.jsonLines(
                as: Line.self, onUndecodable: { e in bad.withLock { $0.append(e.line) } })
            {
                values.append(line.v)
            }
            #expect(values == ["a", "b"])
            #expect(bad.withLock { $0 } == [#"{"w":1}"#, "{broken"])
        }
    }

    @Test("parts make whole lines, a line with a missing part is left out, and a line without end is given up")
    func joiner() throws {
        var joiner = LineJoiner()
        func part(_ text: String, first: Bool, last: Bool, missed: Int = 0) -> OutputLine {
            var line = OutputLine(text: text, stream: .standardOutput, isContinuation: !first, isContinued: !last)
            line.missedBefore = missed
            return line
        }
        #expect(try joiner.append(part("a", first: true, last: true)).get() == "a")
        #expect(try joiner.append(part("b", first: true, last: false)).get() == nil)
        #expect(try joiner.append(part("c", first: false, last: false)).get() == nil)
        #expect(try joiner.append(part("d", first: false, last: true)).get() == "bcd")
        #expect(try joiner.append(part("b", first: true, last: false)).get() == nil)
        #expect(try joiner.append(part("d", first: false, last: true, missed: 1)).get() == nil)
        #expect(try joiner.append(part("e", first: false, last: true)).get() == nil)
        #expect(try joiner.append(part("f", first: true, last: true, missed: 2)).get() == "f")
        let long = String(repeating: "x", count: 1 << 20)
        var errors = 0
        for number in 0..<80 {
            if case .failure = joiner.append(part(long, first: number == 0, last: false)) { errors += 1 }
        }
        #expect(errors == 1)
        #expect(try joiner.append(part("g", first: true, last: true)).get() == "g")
    }
}
