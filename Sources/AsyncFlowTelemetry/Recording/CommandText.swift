import AsyncFlow
package import AsyncFlowBase

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A command as recordings show it: without secrets and with a limited length.
struct CommandText: Sendable, Hashable {
    /// The limits on the number of words and on their bytes together.
    private static let limit = (words: 200, bytes: 4_096)
    /// The number of bytes of a word that are searched for secrets: more than can be shown.
    private static let longestWord = 1 << 16

    /// The words, the program first. `…` stands at the end if some are left out, and at the end of a word that is cut.
    let words: [String]
    /// The directory that the command runs in, if it isn't the engine's own.
    let workingDirectory: String?

    /// - Parameter secrets: removes known secrets, wherever they stand.
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
    /// The redactor of the secrets that backends were given, and of this process's environment variables with names of
    /// secrets.
    package static var ofThisProcess: SecretRedactor {
        let variables = ProcessInfo.processInfo.environment
            .filter { SecretName.isSecret($0.key) && $0.value.utf8.count >= 8 }
            .map(\.value)
        return SecretRedactor(variables + WithheldEnvironment.knownSecrets)
    }
}
