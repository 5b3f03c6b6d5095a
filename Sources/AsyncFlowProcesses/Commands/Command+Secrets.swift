import AsyncFlowBase

extension Command {
    /// The words for people to read, without the values given as secrets and without anything that looks like one.
    package var maskedWords: [String] {
        ([executable] + arguments).maskingSecrets.map { word in
            hidingSecrets(in: word, behind: SecretRedactor.mark)
        }
    }

    /// Returns the text with a mark in the place of each secret, also where it stands within the quotes of a shell, or
    /// within quotes that are quoted, as in a pipeline.
    func hidingSecrets(in text: String, behind mark: String) -> String {
        secrets.reduce(text) { text, secret in
            let once = secret.replacing("'", with: #"'\''"#)
            let twice = once.replacing("'", with: #"'\''"#)
            return [ShellQuoting.quoted(secret), twice, once, secret].reduce(text) { $0.replacing($1, with: mark) }
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
