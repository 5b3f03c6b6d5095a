import AsyncFlowBase

extension Command {
    /// The words for people to read, without the values given as secrets and without anything that looks like one.
    package var maskedWords: [String] {
        ([executable] + arguments).maskingSecrets.map { word in
            secrets.reduce(word) { $0.replacing($1, with: SecretRedactor.mark) }
        }
    }

    /// The command's description, without anything that looks like a secret.
    package var maskedDescription: String {
        var masked = self
        let words = ([executable] + arguments).maskingSecrets
        masked.executable = words[0]
        masked.arguments = Array(words.dropFirst())
        return masked.description
    }
}
