/// A program to run, with its arguments and settings: a value that can be made, compared and passed on before it runs.
///
/// The shortest way to write a command is a string literal:
///
/// ```swift
/// let count: Command = "grep -c \(pattern) \(files)"
/// ```
///
/// The literal is split into words by the quoting rules of the POSIX shell (blanks, `'single'` and `"double"` quotes,
/// backslash), but no shell ever sees it. An interpolated value stays inside its word whatever it contains, so a
/// `pattern` of `"x; rm -rf /"` is one harmless argument; an interpolated array becomes one word for each element.
/// `$HOME`, `*`, `|` and `>` have no meaning here; use ``shell(_:)`` or ``bash(_:)`` for lines that need them, and
/// ``piped(to:)`` for pipelines of commands.
public struct Command: Sendable, Hashable {
    /// The program: a name to look up in `PATH` or, if it contains a `/`, a path.
    ///
    /// A relative path is relative to ``workingDirectory`` if that is set.
    public var executable: String { didSet { keyWords = nil } }

    /// The arguments, without the program's own name.
    public var arguments: [String] { didSet { keyWords = nil } }

    /// Environment variables added to the inherited ones; a name in both takes the value given here.
    public var environment: [String: String] = [:]

    /// Whether the command sees this process's environment besides ``environment``. True by default.
    public var inheritsEnvironment = true

    /// The names of inherited variables that the command doesn't see, unless ``environment`` sets them again. Only for
    /// commands that this process starts itself.
    package var withheldVariables: Set<String> = []

    /// Whether the command inherits the secrets that this program's backends were given, such as `OPENAI_API_KEY`.
    ///
    /// False by default: a program that a task runs has no need of them.
    public var inheritsSecrets = false

    /// The directory in which the command runs, or `nil` for this process's own.
    public var workingDirectory: String?

    /// The input that the command reads; nothing by default.
    public var standardInput: StandardInput = .none

    /// The problem with the text from which the command was made. A literal can't throw, so it is kept until the run.
    package var problem: Problem?

    /// The words that decide the outcome, if some words don't: see
    /// ``StringInterpolation/appendInterpolation(notInKey:)``.
    package private(set) var keyWords: [String]?

    /// Texts in the words that must not be shown.
    package private(set) var secrets: [String] = []

    /// A word of the original text, outside of quotes, that only means something to a shell, such as `|`.
    package var shellWord: String?

    /// Creates a command from a program and its arguments, none of which is interpreted in any way.
    ///
    /// - Parameters:
    ///   - executable: The program's name, looked up in `PATH`, or its path.
    ///   - arguments: One string for each argument.
    public init(_ executable: String, arguments: [String]) {
        self.executable = executable
        self.arguments = arguments
    }

    /// Creates a command from a program and its arguments: `Command("bwa", "mem", reference, reads)`.
    ///
    /// A single literal, `Command("ls -l")`, is a command literal and is split into words. A single string that isn't
    /// a literal is the program's name; use ``init(parsing:)`` to split it.
    ///
    /// - Parameters:
    ///   - executable: The program's name, looked up in `PATH`, or its path.
    ///   - arguments: One string for each argument.
    public init(_ executable: String, _ arguments: String...) {
        self.init(executable, arguments: arguments)
    }

    /// Creates a command from a line that was written elsewhere, such as in a configuration file.
    ///
    /// The line is split by the quoting rules of the POSIX shell. No other shell feature applies: there are no
    /// variables, wildcards, pipes or redirections.
    ///
    /// - Parameter line: The command line.
    /// - Throws: ``CommandError`` with the reason ``CommandError/Reason/malformed`` for an unterminated quote or a
    ///   backslash at the very end, or ``CommandError/Reason/emptyCommand`` when the line has no words.
    public init(parsing line: String) throws(CommandError) {
        var splitter = CommandLineSplitter()
        splitter.append(text: line)
        self.init(splitter)
        try validate()
    }

    /// Creates a command that passes a line to `/bin/sh -c`, where variables, wildcards, pipes and redirections work.
    ///
    /// Everything in the line is interpreted by the shell. Pass values that come from elsewhere through
    /// ``environment(_:)`` and write `"$NAME"` in the line.
    ///
    /// - Parameter line: The line for the shell.
    public static func shell(_ line: String) -> Command {
        Command("/bin/sh", arguments: ["-c", line])
    }

    /// Creates the command whose words a splitter collected, or one that carries the splitter's problem.
    package init(_ splitter: consuming CommandLineSplitter) {
        let text = splitter.text
        let shellWord = splitter.shellWord
        let secrets = splitter.secrets
        switch splitter.finish() {
        case .success(let (words, keyWords)):
            self.init(words.first ?? "", arguments: Array(words.dropFirst()))
            self.keyWords = keyWords
            self.shellWord = shellWord
            self.secrets = secrets
        case .failure(let problem):
            self.init("", arguments: [])
            self.problem = Problem(text: text, message: problem.message)
        }
    }
}

extension Command: CustomStringConvertible {
    /// The command as a line that could be pasted into a POSIX shell, without its environment and input.
    public var description: String {
        if let problem { return problem.text }
        let line = ([executable] + arguments).map(ShellQuoting.quoted).joined(separator: " ")
        return hidingSecrets(in: line, behind: "***")
    }

    /// Sets the words that identify the command, and the texts in it that must not be shown.
    mutating func setIdentity(words: [String]?, secrets: [String]) {
        keyWords = words
        self.secrets = secrets
    }
}
