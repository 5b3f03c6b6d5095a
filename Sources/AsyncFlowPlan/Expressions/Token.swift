/// The pieces that the text of an expression is made of.
struct Token: Sendable {
    enum Kind: Sendable, Equatable {
        case int(Int)
        case float(Double)
        case string(String)
        case name(String)
        /// A word of the language: `and`, `if`, …
        case word(String)
        case symbol(String)
        case end
    }

    let kind: Kind
    let range: Range<Int>

    static let words: Set<String> = ["and", "or", "not", "in", "if", "else", "for", "true", "false", "null"]
    private static let symbols3 = ["..."]
    private static let symbols2 = ["==", "!=", "<=", ">=", "//", "**", "??", ".."]
    private static let symbols1 = "+-*/%<>()[].,:=&|!?{}~^@;"

    /// The pieces of a text.
    static func tokens(of text: String) throws(ExpressionSyntaxError) -> [Token] {
        var scanner = Scanner(scalars: Array(text.unicodeScalars))
        return try scanner.all()
    }

    private struct Scanner {
        let scalars: [Unicode.Scalar]
        var position = 0

        mutating func all() throws(ExpressionSyntaxError) -> [Token] {
            var tokens: [Token] = []
            while true {
                while position < scalars.count, scalars[position].properties.isWhitespace { position += 1 }
                let start = position
                guard position < scalars.count else {
                    tokens.append(Token(kind: .end, range: start..<start))
                    return tokens
                }
                let kind = try next()
                tokens.append(Token(kind: kind, range: start..<position))
            }
        }

        private func peek(_ offset: Int = 0) -> Unicode.Scalar? {
            position + offset < scalars.count ? scalars[position + offset] : nil
        }

        private mutating func next() throws(ExpressionSyntaxError) -> Token.Kind {
            let scalar = scalars[position]
            if Self.isDigit(scalar) || scalar == "." && peek(1).map(Self.isDigit) == true { return try number() }
            if scalar == "\"" || scalar == "'" { return .string(try string(scalar)) }
            if Self.beginsName(scalar) {
                let start = position
                while let scalar = peek(), Self.beginsName(scalar) || Self.isDigit(scalar) { position += 1 }
                let name = text(start)
                return Token.words.contains(name) ? .word(name) : .name(name)
            }
            for (symbols, length) in [(Token.symbols3, 3), (Token.symbols2, 2)] where position + length <= scalars.count
            {
                var piece = ""
                for offset in 0..<length { piece.unicodeScalars.append(scalars[position + offset]) }
                if symbols.contains(piece) {
                    position += length
                    return .symbol(piece)
                }
            }
            if Token.symbols1.unicodeScalars.contains(scalar) {
                position += 1
                return .symbol(String(Character(scalar)))
            }
            throw failure("an expression can't have '\(Character(scalar))' in it", position..<position + 1)
        }

        private func text(_ start: Int) -> String {
            var text = ""
            for scalar in scalars[start..<position] { text.unicodeScalars.append(scalar) }
            return text
        }

        private func failure(_ message: String, _ range: Range<Int>, hint: String? = nil) -> ExpressionSyntaxError {
            ExpressionSyntaxError(message: message, hint: hint, range: range)
        }

        private mutating func number() throws(ExpressionSyntaxError) -> Token.Kind {
            let start = position
            var isWhole = true
            skipDigits()
            // `1..3` is a range, `1.` isn't a number.
            if peek() == ".", let digit = peek(1), Self.isDigit(digit) {
                isWhole = false
                position += 1
                skipDigits()
            }
            if peek() == "e" || peek() == "E" {
                let sign = peek(1) == "+" || peek(1) == "-" ? 1 : 0
                if let digit = peek(1 + sign), Self.isDigit(digit) {
                    isWhole = false
                    position += 1 + sign
                    skipDigits()
                }
            }
            if let scalar = peek(), Self.beginsName(scalar) {
                while let scalar = peek(), Self.beginsName(scalar) || Self.isDigit(scalar) { position += 1 }
                throw failure(
                    "'\(text(start))' isn't a number", start..<position,
                    hint: "a quantity with a unit stands in quotes here, and only settings have them")
            }
            let text = text(start)
            if isWhole {
                if text.utf8.count > 1, text.hasPrefix("0") {
                    throw failure("a whole number doesn't begin with 0", start..<position)
                }
                guard let number = Int(text) else {
                    throw failure("the number \(text) is too large", start..<position)
                }
                return .int(number)
            }
            guard let number = Double(text), number.isFinite else {
                throw failure("the number \(text) is too large", start..<position)
            }
            return .float(number)
        }

        private mutating func skipDigits() { while let scalar = peek(), Self.isDigit(scalar) { position += 1 } }

        private mutating func string(_ quote: Unicode.Scalar) throws(ExpressionSyntaxError) -> String {
            let start = position
            position += 1
            var result = ""
            while let scalar = peek() {
                position += 1
                if scalar == quote { return result }
                if scalar == "\\" {
                    result.unicodeScalars.append(try escape(quote))
                } else {
                    result.unicodeScalars.append(scalar)
                }
            }
            throw failure("the string has no end", start..<position)
        }

        private mutating func escape(_ quote: Unicode.Scalar) throws(ExpressionSyntaxError) -> Unicode.Scalar {
            let start = position - 1
            guard let scalar = peek() else { throw failure("the string has no end", start..<position) }
            position += 1
            switch scalar {
            case "n": return "\n"
            case "t": return "\t"
            case "r": return "\r"
            case "\\", "'", "\"": return scalar
            case "x", "u":
                let count = scalar == "x" ? 2 : 4
                var number: UInt32 = 0
                for _ in 0..<count {
                    guard let digit = peek(), let value = Character(digit).hexDigitValue else {
                        throw failure("\(count) hexadecimal digits are missing", start..<position)
                    }
                    number = number * 16 + UInt32(value)
                    position += 1
                }
                guard let result = Unicode.Scalar(number) else {
                    throw failure("there is no such character", start..<position)
                }
                return result
            default:
                throw failure(
                    "'\\\(Character(scalar))' isn't an escape", start..<position, hint: "a backslash itself is '\\\\'")
            }
        }

        private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }
        private static func beginsName(_ scalar: Unicode.Scalar) -> Bool {
            ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || scalar == "_"
        }
    }
}

/// What a name in a plan can be.
package enum PlanName {
    /// The reason why something can't be named so; nil if it can.
    package static func problem(_ name: String) -> String? {
        let scalars = Array(name.unicodeScalars)
        let isLetter = { (scalar: Unicode.Scalar) in
            ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || scalar == "_"
        }
        if scalars.isEmpty { return "it is empty" }
        if scalars.count > 100 { return "it is longer than 100 characters" }
        if Token.words.contains(name) { return "it is a word of expressions" }
        guard isLetter(scalars[0]), scalars.allSatisfy({ isLetter($0) || ("0"..."9").contains($0) }) else {
            return name.unicodeScalars.contains("-")
                ? "'-' would be a subtraction in expressions; write '\(name.replacing("-", with: "_"))'"
                : "it consists of letters, digits and '_', and begins with a letter"
        }
        return nil
    }
}
