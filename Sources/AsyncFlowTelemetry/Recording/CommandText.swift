import AsyncFlow
import AsyncFlowBase

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A command as recordings show it: without secrets, and not too long for a line that many programs read.
struct CommandText: Sendable, Hashable {
    /// The most words that are shown, and the most bytes of all of them together.
    private static let limit = (words: 200, bytes: 4_096)
    /// The most bytes of a word that are looked through for secrets: more than can be shown.
    private static let longestWord = 1 << 16

    /// The words, the program first. `…` stands at the end if some are left out, and at the end of a word that is cut.
    let words: [String]
    /// The directory that the command runs in, if it isn't the engine's own.
    let workingDirectory: String?

    /// - Parameter secrets: removes what is known to be a secret, whatever stands before it.
    init(_ command: Command, secrets: SecretRedactor) {
        var shown = command
        shown.executable = Self.prefix(of: command.executable, Self.longestWord)
        shown.arguments = command.arguments.prefix(Self.limit.words).map { Self.prefix(of: $0, Self.longestWord) }
        let masked = shown.maskedWords
        let own = SecretRedactor(
            command.environment.filter { SecretName.isSecret($0.key) && $0.value.utf8.count >= 8 }.map(\.value))
        var words: [String] = []
        var room = Self.limit.bytes
        for word in masked {
            let shown = Self.prefix(of: own.redact(secrets.redact(word)), max(room, 0))
            words.append(shown)
            room -= shown.utf8.count + 1
            if room <= 0 { break }
        }
        if words.count <= command.arguments.count, words.last?.last != "…" { words.append("…") }
        self.words = words
        workingDirectory = command.workingDirectory
    }

    private static func prefix(of text: String, _ bytes: Int) -> String {
        text.utf8.count <= bytes ? text : String(decoding: text.utf8.prefix(bytes), as: UTF8.self) + "…"
    }
}

extension SecretRedactor {
    /// Knows the secrets that backends were given, and the values of this process's variables with names of secrets.
    static var ofThisProcess: SecretRedactor {
        let variables = ProcessInfo.processInfo.environment
            .filter { SecretName.isSecret($0.key) && $0.value.utf8.count >= 8 }
            .map(\.value)
        return SecretRedactor(variables + WithheldEnvironment.knownSecrets)
    }
}
