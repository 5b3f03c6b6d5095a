import AsyncFlow
import AsyncFlowBase
import Testing

@testable import AsyncFlowTelemetry

@Suite("The text of a failure")
struct RunFailureTextTests {
    @Test("what recordings and displays say of an error keeps neither, and is bounded whatever its characters are")
    func failures() {
        struct Refused: Error, CustomStringConvertible { var description = "GET https://u:s3cret@host/a?sig=s3cret" }
        let thrown = RunFailureText(Refused())
        let failed = RunFailureText(
            CommandError(.exited(code: 1), Command("get"), standardErrorTail: "GET https://u:s3cret@host/b?sig=s3cret"))
        #expect(thrown.message == "GET https://[redacted]@host/a?sig=[redacted]")
        #expect(failed.stderrTail == "GET https://[redacted]@host/b?sig=[redacted]")
        // A secret at the place where a text is cut leaves no part.
        let secrets = SecretRedactor(["correct-horse-battery"])
        for length in [1_985, 1_995] {
            let text = String(repeating: "x", count: length) + "correct-horse-battery"
            #expect(!RunFailureText(Refused(description: text), secrets: secrets).message.contains("corr"))
        }
        let tail = "correct-horse-battery" + String(repeating: "x", count: 3_990)
        let cut = RunFailureText(
            CommandError(.exited(code: 1), Command("get"), standardErrorTail: tail), secrets: secrets)
        #expect(!cut.stderrTail.contains("battery"))
        let one = "e" + String(repeating: "\u{301}", count: 100_000)
        #expect(RunFailureText(Refused(description: one)).message.utf8.count < 10_000)
    }
}
