/// Commands and their words.
extension ShellScanner {
    mutating func step(_ code: inout Code) throws(Problem) -> (frame: Frame?, hasEnded: Bool) {
        guard let scalar = scalar() else {
            addReference(&code)
            position += 1
            return (nil, false)
        }
        switch scalar {
        case "\\":
            try refuseBackslashBeforeValue()
            // One at the end of a line joins it with the next one.
            if self.scalar(1) != "\n" { beginPiece(&code, self.scalar(1).map { String($0) }) }
            position += 2
        case "'":
            beginPiece(&code, plainText(upTo: "'"))
            try skipSingleQuotes(escapes: false)
        case "\"":
            beginPiece(&code, plainText(upTo: "\""))
            position += 1
            return (.doubleQuotes(position - 1), false)
        case "`":
            position += 1
            if code.end == "`" {
                endCommand(&code)
                return (nil, true)
            }
            beginPiece(&code)
            return (.code(Code(start: position - 1, end: "`")), false)
        case "$":
            if isAt("$'") {
                position += 1
                beginPiece(&code)
                try skipSingleQuotes(escapes: true)
                return (nil, false)
            }
            if let frame = expansion(isQuoted: false) {
                beginPiece(&code)
                return (frame, false)
            }
            beginPiece(&code, "$")
            position += 1
        case "#" where !code.hasWord && !isInWord(code): skipComment()
        case "<" where isAt("<<<"):
            endWord(&code)
            if !code.command.words.isEmpty { code.command.words.append("<<<") }
            position += 3
        case "<" where isAt("<<"):
            endWord(&code)
            try readHereDocument(for: code.command.shellOfInput)
        case "(" where isAt("((") && !code.hasWord && [[], ["for"]].contains(code.command.words):
            position += 2
            return (.arithmetic(Arithmetic(start: position - 2)), false)
        case "(", ")": return (nil, parenthesis(scalar, &code))
        case "\n":
            endWord(&code)
            if !continuesCondition(code) { endCommand(&code) }
            position += 1
            if !waiting.isEmpty { return (.hereDocument(waiting.removeFirst()), false) }
        // '>&', '&>' and '>|' are redirections.
        case "&" where isRedirection(self.scalar(-1)) || self.scalar(1) == ">", "|" where self.scalar(-1) == ">":
            append(scalar, &code)
        case ";", "&", "|": endCommand(at: scalar, &code)
        case " " where code.command.takesBlank, "\t" where code.command.takesBlank: append(scalar, &code)
        case " ", "\t", "\r":
            endWord(&code)
            position += 1
        default: append(scalar, &code)
        }
        return (nil, false)
    }

    private mutating func append(_ scalar: Unicode.Scalar, _ code: inout Code) {
        code.command.word.unicodeScalars.append(scalar)
        code.hasWord = true
        position += 1
    }

    /// A piece of a word that isn't plain text; with the text that it stands for, if that can be told.
    private func beginPiece(_ code: inout Code, _ text: String? = nil) {
        code.hasWord = true
        code.command.add(piece: text)
    }

    /// The text in the quotes that begin here, if it is one that names commands, options or variables.
    private func plainText(upTo quote: Unicode.Scalar) -> String? {
        var text = ""
        for symbol in symbols[(position + 1)...].prefix(64) {
            guard case .scalar(let scalar) = symbol else { return nil }
            if scalar == quote { return text }
            text.unicodeScalars.append(scalar)
        }
        return nil
    }

    private func isRedirection(_ scalar: Unicode.Scalar?) -> Bool { scalar == "<" || scalar == ">" }

    /// - Returns: whether it ends the code.
    private mutating func parenthesis(_ scalar: Unicode.Scalar, _ code: inout Code) -> Bool {
        endWord(&code)
        defer { position += 1 }
        // Within [[ … ]] they are a part of the condition.
        if code.conditional != nil { return false }
        if scalar == "(" {
            code.depth += 1
            // An array's elements are words of the same command.
            if self.scalar(-1) == "=" {
                code.arrayDepth = code.depth
                code.command.isInArray = true
            } else {
                endCommand(&code)
            }
            return false
        }
        if code.arrayDepth == code.depth { code.arrayDepth = nil }
        endCommand(&code)
        if code.cases > 0, code.depth == 0 { return false }
        if code.depth == 0, code.end == ")" { return true }
        code.depth = max(0, code.depth - 1)
        return false
    }

