import Testing

@testable import AsyncFlowWorkers

@Suite("The first lines of a crash")
struct CrashMessageTests {
    private func message(_ text: String) -> String {
        var message = CrashMessage()
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) { message.append(String(line)) }
        return message.text
    }

    @Test("the words are kept, and the backtrace isn't")
    func backtrace() {
        #expect(
            message(
                """
                starting
                main.swift:7: Fatal error: the sky fell
                and more of it
                *** Signal 4: Backtracing from 0x7f... done ***
                Thread 0 crashed:
                """) == "main.swift:7: Fatal error: the sky fell\nand more of it")
        #expect(message("all is well\nreally") == "")
    }

    @Test("the last crash counts, and a long message is cut")
    func limits() {
        let text = message("Fatal error: old\nFatal error: new\n" + String(repeating: "x\n", count: 100))
        #expect(text.hasPrefix("Fatal error: new"))
        #expect(text.split(separator: "\n").count == 8)
        #expect(message("Fatal error: " + String(repeating: "y", count: 10_000)).utf8.count < 600)
    }
}
