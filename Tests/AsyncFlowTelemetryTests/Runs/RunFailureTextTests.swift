import AsyncFlow
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
        let one = "e" + String(repeating: "\u{301}", count: 100_000)
        #expect(RunFailureText(Refused(description: one)).message.utf8.count < 10_000)
    }
}
