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

    enum Frame {
        case code(Code)
        case doubleQuotes(Int)
        case parameter(Int, isQuoted: Bool)
        case arithmetic(Arithmetic)
        case hereDocument(HereDocument)
    }

    /// A list of commands: the script itself, or one within `$(…)` or backquotes.
    struct Code {
        var start: Int
        var end: Unicode.Scalar?
        var depth = 0
        var cases = 0
        /// The depth of the parentheses with the elements of an array; nil outside of one.
        var arrayDepth: Int?
        var command = ShellWords()
        var hasWord = false
        /// Whether the next word is the target of a redirection that stands before the command.
        var awaitsTarget = false
        /// References in a `[[ … ]]`, and whether it compares numbers.
        var conditional: (references: [Int], comparesNumbers: Bool)?
        /// The references of the command, and those of the commands that write to its standard input.
        var references: [Int] = []
        var piped: [Int] = []
    }

    /// `$((…))`, `((…))`, or bash's older `$[…]`.
    struct Arithmetic {
        var start: Int
        var isBracketed = false
        var depth = 0
    }

    struct HereDocument {
        var delimiter: [Unicode.Scalar]
        var isLiteral: Bool
        var stripsTabs: Bool
        var start: Int
        /// The shell that runs the document's text, if it is for one.
        var shell: String?
    }

    let symbols: [Symbol]
    var position = 0
    var frames: [Frame]
    var waiting: [HereDocument] = []
    var contexts: [Context] = []

    /// - Returns: the context of each reference, in order.
    static func contexts(of symbols: [Symbol]) throws(Problem) -> [Context] {
        var scanner = ShellScanner(symbols)
        return try scanner.scan()
    }

    private init(_ symbols: [Symbol]) {
        self.symbols = symbols
        frames = [.code(Code(start: 0, end: nil))]
    }

    func scalar(_ offset: Int = 0) -> Unicode.Scalar? {
        guard position + offset < symbols.count, position + offset >= 0,
            case .scalar(let scalar) = symbols[position + offset]
        else { return nil }
        return scalar
    }

    func scalarIsReference(_ offset: Int) -> Bool {
        position + offset < symbols.count && symbols[position + offset] == .reference
    }

    /// A backslash would quote what begins the value's variable.
    func refuseBackslashBeforeValue() throws(Problem) {
        if scalarIsReference(1) {
            throw Problem(message: "a backslash can't stand before a value", position: position)
        }
    }

    func isAt(_ text: String) -> Bool {
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
            case .doubleQuotes: try stepInDoubleQuotes()
            case .parameter(_, let isQuoted): try stepInParameter(isQuoted)
            case .arithmetic(let arithmetic): stepInArithmetic(arithmetic)
            case .hereDocument(let document): try stepInHereDocument(document)
            }
        }
        if case .code(var code) = frames[0], frames.count == 1 {
            endCommand(&code)
            return contexts
        }
        switch frames[frames.count - 1] {
        case .doubleQuotes(let start): throw Problem(message: "the double quote has no end", position: start)
        case .parameter(let start, _): throw Problem(message: "'${' has no end", position: start)
        case .arithmetic(let arithmetic):
            throw Problem(
                message: "'\(arithmetic.isBracketed ? "$[" : "((")' has no end", position: arithmetic.start)
        case .code(let code): throw Problem(message: "'$(' or a backquote has no end", position: code.start)
        // A shell takes the end of the script for that of the document.
        case .hereDocument(let document):
            let delimiter = String(String.UnicodeScalarView(document.delimiter))
            throw Problem(
                message: "the here-document has no end: a line '\(delimiter)' is missing", position: document.start)
        }
    }
}
