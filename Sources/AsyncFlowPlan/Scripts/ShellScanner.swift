/// Finds out how a POSIX shell or bash reads each place of a script where a value is to stand.
///
/// A pure state machine over the characters. Places where a value would become code, or where it can't be told what the
/// shell does, are errors, never guesses.
struct ShellScanner {
    /// The way in which a value can stand at a place.
    enum Context: Equatable, Sendable {
        /// A word, or a part of one.
        case word
        /// Within double quotes, or a here-document.
        case quoted
        /// Within arithmetic, where only whole numbers are no code.
        case arithmetic
        /// Not at all, for this reason; what to write instead.
        case refused(String, hint: String)
    }

    enum Symbol: Equatable {
        case scalar(Unicode.Scalar)
        /// A value.
        case reference
    }

    /// An error in the script itself, with the index of the symbol where it begins.
    struct Problem: Error {
        let message: String
        let position: Int
    }

    private enum Frame {
        case code(Code)
        case doubleQuotes(Int)
        case parameter(Int, isQuoted: Bool)
        case arithmetic(Int, depth: Int)
        case hereDocument(HereDocument)
    }

    /// A list of commands: the script itself, or one within `$(…)` or backquotes.
    private struct Code {
        var start: Int
        var end: Unicode.Scalar?
        var depth = 0
        var cases = 0
        /// The words of the command so far, as far as they are plain.
        var words: [String] = []
        var word = ""
        var hasWord = false
        /// References in a `[[ … ]]`, and whether it compares numbers.
        var conditional: (references: [Int], comparesNumbers: Bool)?
    }

    private struct HereDocument {
        var delimiter: [Unicode.Scalar]
        var isLiteral: Bool
        var stripsTabs: Bool
        var start: Int
    }

    private let symbols: [Symbol]
    private var position = 0
    private var frames: [Frame]
    private var waiting: [HereDocument] = []
    private var contexts: [Context] = []

    /// - Returns: the context of each reference, in order.
    static func contexts(of symbols: [Symbol]) throws(Problem) -> [Context] {
        var scanner = ShellScanner(symbols)
        return try scanner.scan()
    }

    private init(_ symbols: [Symbol]) {
        self.symbols = symbols
        frames = [.code(Code(start: 0, end: nil))]
    }

    private func scalar(_ offset: Int = 0) -> Unicode.Scalar? {
        guard position + offset < symbols.count, position + offset >= 0,
            case .scalar(let scalar) = symbols[position + offset]
        else { return nil }
        return scalar
    }

    private func isAt(_ text: String) -> Bool {
        text.unicodeScalars.enumerated().allSatisfy { scalar($0.offset) == $0.element }
    }

    private mutating func scan() throws(Problem) -> [Context] {
        while position < symbols.count {
            switch frames[frames.count - 1] {
            case .code(var code):
                frames.removeLast()
                let pushed = try step(&code)
                // A frame that has ended isn't put back.
                if !pushed.hasEnded { frames.append(.code(code)) }
                if let frame = pushed.frame { frames.append(frame) }
            case .doubleQuotes: stepInDoubleQuotes()
            case .parameter(let start, let isQuoted): try stepInParameter(start, isQuoted)
            case .arithmetic(let start, let depth): stepInArithmetic(start, depth)
            case .hereDocument(let document): stepInHereDocument(document)
            }
        }
        if case .code(var code) = frames[0], frames.count == 1 {
            endCommand(&code)
            return contexts
        }
        switch frames[frames.count - 1] {
        case .doubleQuotes(let start): throw Problem(message: "the double quote has no end", position: start)
        case .parameter(let start, _): throw Problem(message: "'${' has no end", position: start)
        case .arithmetic(let start, _): throw Problem(message: "'((' has no end", position: start)
        case .code(let code): throw Problem(message: "'$(' or a backquote has no end", position: code.start)
        // A shell takes the end of the script for that of the document.
        case .hereDocument(let document):
            throw Problem(
                message:
                    "the here-document has no end: a line '\(String(String.UnicodeScalarView(document.delimiter)))' is missing",
                position: document.start)
        }
    }

    // MARK: Commands