    /// Ends the command at `;`, `&` or `|`; within `[[ … ]]`, `&&`, `||` and the `|` of a pattern are a part of it.
    private mutating func endCommand(at scalar: Unicode.Scalar, _ code: inout Code) {
        endWord(&code)
        let isTwice = self.scalar(1) == scalar
        let isOfCondition = scalar == "|" || scalar == "&" && isTwice
        if code.conditional == nil || !isOfCondition {
            endCommand(&code, isPiped: scalar == "|" && !isTwice)
        }
        position += isTwice || scalar == "|" && self.scalar(1) == "&" ? 2 : 1
    }

    /// Whether a condition within `[[ … ]]` goes on in the next line.
    private func continuesCondition(_ code: Code) -> Bool {
        guard code.conditional != nil else { return false }
        var offset = -1
        while [" ", "\t", "\r"].contains(scalar(offset)) { offset -= 1 }
        return ["&", "|", "("].contains(scalar(offset))
    }

    private func isInWord(_ code: Code) -> Bool {
        guard position > 0 else { return false }
        guard let before = scalar(-1) else { return true }
        return ![" ", "\t", "\n", ";", "&", "|", "(", ")"].contains(before)
    }

    /// Words behind which a command begins.
    private static let openers: Set<String> = [
        "then", "do", "else", "elif", "if", "while", "until", "!", "{", "time", "in", "exec", "command", "builtin",
        "nohup", "sudo",
    ]
    private static let numberComparisons: Set<String> = ["-eq", "-ne", "-lt", "-le", "-gt", "-ge"]

    private mutating func endWord(_ code: inout Code) {
        guard code.hasWord else { return }
        let word = code.command.word
        (code.command.word, code.hasWord) = ("", false)
        if code.command.words.isEmpty {
            // Elements of an array are no command.
            if code.command.isInArray { return }
            if code.awaitsTarget {
                code.awaitsTarget = false
                return
            }
            if ShellWords.isRedirection(word) {
                code.awaitsTarget = ShellWords.awaitsTarget(word)
                return
            }
            if Self.openers.contains(word) { return }
            if word == "case" { code.cases += 1 }
            if word == "esac" { code.cases = max(0, code.cases - 1) }
            // An assignment before the command.
            if ShellWords.isAssignment(word) { return }
            if word == "[[" { code.conditional = ([], false) }
        }
        if word == "]]", let conditional = code.conditional {
            if conditional.comparesNumbers { for place in conditional.references { contexts[place] = .arithmetic } }
            code.conditional = nil
        }
        if code.conditional != nil, Self.numberComparisons.contains(word) { code.conditional?.comparesNumbers = true }
        code.command.words.append(word)
    }

    /// - Parameter isPiped: whether the next command reads what this one writes.
    mutating func endCommand(_ code: inout Code, isPiped: Bool = false) {
        endWord(&code)
        if let conditional = code.conditional, conditional.comparesNumbers {
            for place in conditional.references { contexts[place] = .arithmetic }
        }
        if !code.piped.isEmpty, let shell = code.command.shellOfInput {
            for place in code.piped { contexts[place] = ShellWords.codeOfInput(of: shell) }
        }
        if isPiped {
            // Other commands write something else than the value.
            let writesValue = code.command.words.first.map { ["echo", "printf"].contains(PathText.name(of: $0)) }
            if writesValue == true { code.piped += code.references }
        } else if !code.command.words.isEmpty {
            // Line breaks and parentheses may stand between a pipe and the command that reads it.
            code.piped = []
        }
        code.references = []
        code.command = ShellWords()
        code.command.isInArray = code.arrayDepth != nil
        code.awaitsTarget = false
        code.conditional = nil
    }

    private mutating func addReference(_ code: inout Code) {
        code.conditional?.references.append(contexts.count)
        code.references.append(contexts.count)
        contexts.append(code.command.context(isQuoted: false))
        beginPiece(&code)
    }

    private mutating func skipComment() {
        while position < symbols.count, scalar() != "\n" {
            if symbols[position] == .reference { contexts.append(.quoted) }
            position += 1
        }
    }

    mutating func skipSingleQuotes(escapes: Bool) throws(Problem) {
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
}
