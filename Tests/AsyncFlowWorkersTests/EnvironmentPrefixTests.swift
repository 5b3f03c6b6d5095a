import AsyncFlow
import Foundation
import Testing

@Suite("Variables before a program", .timeLimit(.minutes(2)))
struct EnvironmentPrefixTests {
    @Test("variables are set in the order of their names, and nothing is added where there are none")
    func words() {
        #expect(EnvironmentPrefix.words(setting: [:], running: ["run", "a=b"]) == ["run", "a=b"])
        #expect(
            EnvironmentPrefix.words(
                setting: ["B": "2", "A": "1 x"], inheritsEnvironment: false, running: ["run", "y"])
                == ["env", "-i", "A=1 x", "B=2", "run", "y"])
    }

    @Test("a program whose path contains '=' is run, and not taken for a variable", arguments: ["", "\u{301}"])
    func equalsSign(mark: String) async throws {
        let folder = try ProbeFolder()
        let program = "\(folder.path)/lr=\(mark)0.1"
        try Data("#!/bin/sh\necho \"ran with $A and $1\"\n".utf8).write(to: URL(fileURLWithPath: program))
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: program)
        let words = EnvironmentPrefix.words(setting: ["A": "1"], running: [program, "b=c d"])
        let result = try await CommandRunner().run(Command(words[0], arguments: Array(words.dropFirst())))
        #expect(result.text == "ran with 1 and b=c d\n")
    }
}