    private mutating func step(_ code: inout Code) throws(Problem) -> (frame: Frame?, hasEnded: Bool) {
        guard let scalar = scalar() else {
            addReference(&code)
            position += 1
            return (nil, false)
        }
        switch scalar {
        case "\\":
            code.hasWord = true
            // A backslash before a value would quote the quote.
            if position + 1 < symbols.count, symbols[position + 1] == .reference {
                throw Problem(message: "a backslash can't stand before a value", position: position)
            }
            position += 2
        case "'":
            code.hasWord = true
            try skipSingleQuotes(escapes: false)
        case "\"":
            code.hasWord = true
            position += 1
            return (.doubleQuotes(position - 1), false)
        case "`":
            position += 1
            if code.end == "`" { return (nil, true) }
            code.hasWord = true
            return (.code(Code(start: position - 1, end: "`")), false)
        case "$":
            if isAt("$'") {
                position += 1
                try skipSingleQuotes(escapes: true)
                code.hasWord = true
                return (nil, false)
            }
            code.hasWord = true
            if let frame = expansion(isQuoted: false) { return (frame, false) }
            position += 1
        case "#" where !code.hasWord && !isInWord(code): skipComment()
        case "<" where isAt("<<<"):
            endWord(&code)
            position += 3
        case "<" where isAt("<<"):
            endWord(&code)
            try readHereDocument()
        case "(" where isAt("((") && code.words.isEmpty && !code.hasWord:
            position += 2
            return (.arithmetic(position - 2, depth: 0), false)
        case "(":
            endWord(&code)
            code.depth += 1
            // An array's elements are words of the same command.
            if !isArray() { endCommand(&code) }
            position += 1
        case ")":
            if code.cases > 0, code.depth == 0 {
                endCommand(&code)
                position += 1
                return (nil, false)
            }
            endCommand(&code)
            position += 1
            if code.depth == 0, code.end == ")" { return (nil, true) }
            code.depth = max(0, code.depth - 1)
        case "\n":
            endCommand(&code)
            position += 1
            if !waiting.isEmpty { return (.hereDocument(waiting.removeFirst()), false) }
        case ";", "&", "|":
            // Within [[ … ]] they are a part of the condition.
            if code.conditional == nil { endCommand(&code) } else { endWord(&code) }
            position += 1
        case " ", "\t", "\r":
            endWord(&code)
            position += 1
        default:
            code.word.unicodeScalars.append(scalar)
            code.hasWord = true
            position += 1
        }
        return (nil, false)
    }

    private func isInWord(_ code: Code) -> Bool {
        guard position > 0 else { return false }
        guard let before = scalar(-1) else { return true }
        return ![" ", "\t", "\n", ";", "&", "|", "(", ")"].contains(before)
    }

    private func isArray() -> Bool { position > 0 && scalar(-1) == "=" }

    /// Words behind which a command begins.
    private static let openers: Set<String> = [
        "then", "do", "else", "elif", "if", "while", "until", "!", "{", "time", "in", "exec", "command", "builtin",
        "nohup", "sudo",
    ]
    private static let evaluators: Set<String> = [
        "eval", "let", "trap", "declare", "typeset", "unset", "printf", "read", "test", "[",
    ]
    private static let shells: Set<String> = ["sh", "bash", "dash", "zsh", "ksh", "ash"]
    private static let numberComparisons: Set<String> = ["-eq", "-ne", "-lt", "-le", "-gt", "-ge"]

    private mutating func endWord(_ code: inout Code) {
        guard code.hasWord else { return }
        let word = code.word
        (code.word, code.hasWord) = ("", false)
        if code.words.isEmpty {
            if Self.openers.contains(word) { return }
            if word == "case" { code.cases += 1 }
            if word == "esac" { code.cases = max(0, code.cases - 1) }
            // An assignment before the command.
            if let equals = word.firstIndex(of: "="), PlanName.problem(String(word[..<equals])) == nil { return }
            if word == "[[" { code.conditional = ([], false) }
        }
        if word == "]]", let conditional = code.conditional {
            if conditional.comparesNumbers { for place in conditional.references { contexts[place] = .arithmetic } }
            code.conditional = nil
        }
        if code.conditional != nil, Self.numberComparisons.contains(word) { code.conditional?.comparesNumbers = true }
        code.words.append(word)
    }

    private mutating func endCommand(_ code: inout Code) {
        endWord(&code)
        if let conditional = code.conditional, conditional.comparesNumbers {
            for place in conditional.references { contexts[place] = .arithmetic }
        }
        code.words = []
        code.conditional = nil
    }

    private mutating func addReference(_ code: inout Code) {
        code.conditional?.references.append(contexts.count)
        contexts.append(contextOfWord(code, isQuoted: false))
        code.hasWord = true
    }

