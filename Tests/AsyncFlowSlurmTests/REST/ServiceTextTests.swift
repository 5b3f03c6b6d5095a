import Testing

@testable import AsyncFlowSlurmREST

@Suite("Words of a Slurm service in errors")
struct ServiceTextTests {
    @Test("a secret that marks nobody sees split is taken out, too")
    func splitSecret() {
        let text = ServiceText(secrets: ["sk-0123456789"])
        #expect(text.shown("key sk-01234\u{202E}56789\u{1B}") == "key [redacted]?")
        #expect(text.shown("key sk-0123456789, key sk-0123456789") == "key [redacted], key [redacted]")
    }
}
