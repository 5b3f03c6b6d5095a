import Testing

@testable import AsyncFlowInference

@Suite("API keys")
struct CredentialsTests {
    private static let key = "sk-secret-0123456789"

    @Test("a key isn't shown when it or what holds it is printed")
    func hidden() {
        struct Holder { let credentials: Credentials }
        let holder = Holder(credentials: Credentials(Self.key))
        var text = "\(holder) \(holder.credentials) \(String(reflecting: holder)) \(String(describing: holder))"
        dump(holder, to: &text)
        #expect(!text.contains(Self.key))
    }

    @Test("what a server says is quoted without the key")
    func redacted() {
        #expect(Credentials("abc").redact("key abc, abc") == "key [API key], [API key]")
        #expect(Credentials(nil).redact("key abc") == "key abc")
    }

    @Test("an empty key is none")
    func empty() {
        #expect(Credentials("").key == nil)
    }
}
