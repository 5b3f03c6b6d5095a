/// The words of a shell's command so far, and the beginning of the one that is being read: what they say about the
/// place where a value stands next.
struct ShellWords {
    var words: [String] = []
    var word = ""
    /// Whether they are elements of an array.
    var isInArray = false

    /// Stands in a word for a piece whose text isn't known.
    private static let unknown: Unicode.Scalar = "\u{FFFC}"

    /// Adds a piece of a word that is quoted or made by the shell; its text counts if it is one that names something.
    /// Quotes don't keep a shell from taking a word for a command.
    mutating func add(piece: String?) {
        let isName = { (scalar: Unicode.Scalar) in Self.isOfVariable(scalar) || "$-./".unicodeScalars.contains(scalar) }
        if let piece, piece.unicodeScalars.allSatisfy(isName) {
            word += piece
        } else {
            word.unicodeScalars.append(Self.unknown)
        }
    }

    // MARK: Kinds of words

    private static func isOfVariable(_ scalar: Unicode.Scalar) -> Bool {
        ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || ("0"..."9").contains(scalar) || scalar == "_"
    }

    static func isVariable(_ text: Substring) -> Bool {
        guard let first = text.unicodeScalars.first, !("0"..."9").contains(first) else { return false }
        return text.unicodeScalars.allSatisfy(isOfVariable)
    }

    /// Whether the word sets a variable: `x=…`, `x+=…` or `x[…]=…`.
    static func isAssignment(_ word: String) -> Bool {
        guard let equals = word.firstIndex(of: "=") else { return false }
        var name = word[..<equals]
        if name.last == "+" { name.removeLast() }
        if name.last == "]", let bracket = name.firstIndex(of: "[") { name = name[..<bracket] }
        return isVariable(name)
    }

    static func isRedirection(_ word: String) -> Bool { word.utf8.contains { $0 == 0x3C || $0 == 0x3E } }

    /// Whether the target of a redirection is the next word.
    static func awaitsTarget(_ word: String) -> Bool {
        isRedirection(word) && word.utf8.last.map { "<>&|".utf8.contains($0) } == true
    }

    /// The words without redirections.
    private var plainWords: [String] {
        var result: [String] = []
        var isTarget = false
        for word in words {
            if isTarget {
                isTarget = false
            } else if Self.isRedirection(word) {
                isTarget = Self.awaitsTarget(word)
            } else {
                result.append(word)
            }
        }
        return result
    }

    private static func isOption(_ word: String) -> Bool { word.hasPrefix("-") && !word.hasPrefix("--") }

    // MARK: Values

    /// The context of a value that stands here.
    func context(isQuoted: Bool) -> ShellScanner.Context {
        if isInSubscript { return .arithmetic }
        return refusal ?? (isQuoted ? .quoted : .word)
    }

    /// Whether it would be in the subscript of an array, which is arithmetic: `a[…]=`, or `[…]=` in `a=(…)`.
    private var isInSubscript: Bool {
        isInSubscriptOfVariable || words.isEmpty && word.utf8.first == UInt8(ascii: "[") && subscriptDepth > 0
    }

    /// The number of brackets that are open in the word.
    private var subscriptDepth: Int {
        word.utf8.reduce(0) { $0 + ($1 == UInt8(ascii: "[") ? 1 : $1 == UInt8(ascii: "]") ? -1 : 0) }
    }

    private var isInSubscriptOfVariable: Bool {
        guard let bracket = word.firstIndex(of: "["), subscriptDepth > 0 else { return false }
        return Self.isVariable(word[..<bracket])
    }

    /// Whether a blank is a part of the word: bash reads an assignment's subscript up to its bracket.
    var takesBlank: Bool { words.isEmpty && (isInSubscriptOfVariable || isInArray && isInSubscript) }

    private static func code(of command: String) -> ShellScanner.Context {
        .refused("'\(command)' would take the value for code", hint: "assign it to a variable first: x=${{ … }}")
    }

    /// A value that a shell would read as a part of its script.
    static func codeOfInput(of shell: String) -> ShellScanner.Context {
        .refused(
            "the value would become code of '\(shell)', which reads its script there",
            hint: "pass it as an argument: bash -s ${{ … }} <<'EOF', with \"$1\" in the script")
    }

