import AsyncFlowBase
import Testing

@Suite("Text from outside")
struct TextTests {
    @Test(
        "is shown on one line and does nothing there",
        arguments: [
            ("plain", "plain"), ("a\nb\r\nc\td", "a b c d"), ("\u{1B}[31mred", "?[31mred"), ("\u{9B}2J", "\u{FFFD}2J"),
            ("a\u{202E}b", "ab"), ("\u{1B}\u{301}[0m", "?\u{301}[0m"), ("\u{0}", "?"), ("👩‍👩‍👧", "👩‍👩‍👧"),
        ])
    func isHarmless(text: String, shown: String) {
        #expect(text.harmless().unicodeScalars.elementsEqual(shown.unicodeScalars))
    }

    @Test("keeps its line breaks where they are wanted, also before a combining mark")
    func keepsLines() {
        #expect(
            "a\r\nb\u{1B}\n\u{301}c\n".harmlessLines().unicodeScalars.elementsEqual("a\nb?\n\u{301}c\n".unicodeScalars))
    }

    @Test(
        "has neither user info nor query values in its URLs",
        arguments: [
            ("http://bob:hunter2@h/p", "http://[redacted]@h/p"),
            ("see https://h/p?sig=abc&x=&tok, or", "see https://h/p?sig=[redacted]&x=&[redacted] or"),
            ("s3://b/k?X-Amz-Signature=ff#part", "s3://b/k?X-Amz-Signature=[redacted]#part"),
            ("'http://a@b@c/' \"ftp://u@h?q\"", "'http://[redacted]@c/' \"ftp://[redacted]@h?[redacted]\""),
            ("http://u:p\u{301}w@h/", "http://[redacted]@h/"), ("a://", "a://"), ("no URL: //x@y", "no URL: //x@y"),
        ])
    func urlSecrets(text: String, shown: String) { #expect(text.redactingURLSecrets == shown) }

    @Test(
        "loses each secret, in whatever form it comes",
        arguments: [
            ("key sk-1/2\" end", "key [redacted] end"), ("{\"k\":\"sk-1/2\\\"\"}", "{\"k\":\"[redacted]\"}"),
            ("{\"k\":\"sk-1\\/2\\\"\"}", "{\"k\":\"[redacted]\"}"), ("?k=sk-1%2F2%22", "?k=[redacted]"),
            ("Basic c2stMS8yIg==", "Basic [redacted]"), ("sk-1/2", "sk-1/2"),
            ("sk-1/2\"sk-1/2\"", "[redacted][redacted]"),
        ])
    func secrets(text: String, shown: String) { #expect(SecretRedactor(["", "sk-1/2\""]).redact(text) == shown) }

    @Test(
        "loses the beginning of a secret that somebody cut off",
        arguments: [
            ("the key is sk-0123456", "the key is [redacted]"), ("sk-0123456789-abc… (cut)", "[redacted]… (cut)"),
            ("sk-01234...", "[redacted]..."), ("sk-0123", "sk-0123"), ("sk-01234567 is short", "sk-01234567 is short"),
        ])
    func cutSecrets(text: String, shown: String) {
        #expect(SecretRedactor(["sk-0123456789-abcdef"]).redact(text) == shown)
    }

    @Test("a redactor doesn't show its secrets")
    func hidden() {
        let redactor = SecretRedactor(["hunter2"])
        var dumped = ""
        dump(redactor, to: &dumped)
        #expect(!"\(redactor) \(String(reflecting: redactor)) \(dumped)".contains("hunter2"))
    }

    @Test(
        "Base64",
        arguments: [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy"), ("u:p", "dTpw")])
    func base64(text: String, encoded: String) { #expect(text.base64Encoded == encoded) }  // RFC 4648, section 10
}
