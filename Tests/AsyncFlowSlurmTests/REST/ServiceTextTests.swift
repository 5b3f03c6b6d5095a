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

    @Test("of a secret at the place where a long text is cut nothing is left", arguments: 0..<40)
    func cutSecret(place: Int) {
        let secret = "sk-0123456789ABCDEF"
        let text = ServiceText(secrets: [secret])
        // As long as what is looked at: 8 * limit, and twice the secret's longest form.
        let most = 8 * 20 + 2 * 6 * secret.utf8.count
        let shown = text.shown(
            String(repeating: "\u{202E}", count: (most - place) / 3) + secret + String(repeating: "y", count: 100),
            limit: 20)
        #expect(!shown.contains("sk-0"), "\(shown)")
    }
}