    /// The context of a value in the command so far.
    private func contextOfWord(_ code: Code, isQuoted: Bool) -> Context {
        if code.word.utf8.contains(UInt8(ascii: "[")), !code.word.utf8.contains(UInt8(ascii: "]")),
            let bracket = code.word.firstIndex(of: "["), PlanName.problem(String(code.word[..<bracket])) == nil
        {
            return .arithmetic
        }
        guard let command = code.words.first.map(PathText.name) else { return isQuoted ? .quoted : .word }
        let hasOption = { (option: String) in
            code.words.dropFirst().contains { $0.hasPrefix("-") && !$0.hasPrefix("--") && $0.hasSuffix(option) }
        }
        if ["eval", "let", "trap", "declare", "typeset", "local", "export", "readonly", "unset", "source"].contains(
            command)
        {
            // A plain assignment is no code.
            let assigns = code.word.utf8.contains(UInt8(ascii: "=")) && !["eval", "let", "trap"].contains(command)
            if !assigns, command != "source" {
                return .refused(
                    "'\(command)' would take the value for code", hint: "assign it to a variable first: x=${{ … }}")
            }
        }
        if command == "printf" && hasOption("v") || command == "test" && hasOption("v")
            || command == "[" && hasOption("v")
        {
            return .refused(
                "'\(command) -v' would take the value for code", hint: "assign it to a variable first: x=${{ … }}")
        }
        if Self.shells.contains(command), let last = code.words.last, last.hasPrefix("-"), last.hasSuffix("c"),
            code.words.count > 1
        {
            return .refused(
                "the value would become code of another shell",
                hint: "pass it as an argument: \(command) \(last) '… \"$1\" …' - ${{ … }}")
        }
        return isQuoted ? .quoted : .word
    }

    /// The context of a value within double quotes, by the command around them.
    private var contextInQuotes: Context {
        for frame in frames.reversed() {
            switch frame {
            case .code(let code): return contextOfWord(code, isQuoted: true)
            case .hereDocument: return .quoted
            case .doubleQuotes, .parameter, .arithmetic: continue
            }
        }
        return .quoted
    }

    private mutating func skipComment() {
        while position < symbols.count, scalar() != "\n" {
            if symbols[position] == .reference { contexts.append(.quoted) }
            position += 1
        }
    }

    private mutating func skipSingleQuotes(escapes: Bool) throws(Problem) {
        let start = position
        position += 1
        while position < symbols.count {
            if symbols[position] == .reference {
                contexts.append(
                    .refused(
                        "a value can't stand within single quotes",
                        hint: "end the quotes before it and begin them again behind it: '…'${{ … }}'…'"))
            }
            if escapes, scalar() == "\\" {
                position += 1
            } else if scalar() == "'" {
                position += 1
                return
            }
            position += 1
        }
        throw Problem(message: "the single quote has no end", position: start)
    }

    // MARK: Expansions

    /// Enters what begins with `$` here, and moves behind its beginning; nil for a plain variable.
    private mutating func expansion(isQuoted: Bool) -> Frame? {
        let start = position
        if isAt("$((") {
            position += 3
            return .arithmetic(start, depth: 0)
        }
        if isAt("$(") {
            position += 2
            return .code(Code(start: start, end: ")"))
        }
        if isAt("${") {
            position += 2
            return .parameter(start, isQuoted: isQuoted)
        }
        return nil
    }

    private mutating func stepInDoubleQuotes() {
        guard let scalar = scalar() else {
            noteConditional()
            contexts.append(contextInQuotes)
            position += 1
            return
        }
        switch scalar {
        case "\\": position += scalarIsReference(1) ? 1 : 2
        case "\"":
            frames.removeLast()
            position += 1
        case "`":
            position += 1
            frames.append(.code(Code(start: position - 1, end: "`")))
        case "$":
            if let frame = expansion(isQuoted: true) { frames.append(frame) } else { position += 1 }
        default: position += 1
        }
    }

    /// A value in quotes may be one of those that `[[` compares as numbers.
    private mutating func noteConditional() {
        for index in frames.indices.reversed() {
            guard case .code(var code) = frames[index] else { continue }
            code.conditional?.references.append(contexts.count)
            frames[index] = .code(code)
            return
        }
    }

    private func scalarIsReference(_ offset: Int) -> Bool {
        position + offset < symbols.count && symbols[position + offset] == .reference
    }

