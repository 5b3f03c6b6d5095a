import AsyncFlow
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

    @Test("an error has so many causes, and so long ones, as somebody can read")
    func causes() {
        let link = RemoteTaskError.Link(typeName: "T", message: String(repeating: "m", count: 100_000))
        let error = RemoteTaskError(
            chain: Array(repeating: link, count: 10_000), workerName: "w", host: "h", processID: 1)
        #expect(error.chain.count == 33)
        #expect(error.message.utf8.count < 1 << 20)
    }

    @Test("what a worker wrote, or a task is called, does nothing to a terminal in the errors that tell of it")
    func harmless() {
        let text = "\u{1B}]0;x\u{7}\u{9B}2J\r"
        let lost = WorkerLostError(
            taskID: nil, taskName: text, workerName: "w", host: "h", processID: 1, reason: "it ended", signal: nil,
            exitCode: nil, crashMessage: "crash\(text)", standardErrorTail: "tail\(text)")
        let remote = RemoteTaskError(
            chain: [RemoteTaskError.Link(typeName: text, message: text)], workerName: "w", host: "h", processID: 1)
        for message in [lost.message, remote.message] {
            let isHarmless = message.unicodeScalars.allSatisfy {
                $0 == "\n" || $0.properties.generalCategory != .control
            }
            #expect(isHarmless, "\(message.debugDescription)")
        }
    }
}
