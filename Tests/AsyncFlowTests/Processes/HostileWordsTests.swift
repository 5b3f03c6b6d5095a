import Foundation
import TestSupport
import Testing

@testable import AsyncFlow
@testable import AsyncFlowProcesses

/// File names and command words of every kind, made anew for as many seconds as `ASYNCFLOW_FUZZ_SECONDS` says (10 by
/// default) from the seed in `ASYNCFLOW_FUZZ_SEED`, or a random one that a failure shows.
@Suite("Hostile file names and command words", .serialized, .timeLimit(.minutes(60)))
struct HostileWordsTests {
    @Test("a word stays one word, and a file stays in its directory, whatever they contain")
    func words() async throws {
        let seed = TestRun.seed
        print("hostile words: seed \(seed)")
        let end = ContinuousClock.now + TestRun.fuzzDuration
        var words = WordMaker(seed: seed)
        try await withFileEngine { flow, folder in
            let outside = try folder.write("outside", to: "outside")
            while ContinuousClock.now < end {
                let list = (0..<Int.random(in: 1...6, using: &words.random)).map { _ in words.next() }
                try await checkArguments(list, "seed \(seed)")
                try await checkFile(words.next(), flow, folder, "seed \(seed)")
            }
            #expect(try String(contentsOfFile: outside, encoding: .utf8) == "outside", "seed \(seed)")
        }
    }

    @Test("no word is a separator of programs for a launcher, and each reaches the program as it is")
    func launcherWords() async throws {
        let words = ["printf", "%s|", ":", ".", "", "a:b", ".:"]
        let shielded = LauncherWords.protected(words)
        #expect(!shielded.contains(":"))
        let result = try await CommandRunner().run(Command(shielded[0], arguments: Array(shielded.dropFirst())))
        #expect(result.text == ":|.||a:b|.:|")
        #expect(LauncherWords.protected(["echo", "a:b"]) == ["echo", "a:b"])
    }

    private func checkArguments(_ words: [[UInt8]], _ seed: Comment) async throws {
        let texts = words.map(FileNameText.text)
        #expect(texts.map(FileNameText.bytes) == words, seed)
        var expected: [UInt8] = []
        for word in words { expected += word + [0] }
        let print = ["-c", #"printf '%s\0' "$@""#, "sh"]
        let arrangements: [Command] = [
            Command("/bin/sh", arguments: print + texts),
            "/bin/sh \(print) \(texts)",
            Command("/bin/sh", arguments: print + texts).piped(to: "cat"),
            .shell(
                "/bin/sh -c \(ShellQuoting.quoted(print[1])) sh "
                    + texts.map(ShellQuoting.quoted).joined(separator: " ")),
            {
                let protected = LauncherWords.protected(["/bin/sh"] + print + texts)
                #expect(!protected.contains { $0.utf8.elementsEqual(":".utf8) }, seed)
                return Command(protected[0], arguments: Array(protected.dropFirst()))
            }(),
        ]
        for command in arrangements {
            do {
                #expect(try await CommandRunner().run(command).standardOutput == expected, "\(seed): \(texts)")
            } catch let error as CommandError where words.contains(where: { $0.contains(0) }) {
                #expect([.invalidArgument, .malformed].contains(error.reason), "\(seed): \(error)")
            }
        }
    }

    private func checkFile(
        _ name: [UInt8], _ flow: WorkflowEngine, _ folder: TemporaryFolder, _ seed: Comment
    ) async throws {
        let text = FileNameText.text(name)
        let parts = name.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        let isSafe =
            !name.contains(0) && parts.allSatisfy { !$0.isEmpty && Array($0) != [46] && Array($0) != [46, 46] }
        #expect((RelativeName.problem(of: text) == nil) == isSafe, "\(seed): \(name)")
        let staging: FileStaging = [.link, .hardlink, .copy][name.count % 3]
        let read = flow.executableTask("read", .staging(staging)) { (file: InputFile) in "cat -- \(file)" }
        let result = await read(InputFile(folder["outside"], as: text)).result
        switch result {
        case .success(let content): #expect(isSafe && content == "outside", "\(seed): \(name)")
        case .failure(let error):
            // The file system has limits of its own.
            let isTooLong = parts.contains { $0.count > 255 } || name.count > 3500
            #expect(!isSafe || isTooLong, "\(seed): \(name): \(error)")
        }
    }
}

/// Makes words of bytes that have meant something to somebody.
private struct WordMaker {
    var random: SeededRandom

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    private static let texts: [String] =
        [
            "a", "-", "--", "-n", "--help", "=", "A=b", ":", ".", "..", "/", "//", "\\", "'", "\"", "`", "$", "$(id)",
            "${HOME}",
            "*", "?", "[", "]", "{a,b}", "~", "!", "#", "%", "&", "&&", "|", ";", "<", ">", "(", ")", " ", "\t", "\n",
            "\r", "\r\n",
            "\u{301}", "/\u{301}", "'\u{301}", "\u{202E}", "\u{FEFF}", "e\u{301}", "\u{E9}", "😀", "\u{10FFFF}",
            "\u{10FF80}",
            "\u{1B}[31m", "\u{7F}", "\u{85}", "\u{2028}", "\\n", "\\0", "%s", "%n", "../", "/..", "./", "",
        ]
    private static let bytes: [[UInt8]] = [
        [0x80], [0xFF], [0xC3], [0xE2, 0x82], [0xED, 0xA0, 0x80], [0xF4, 0x8F, 0xBE], [0],
    ]
    private static let pieces = texts.map { Array($0.utf8) } + bytes

    mutating func next() -> [UInt8] {
        var word: [UInt8] = []
        let count = random.chance(0.02) ? 400 : Int.random(in: 0...5, using: &random)
        for _ in 0..<count { word += Self.pieces.randomElement(using: &random)! }
        if random.chance(0.3), !word.isEmpty {
            let index = word.indices.randomElement(using: &random)!
            switch Int.random(in: 0..<3, using: &random) {
            case 0: word[index] = UInt8.random(in: 1...255, using: &random)
            case 1: word.remove(at: index)
            default: word.insert(word[index], at: index)
            }
        }
        // A NUL byte is refused, which is checked often enough.
        return random.chance(0.9) ? word.filter { $0 != 0 } : word
    }
}
