import Testing

@testable import AsyncFlowInference

@Suite("API keys")
struct CredentialsTests {
    private static let key = "sk-secret-0123456789"

    @Test("a key isn't shown when it or what holds it is printed")
    func hidden() throws {
        struct Holder { let credentials: Credentials }
        let holder = Holder(credentials: try Credentials(Self.key))
        var text = "\(holder) \(holder.credentials) \(String(reflecting: holder)) \(String(describing: holder))"
        dump(holder, to: &text)
        #expect(!text.contains(Self.key))
    }

    @Test("an empty key is none")
    func empty() throws {
        for key in ["", " ", "\n"] { #expect(try Credentials(key).key == nil) }
    }
}

@Suite("Texts from outside in messages")
struct QuotingTests {
    private static let key = "sk-secret-0123456789"

    @Test("are without secrets, in whatever form, and harmless")
    func quoted() {
        let quote = Quoting(without: [Self.key, "", "a/b+c d"])
        #expect(quote("key \(Self.key), \(Self.key)") == "key [redacted], [redacted]")
        #expect(quote("?k=a%2Fb%2Bc%20d") == "?k=[redacted]")
        #expect(quote("a\nb\u{1B}[31m\u{202E}c") == "a b?[31mc")
        // An invisible character doesn't hide it.
        #expect(quote("sk-\u{200B}secret-\u{2060}0123456789") == "[redacted]")
        #expect(Quoting()("key \(Self.key)") == "key \(Self.key)")
    }

    @Test("are shortened after that, so that no part of a secret is left", arguments: 260...310)
    func shortened(length: Int) {
        let shown = Quoting(without: [Self.key])(String(repeating: "x", count: length) + Self.key + "yy")
        #expect(!shown.contains("sk-") && shown.count <= 301)
    }

    @Test("are cut where they are endless, and so is a secret there", arguments: [0, 5, 19])
    func endless(offset: Int) {
        let quote = Quoting(without: [Self.key])
        // So many secrets that little is left of the text, and the last one is cut in two.
        let text = String(repeating: "y", count: offset) + String(repeating: Self.key, count: 20_000)
        let shown = quote(text, upTo: 100_000)
        #expect(
            !shown.contains("sk-") && !shown.replacing("[redacted]", with: "").contains("s"), "\(shown.suffix(100))")
        #expect(quote(Array(text.utf8)).count <= 301)
    }
}
