import Testing

@testable import AsyncFlow
@testable import AsyncFlowProcesses

@Suite("What the text says that names a file")
struct FileLocationTests {
    @Test(
        "a text is a path, a URL or nothing usable",
        arguments: [
            ("data/reads.fq", FileLocation.local(path: "data/reads.fq"), "reads.fq"),
            ("/data/", .local(path: "/data/"), "data"),
            ("a:b", .local(path: "a:b"), "a:b"),
            ("1x://y", .local(path: "1x://y"), "y"),
            ("50%", .local(path: "50%"), "50%"),
            ("file:///a/b%20c", .local(path: "/a/b c"), "b c"),
            ("FILE:/a/b", .local(path: "/a/b"), "b"),
            ("file://localhost/a", .local(path: "/a"), "a"),
            ("https://example.org/ref.fa?x=1/2#y", .remote(scheme: "https"), "ref.fa"),
            ("HTTP://h/a%20b/", .remote(scheme: "http"), "a b"),
            ("s3://bucket/k/e/y", .remote(scheme: "s3"), "y"),
            ("https://example.org", .remote(scheme: "https"), ""),
        ])
    func kinds(text: String, location: FileLocation, name: String) {
        #expect(FileLocation(text) == location)
        #expect(FileLocation.lastComponent(of: text) == name)
    }

    @Test(
        "a text that names nothing says why", arguments: ["", "a\0b", "file://elsewhere/a", "file:///a%2", "file://"])
    func malformed(text: String) {
        guard case .malformed(let reason) = FileLocation(text) else {
            Issue.record("'\(text)' was taken for a file")
            return
        }
        #expect(!reason.isEmpty)
    }

    @Test(
        "a name within a directory doesn't leave it", arguments: ["", "/a", "..", "a/../b", "./a", "a//b", "a/", "a\0"])
    func badNames(name: String) {
        #expect(RelativeName.problem(of: name) != nil)
    }

    @Test("other names are fine", arguments: ["a", "a/b", "...", ".hidden", "a b", "-x", "ü"])
    func goodNames(name: String) {
        #expect(RelativeName.problem(of: name) == nil)
    }

    @Test("a name with a hyphen in front isn't taken for an option")
    func hyphen() {
        let command: Command = "cat \(InputFile("-n").brought(into: "/d", asArgument: true)) \(OutputFile("-o"))"
        #expect(command.arguments == ["./-n", "./-o"])
    }
}
