/// Double quotes, and everything that begins with `$` or a backquote.
extension ShellScanner {
    private static let inParameter = Context.refused(
        "a value can't stand within ${…} of the shell", hint: "assign it to a variable first: x=${{ … }}")

    /// Enters what begins with `$` here, and moves behind its beginning; nil for a plain variable.
    mutating func expansion(isQuoted: Bool) -> Frame? {
        let start = position
        if isAt("$((") {
            position += 3
            return .arithmetic(Arithmetic(start: start))
        }
        if isAt("$[") {
            position += 2
            return .arithmetic(Arithmetic(start: start, isBracketed: true))
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

    /// Enters backquotes.
    mutating func enterBackquotes() {
        position += 1
        frames.append(.code(Code(start: position - 1, end: "`")))
    }

    mutating func stepInDoubleQuotes() throws(Problem) {
        guard let scalar = scalar() else {
            noteReference()
            contexts.append(contextInQuotes)
            position += 1
            return
        }
        switch scalar {
        case "\\":
            try refuseBackslashBeforeValue()
            position += 2
        case "\"":
            frames.removeLast()
            position += 1
        case "`": enterBackquotes()
        case "$":
            if let frame = expansion(isQuoted: true) { frames.append(frame) } else { position += 1 }
        default: position += 1
        }
    }

    /// The context of a value within double quotes, by what is around them.
    private var contextInQuotes: Context {
        for frame in frames.reversed() {
            switch frame {
            case .code(let code): return code.command.context(isQuoted: true)
            case .hereDocument: return .quoted
            // An offset or a subscript is arithmetic, also in quotes.
            case .parameter: return Self.inParameter
            case .doubleQuotes, .arithmetic: continue
            }
        }
        return .quoted
    }

    /// A value in quotes is one of the command around them, and maybe one of those that `[[` compares as numbers.
    private mutating func noteReference() {
        for index in frames.indices.reversed() {
            guard case .code(var code) = frames[index] else { continue }
            code.conditional?.references.append(contexts.count)
            code.references.append(contexts.count)
            frames[index] = .code(code)
            return
        }
    }

    mutating func stepInParameter(_ isQuoted: Bool) throws(Problem) {
        guard let scalar = scalar() else {
            contexts.append(Self.inParameter)
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
        case "`": enterBackquotes()
        case "$":
            if let frame = expansion(isQuoted: isQuoted) { frames.append(frame) } else { position += 1 }
        default: position += 1
        }
    }

    mutating func stepInArithmetic(_ arithmetic: Arithmetic) {
        guard let scalar = scalar() else {
            contexts.append(.arithmetic)
            position += 1
            return
        }
        var arithmetic = arithmetic
        let (opening, closing): (Unicode.Scalar, Unicode.Scalar) = arithmetic.isBracketed ? ("[", "]") : ("(", ")")
        switch scalar {
        case opening:
            arithmetic.depth += 1
            frames[frames.count - 1] = .arithmetic(arithmetic)
            position += 1
        case closing where arithmetic.depth > 0:
            arithmetic.depth -= 1
            frames[frames.count - 1] = .arithmetic(arithmetic)
            position += 1
        case closing:
            frames.removeLast()
            position += !arithmetic.isBracketed && isAt("))") ? 2 : 1
        case "$":
            if let frame = expansion(isQuoted: true) { frames.append(frame) } else { position += 1 }
        case "`": enterBackquotes()
        default: position += 1
        }
    }
}
