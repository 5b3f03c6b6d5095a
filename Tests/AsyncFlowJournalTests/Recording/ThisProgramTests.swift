import AsyncFlowBase
import Testing

@testable import AsyncFlowJournal

@Suite("The program as a journal names it")
struct ThisProgramTests {
    @Test("Secrets among its words aren't recorded, and no words are too many for a record")
    func words() {
        let words = ["--token", "hunter2", "--api-key=hunter3", "input.fq"]
        #expect(ThisProgram.recordable(words[...]) == ["--token", "[redacted]", "--api-key=[redacted]", "input.fq"])
        let many = (0..<100_000).map { "sample-\($0).fastq" }
        let kept = ThisProgram.recordable(many[...])
        #expect(kept[0] == many[0] && kept.last == "… and \(100_001 - kept.count) more words")
        #expect(kept.reduce(0) { $0 + $1.utf8.count + 3 } < RecordLimits.record / 4)
        #expect(ThisProgram.recordable([String(repeating: "x", count: 2_000_000)]) == ["… and 1 more words"])
        #expect(ThisProgram.recordable([]) == [])
    }

    @Test("A build that nobody knows is no build that is the same")
    func builds() {
        #expect(ThisProgram.isBuild("a", "a"))
        #expect(!ThisProgram.isBuild("a", "b") && !ThisProgram.isBuild("", "") && !ThisProgram.isBuild("a", ""))
        #expect(ThisProgram.isBuild(ThisProgram.run.build))
    }
}
