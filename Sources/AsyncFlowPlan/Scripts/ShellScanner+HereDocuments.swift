/// Here-documents.
extension ShellScanner {
    /// - Parameter shell: the shell that runs the document's text, if it is for one.
    mutating func readHereDocument(for shell: String?) throws(Problem) {
        let start = position
        position += 2
        var document = HereDocument(delimiter: [], isLiteral: false, stripsTabs: false, start: start, shell: shell)
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

    /// Reads on; at each beginning of a line, looks for the end.
    mutating func stepInHereDocument(_ document: HereDocument) throws(Problem) {
        if scalar(-1) == "\n", endHereDocument(document) { return }
        guard let scalar = scalar() else {
            contexts.append(context(in: document))
            position += 1
            return
        }
        if document.isLiteral {
            position += 1
            return
        }
        switch scalar {
        case "\\":
            try refuseBackslashBeforeValue()
            position += self.scalar(1) == "\n" ? 1 : 2
        case "`": enterBackquotes()
        case "$":
            if let frame = expansion(isQuoted: true) { frames.append(frame) } else { position += 1 }
        default: position += 1
        }
    }

    private func context(in document: HereDocument) -> Context {
        if document.isLiteral {
            return .refused(
                "a value can't stand in a here-document whose delimiter is quoted",
                hint: "write <<EOF without quotes, and \\$ for what the shell isn't to replace")
        }
        return document.shell.map(ShellWords.codeOfInput) ?? .quoted
    }

    /// - Returns: whether the document ends in this line.
    private mutating func endHereDocument(_ document: HereDocument) -> Bool {
        var end = position
        if document.stripsTabs { while end < symbols.count, symbols[end] == .scalar("\t") { end += 1 } }
        let line = document.delimiter.map(Symbol.scalar)
        guard end + line.count <= symbols.count, symbols[end..<end + line.count].elementsEqual(line) else {
            return false
        }
        let after = end + line.count
        guard after == symbols.count || symbols[after] == .scalar("\n") else { return false }
        frames.removeLast()
        position = after
        // The next one begins in the next line.
        if !waiting.isEmpty, position < symbols.count {
            position += 1
            frames.append(.hereDocument(waiting.removeFirst()))
        }
        return true
    }
}
