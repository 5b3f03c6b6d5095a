import AsyncFlow
import AsyncFlowBase

/// The secrets of a plan, each read when it is first needed.
package final class SecretStore: Sendable {
    private let secrets: [String: Secret]
    private let base: String
    private let values = Lock<[String: String]>([:])
    /// More than this is no secret, but a file that was named by mistake.
    private static let longest = 64 << 10

    package init(_ plan: Plan) {
        secrets = Dictionary(plan.secrets.map { ($0.name, $0) }) { first, _ in first }
        base = plan.base
    }

    /// `secrets` for expressions, with those that are named in these chains of fields.
    ///
    /// - Throws: ``ValueError`` that never has a secret in it.
    func names(in paths: [[String]]) throws(ValueError) -> [String: Value] {
        let named = paths.filter { $0[0] == "secrets" }
        if named.isEmpty { return [:] }
        let isAll = named.contains { $0.count < 2 }
        var fields: [(String, Value)] = []
        for name in isAll ? secrets.keys.sorted() : Set(named.map { $0[1] }).sorted() {
            fields.append((name, .string(try value(of: name))))
        }
        return ["secrets": .record(Record(fields))]
    }

    /// One secret.
    ///
    /// - Throws: ``ValueError`` that never has a secret in it.
    package func value(of name: String) throws(ValueError) -> String {
        if let value = values.withLock({ $0[name] }) { return value }
        guard let secret = secrets[name] else { throw ValueError("there is no secret '\(name)'") }
        let value: String
        do throws(ValueError) { value = try read(secret) } catch {
            throw ValueError("the secret '\(name)' in line \(secret.place.line): \(error)")
        }
        // Recordings and logs leave it out, and processes don't inherit it.
        WithheldEnvironment.withhold(secret: value)
        if case .variable(let variable) = secret.source { WithheldEnvironment.withhold(variable: variable) }
        values.withLock { $0[name] = value }
        return value
    }

    /// Reads all that can be read.
    func readAll() { for name in secrets.keys.sorted() { _ = try? value(of: name) } }

    private func read(_ secret: Secret) throws(ValueError) -> String {
        let text: String
        switch secret.source {
        case .variable(let name):
            guard let value = getenv(name) else { throw ValueError("the variable \(name) isn't set") }
            text = String(cString: value)
        case .file(let path):
            text = Self.withoutLineBreak(try LocalFiles(base: base).read(Self.expanded(path, base: base)))
        case .command(let words): text = Self.withoutLineBreak(try Self.output(of: words, in: base))
        }
        if text.isEmpty { throw ValueError("it is empty") }
        if text.utf8.count > Self.longest { throw ValueError("it is longer than \(Self.longest >> 10) KiB") }
        if text.utf8.contains(0) { throw ValueError("it has a NUL character in it") }
        return text
    }

    /// A path in which `~/` stands for the home directory.
    private static func expanded(_ path: String, base: String) -> String {
        if path.hasPrefix("~/"), let home = getenv("HOME") { return String(cString: home) + path.dropFirst(1) }
        return PathText.absolute(path, base: base)
    }

    private static func withoutLineBreak(_ text: String) -> String {
        var text = Substring(text)
        while let last = text.utf8.last, last == UInt8(ascii: "\n") || last == UInt8(ascii: "\r") {
            text = Substring(text.utf8.dropLast())
        }
        return String(text)
    }

    /// Returns the output of a command, which may ask a person at the terminal to unlock the secret.
    private static func output(of words: [String], in directory: String) throws(ValueError) -> String {
        let command = words.map { ShellWord.quoted($0) }.joined(separator: " ")
        guard let stream = popen("cd \(ShellWord.quoted(directory)) && exec \(command)", "r") else {
            throw ValueError("'\(words[0])' can't be started: \(SystemError.current)")
        }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while bytes.count <= longest {
            let count = fread(&buffer, 1, buffer.count, stream)
            if count == 0 { break }
            bytes += buffer[..<count]
        }
        let status = pclose(stream)
        if status != 0 { throw ValueError("'\(words[0])' has failed") }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// Words for a POSIX shell.
enum ShellWord {
    /// A text as one word, whatever is in it.
    static func quoted(_ text: String) -> String { "'\(text.replacing("'", with: "'\\''"))'" }
}
