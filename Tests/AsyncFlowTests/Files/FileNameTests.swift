import Foundation
import TestSupport
import Testing

@testable import AsyncFlow
@testable import AsyncFlowProcesses

@Suite("Names of files that aren't UTF-8", .timeLimit(.minutes(1)))
struct FileNameTests {
    @Test(
        "every name comes back as it was",
        arguments: [
            Array("plain ü 日本 😀".utf8), [0x63, 0x61, 0x66, 0xE9], [0x80], [0xFF, 0xFE], [0xC3], [0xE2, 0x82],
            [0xF0, 0x9F, 0x98],
            [0xED, 0xA0, 0x80], [0xC0, 0xAF], [0xF4, 0x8F, 0xBE, 0x80], [0xF4, 0x8F, 0xBF, 0xBF], [0xF4, 0x8F, 0xBE],
            [0xF4, 0x8F, 0xBD, 0xBF],
        ])
    func roundTrip(name: [UInt8]) {
        let text = FileNameText.text(name)
        #expect(FileNameText.bytes(text) == name)
        #expect(String(decoding: Array(text.utf8), as: UTF8.self) == text, "it survives as UTF-8")
    }

    @Test("only bytes that aren't UTF-8 are written otherwise")
    func plain() {
        #expect(FileNameText.text(Array("ü".utf8)) == "ü")
        #expect(FileNameText.text([0x63, 0xE9]).unicodeScalars.map(\.value) == [0x63, 0x10FFE9])
    }

    private static let make = Command.shell(#"touch "$(printf 'caf\351.txt')""#)

    @Test("such a file is matched, handed on, named in a command, and copied with its directory")
    func handedOn() async throws {
        try await withFileEngine { flow, folder in
            let make = flow.executableTask("make", producing: .matching("*.txt")) { Self.make }
            let file = try await make().value
            #expect(file.pathBytes.suffix(8) == [0x63, 0x61, 0x66, 0xE9] + Array(".txt".utf8))
            for staging in [FileStaging.link, .hardlink, .copy] {
                let list = flow.executableTask("list", .staging(staging)) { (file: InputFile) in "ls \(file)" }
                let output = try await CommandRunner().run(Command("ls", arguments: [file.path]))
                #expect(output.standardOutput.contains(0xE9))
                #expect(try await list(file).value.hasPrefix("caf"))
            }
            let inside = Command.shell(
                #"mkdir -p d && cd d && touch "$(printf 'caf\351')" && ln -s "$(printf 'caf\351')" link"#)
            _ = try await CommandRunner().run(inside.workingDirectory(folder.path))
            let list = flow.executableTask("list") { (directory: InputFile) in
                Command("sh", "-c", "cd \"$1\" && test -e link && ls | od -c", "sh", directory.name)
            }
            let text = try await list(InputFile(directory: folder["d"], staging: .copy)).value
            #expect(text.contains("351"))
        }
    }

    @Test("a directory with such files is removed with them, and found again after a retry")
    func removed() async throws {
        try await withFileEngine {
            $0.keepsWorkingDirectories = false
        } _: { flow, _ in
            do {
                let scratch = flow.executableTask("scratch", .ownDirectory) { Self.make }
                _ = try await scratch().value
            }
            try await until("the directory is removed") {
                try FileManager.default.subpathsOfDirectory(atPath: flow.runDirectory).isEmpty
            }
        }
    }

    @Test(
        "names are compared byte by byte: a combining mark doesn't hide a slash",
        arguments: [
            "../\u{301}x", "a/../\u{301}", "/\u{301}etc", "..", "a/\u{301}/../../x", "a//\u{301}", "\u{301}/..",
        ])
    func combiningMarks(name: String) {
        let leaves = RelativeName.problem(of: name) != nil
        // As the system sees it.
        let parts = name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map(Array.init)
        #expect(leaves == parts.contains { $0.isEmpty || $0 == [46] || $0 == [46, 46] })
        #expect(StagedNames.folders(of: name).count == parts.count - 1)
    }

    @Test("a name that begins with a hyphen is no option, whatever follows it")
    func hyphens() {
        for name in ["-x", "-\u{301}x"] { #expect(RelativeName.asArgument(name).utf8.elementsEqual("./\(name)".utf8)) }
    }

    @Test("two names that look the same are two files")
    func lookalikes() async throws {
        try await withFileEngine { flow, folder in
            let (composed, decomposed) = ("\u{E9}.txt", "e\u{301}.txt")
            try #require(composed == decomposed && !composed.utf8.elementsEqual(decomposed.utf8))
            let files = try [folder.write("1", to: "a/\(composed)"), folder.write("2", to: "a/\(decomposed)")]
            let cat = flow.executableTask("cat") { (files: [InputFile]) in "cat \(files)" }
            #expect(try await cat(files.map { InputFile($0) }).value == "12")
        }
    }

    @Test("a pattern's directory may have stars with combining marks in its name")
    func pattern() throws {
        let folder = try TemporaryFolder("stars")
        let directory = folder["*\u{301}[x]"]
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        _ = try TemporaryFile.make(at: directory + "/found.txt")
        #expect(try FileSystem.matches(of: "*.txt", in: directory) == ["found.txt"])
    }
}

private enum TemporaryFile {
    static func make(at path: String) throws {
        let descriptor = try Descriptor.open(path, O_WRONLY | O_CREAT)
        _ = descriptor.number
    }
}
