/// A splitter of text into words by the quoting rules of the POSIX shell (section 2.2), piece by piece.
///
/// Literal text is interpreted; values are taken as they are and stay inside the current word, within any quotes; the
/// elements of spliced lists become separate words. It works on UTF-8 bytes because every character with a meaning is
/// ASCII, and because `"\r\n"` is one Swift `Character`.
package struct CommandLineSplitter {
    /// A problem with the text.
    package struct Problem: Error, Hashable {
        package var message: String
    }

    private enum Quote: Hashable {
        case none
        case single
        case double
    }

    /// Everything seen so far, for messages.
    package private(set) var text = ""

    private var words: [String] = []
    private var word: [UInt8] = []
    /// The words that decide the outcome; nil if all of them do.
    private var keyWords: [String]?
    /// The part of the current word that decides the outcome; nil if all of it does.
    private var keyWord: [UInt8]?
    /// Values that must not be shown.
    package private(set) var secrets: [String] = []
    /// Whether a word has begun. It may be empty: `''` and an empty value are empty arguments.
    private var hasWord = false
    /// Whether all of the word is plain text, without quotes, backslashes and values.
    private var isPlain = true
    private var firstShellWord: String?

    /// The first word that only means something to a shell.
    package var shellWord: String? { firstShellWord ?? currentShellWord }
    private var quote = Quote.none
    private var quoteStart = 0
    private var isEscaped = false
    /// Whether a list has just been spliced in, so that only a blank or the end may follow.
    private var endsWithList = false
    private var problem: Problem?

    /// Appends text in which blanks, quotes and backslashes have their meaning.
    package mutating func append(text piece: String) {
        let offset = text.utf8.count
        text += piece
        for (index, byte) in piece.utf8.enumerated() {
            append(byte, at: offset + index)
        }
    }

    /// Appends a value, which belongs to the current word whatever it contains.
    ///
    /// - Parameter isInKey: whether it decides the outcome.
    package mutating func append(value: String, isInKey: Bool = true) {
        text += ShellQuoting.quoted(value)
        add(value, isInKey: isInKey)
    }

    /// Appends a value that must not be shown.
    package mutating func append(secret value: String) {
        text += "***"
        if !value.isEmpty { secrets.append(value) }
        add(value, isInKey: true)
    }

    private mutating func add(_ value: String, isInKey: Bool) {
        refuseTextAfterList()
        isEscaped = false
        hasWord = true
        isPlain = false
        if !isInKey, keyWord == nil { keyWord = word }
        word.append(contentsOf: value.utf8)
        if isInKey { keyWord?.append(contentsOf: value.utf8) }
    }

    /// Appends a list whose elements become separate words. It must stand alone, between blanks.
    package mutating func append(list: [String]) {
        text += list.map(ShellQuoting.quoted).joined(separator: " ")
        if hasWord || isEscaped || quote != .none || endsWithList {
            record("an array must stand alone, with blanks around it; join its elements to make one word of them")
        }
        words += list
        keyWords? += list
        endsWithList = true
    }

    /// Ends the text.
    ///
    /// - Returns: The words, and those that decide the outcome if they differ; or the problem with the text.
    package consuming func finish() -> Result<(words: [String], keyWords: [String]?), Problem> {
        if let problem { return .failure(problem) }
        if quote != .none {
            let kind = quote == .single ? "single" : "double"
            return .failure(Problem(message: "the \(kind) quote at position \(quoteStart + 1) is never closed"))
        }
        if isEscaped { return .failure(Problem(message: "nothing follows the backslash at the end")) }
        endWord()
        return .success((words, keyWords))
    }

    private mutating func append(_ byte: UInt8, at position: Int) {
        switch (quote, byte) {
        case _ where isEscaped:
            appendEscaped(byte)
        case (.single, Ascii.singleQuote), (.double, Ascii.doubleQuote):
            quote = .none
        case (.single, _):
            add(byte)
        case (_, Ascii.backslash):
            refuseTextAfterList()
            isEscaped = true
        case (.double, _):
            add(byte)
        case (.none, Ascii.space), (.none, Ascii.tab), (.none, Ascii.newline):
            endWord()
        case (.none, Ascii.singleQuote):
            open(.single, at: position)
        case (.none, Ascii.doubleQuote):
            open(.double, at: position)
        case (.none, _):
            refuseTextAfterList()
            hasWord = true
            add(byte)
        }
    }

    private mutating func appendEscaped(_ byte: UInt8) {
        isEscaped = false
        isPlain = false
        // A backslash before a line break joins the two lines.
        if byte == Ascii.newline { return }
        // Within double quotes, a backslash only quotes the characters that have a meaning there.
        if quote == .double, !"$`\"\\".utf8.contains(byte) { add(Ascii.backslash) }
        hasWord = true
        add(byte)
    }

    private mutating func open(_ quote: Quote, at position: Int) {
        refuseTextAfterList()
        self.quote = quote
        isPlain = false
        // Positions are counted in characters, as people count.
        quoteStart = text.utf8.prefix(position).count(where: { $0 & 0xC0 != 0x80 })
        hasWord = true
    }

    private mutating func add(_ byte: UInt8) {
        word.append(byte)
        keyWord?.append(byte)
    }

    private mutating func endWord() {
        endsWithList = false
        defer { isPlain = true }
        guard hasWord else { return }
        firstShellWord = shellWord
        if let keyWord {
            keyWords = (keyWords ?? words) + [String(decoding: keyWord, as: UTF8.self)]
        } else {
            keyWords?.append(String(decoding: word, as: UTF8.self))
        }
        keyWord = nil
        words.append(String(decoding: word, as: UTF8.self))
        word.removeAll(keepingCapacity: true)
        hasWord = false
    }

    private var currentShellWord: String? {
        guard hasWord, isPlain, word.count < 100 else { return nil }
        let text = String(decoding: word, as: UTF8.self)
        let isOne =
            ["|", "|&", "||", "&&", "&", ";", "<", "<<"].contains(text)
            || [">", "1>", "2>", "&>"].contains { text.hasBytePrefix($0) }
        return isOne ? text : nil
    }

    private mutating func refuseTextAfterList() {
        if endsWithList {
            record("an array must stand alone, with blanks around it; join its elements to make one word of them")
        }
    }

    private mutating func record(_ message: String) {
        if problem == nil { problem = Problem(message: message) }
    }
}

private enum Ascii {
    static let tab = UInt8(ascii: "\t")
    static let newline = UInt8(ascii: "\n")
    static let space = UInt8(ascii: " ")
    static let doubleQuote = UInt8(ascii: "\"")
    static let singleQuote = UInt8(ascii: "'")
    static let backslash = UInt8(ascii: "\\")
}