    private var refusal: ShellScanner.Context? {
        guard let first = words.first else { return nil }
        if Self.awaitsTarget(words[words.count - 1]) || Self.isRedirection(word) { return refusalOfTarget }
        let command = PathText.name(of: first)
        let options = words.dropFirst().filter(Self.isOption)
        switch command {
        case "eval", "let", "trap", "unset": return Self.code(of: command)
        case "declare", "typeset", "local", "export", "readonly":
            // A plain assignment is no code; one to an integer or to a name's name is.
            let isSpecial = options.contains { $0.contains("i") || $0.contains("n") }
            if !word.utf8.contains(UInt8(ascii: "=")) || isSpecial { return Self.code(of: command) }
        case "read" where !isArgument(of: "dinNptu"), "mapfile" where !isArgument(of: "dnOsu"),
            "readarray" where !isArgument(of: "dnOsu"), "getopts":
            return .refused(
                "'\(command)' would take the value for code",
                hint: "write the variable's name itself; a value to read is given by <<< ${{ … }}")
        case "printf" where options.contains { $0.hasSuffix("v") },
            "test" where ["-v", "-R"].contains(words.last), "[" where ["-v", "-R"].contains(words.last),
            "[[" where ["-v", "-R"].contains(words.last):
            return Self.code(of: "\(command) -v")
        default: break
        }
        return refusalOfShell
    }

    /// Whether it would be the argument of one of these options.
    private func isArgument(of letters: String) -> Bool {
        let letter =
            Self.isOption(word)
            ? word.unicodeScalars.dropFirst().first
            : words.last.flatMap { Self.isOption($0) ? $0.unicodeScalars.last : nil }
        return letter.map { letters.unicodeScalars.contains($0) } ?? false
    }

    /// A value as the target of a redirection is a file's name, or, behind `<<<`, the input.
    private var refusalOfTarget: ShellScanner.Context? {
        words.last == "<<<" ? shellOfInput.map(Self.codeOfInput) : nil
    }

    // MARK: Other shells

    private static let shells: Set<String> = [
        "sh", "bash", "dash", "zsh", "ksh", "ash", "su", "$SHELL", "$BASH",
    ]
    /// The options of ssh that have an argument.
    private static let optionsOfSSH = "BbcDEeFIiJLlmOoPpQRSWw"

    /// Wherever its name stands: `env`, `timeout`, `srun` and many others start what is behind them.
    private static func isShell(_ word: String) -> Bool { shells.contains(PathText.name(of: word)) }

    private var refusalOfShell: ShellScanner.Context? {
        if let last = words.last, Self.isOption(last), last.hasSuffix("c"),
            let shell = words.dropLast().last(where: Self.isShell).map(PathText.name)
        {
            return .refused(
                "the value would become code of another shell",
                hint: "pass it as an argument: \(shell) \(last) '… \"$1\" …' - ${{ … }}")
        }
        if remoteWords != nil {
            return .refused(
                "the value would become code of the shell that 'ssh' starts on the other computer",
                hint: "quote it for that shell: \"… $(printf %q ${{ … }}) …\"")
        }
        return nil
    }

    /// Commands that start the one behind them.
    private static let wrappers: Set<String> = ["env", "timeout", "nice", "setsid", "sshpass", "stdbuf", "xargs"]

    /// The words of the command that `ssh` hands to a shell elsewhere; nil for another command, and before its host.
    private var remoteWords: ArraySlice<String>? {
        let words = plainWords
        guard let ssh = words.firstIndex(where: { PathText.name(of: $0) == "ssh" }),
            ssh == 0 || Self.wrappers.contains(PathText.name(of: words[0]))
        else { return nil }
        var place = ssh + 1
        while place < words.count, words[place].hasPrefix("-") {
            let hasArgument =
                words[place].utf8.count == 2 && words[place].last.map { Self.optionsOfSSH.contains($0) } == true
            place += hasArgument ? 2 : 1
        }
        return place < words.count ? words[(place + 1)...] : nil
    }

    /// The name of the shell that takes the command's standard input for its script; nil if none does.
    var shellOfInput: String? {
        if let remoteWords, remoteWords.isEmpty { return "ssh" }
        let words = plainWords
        guard let place = words.lastIndex(where: Self.isShell) else { return nil }
        let shell = PathText.name(of: words[place])
        var isArgument = false
        for word in words[(place + 1)...] {
            if isArgument {
                isArgument = false
            } else if word.hasPrefix("-") || word.hasPrefix("+") {
                if Self.isOption(word), word.contains("s") { return shell }
                if Self.isOption(word), word.hasSuffix("c") { return nil }
                isArgument = word.hasSuffix("o") || word.hasSuffix("O")
            } else {
                return nil
            }
        }
        return shell
    }
}