    private mutating func stepInParameter(_ start: Int, _ isQuoted: Bool) throws(Problem) {
        guard let scalar = scalar() else {
            contexts.append(
                .refused(
                    "a value can't stand within ${…} of the shell", hint: "assign it to a variable first: x=${{ … }}"))
            position += 1
            return
        }
        switch scalar {
        case "\\": position += scalarIsReference(1) ? 1 : 2
        case "}":
            frames.removeLast()
            position += 1
        case "'" where !isQuoted: try skipSingleQuotes(escapes: false)
        case "\"":
            position += 1
            frames.append(.doubleQuotes(position - 1))
        case "`":
            position += 1
            frames.append(.code(Code(start: position - 1, end: "`")))
        case "$":
            if let frame = expansion(isQuoted: isQuoted) { frames.append(frame) } else { position += 1 }
        default: position += 1
        }
    }

    private mutating func stepInArithmetic(_ start: Int, _ depth: Int) {
        guard let scalar = scalar() else {
            contexts.append(.arithmetic)
            position += 1
            return
        }
        switch scalar {
        case "(":
            frames[frames.count - 1] = .arithmetic(start, depth: depth + 1)
            position += 1
        case ")" where depth > 0:
            frames[frames.count - 1] = .arithmetic(start, depth: depth - 1)
            position += 1
        case ")":
            frames.removeLast()
            position += isAt("))") ? 2 : 1
        case "$":
            if let frame = expansion(isQuoted: true) { frames.append(frame) } else { position += 1 }
        case "`":
            position += 1
            frames.append(.code(Code(start: position - 1, end: "`")))
        default: position += 1
        }
    }

    // MARK: Here-documents

    private mutating func readHereDocument() throws(Problem) {
        let start = position
        position += 2
        var document = HereDocument(delimiter: [], isLiteral: false, stripsTabs: false, start: start)
        if scalar() == "-" {
            document.stripsTabs = true
            position += 1
        }
        while scalar() == " " || scalar() == "\t" { position += 1 }
        while position < symbols.count {
            guard let scalar = scalar() else {
                throw Problem(message: "a value can't stand in the delimiter of a here-document", position: position)
            }
            if scalar == "'" || scalar == "\"" {
                document.isLiteral = true
                position += 1
                while let inner = self.scalar(), inner != scalar {
                    document.delimiter.append(inner)
                    position += 1
                }
                position += 1
            } else if scalar == "\\" {
                document.isLiteral = true
                position += 1
            } else if [" ", "\t", "\n", ";", "&", "|", "<", ">", "(", ")"].contains(scalar) {
                break
            } else {
                document.delimiter.append(scalar)
                position += 1
            }
        }
        if document.delimiter.isEmpty { throw Problem(message: "'<<' has no delimiter", position: start) }
        waiting.append(document)
    }

    /// At each beginning of a line, whether it is the end.
    private mutating func stepInHereDocument(_ document: HereDocument) {
        let isLineStart = scalar(-1) == "\n"
        if isLineStart {
            var end = position
            if document.stripsTabs { while end < symbols.count, symbols[end] == .scalar("\t") { end += 1 } }
            let line = document.delimiter.map(Symbol.scalar)
            if end + line.count <= symbols.count, symbols[end..<end + line.count].elementsEqual(line) {
                let after = end + line.count
                if after == symbols.count || symbols[after] == .scalar("\n") {
                    frames.removeLast()
                    position = after
                    // The next one begins in the next line.
                    if !waiting.isEmpty, position < symbols.count {
                        position += 1
                        frames.append(.hereDocument(waiting.removeFirst()))
                    }
                    return
                }
            }
        }
        guard let scalar = scalar() else {
            contexts.append(
                document.isLiteral
                    ? .refused(
                        "a value can't stand in a here-document whose delimiter is quoted",
                        hint: "write <<EOF without quotes, and \\$ for what the shell isn't to replace") : .quoted)
            position += 1
            return
        }
        if document.isLiteral {
            position += 1
            return
        }
        switch scalar {
        case "\\": position += scalarIsReference(1) || self.scalar(1) == "\n" ? 1 : 2
        case "`":
            position += 1
            frames.append(.code(Code(start: position - 1, end: "`")))
        case "$":
            if let frame = expansion(isQuoted: true) { frames.append(frame) } else { position += 1 }
        default: position += 1
        }
    }
}
