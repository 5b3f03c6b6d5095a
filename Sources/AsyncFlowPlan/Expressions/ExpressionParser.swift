/// Reads the text of an expression.
package struct ExpressionParser {
    /// The deepest nesting.
    static let deepest = 64
    /// The deepest nesting of comprehensions: the work grows with its power.
    static let deepestComprehension = 3
    /// The most pieces that an expression may consist of.
    static let longest = 4000
    /// The most operators in a row, since a chain of them is gone through one within the other.
    static let longestChain = 256

    private let tokens: [Token]
    private var position = 0
    private var depth = 0
    private var comprehensions = 0

    /// - Throws: ``ExpressionSyntaxError`` with the range of scalars that it is about.
    package static func parse(_ text: String) throws(ExpressionSyntaxError) -> Expression {
        var parser = ExpressionParser(tokens: try Token.tokens(of: text))
        if parser.tokens.count > longest {
            throw parser.failure("the expression is too long", 0..<1)
        }
        if case .end = parser.current.kind {
            throw ExpressionSyntaxError(message: "the expression is empty", hint: nil, range: 0..<1)
        }
        let expression = try parser.expression()
        guard case .end = parser.current.kind else { throw parser.unexpected() }
        if expression.depth > longestChain {
            throw parser.failure("the expression has more than \(longestChain) operators in a row", expression.range)
        }
        return expression
    }

    private init(tokens: [Token]) { self.tokens = tokens }

    private var current: Token { tokens[position] }

    private func failure(_ message: String, _ range: Range<Int>, hint: String? = nil) -> ExpressionSyntaxError {
        ExpressionSyntaxError(message: message, hint: hint, range: range)
    }

    private func isSymbol(_ text: String) -> Bool { current.kind == .symbol(text) }
    private func isWord(_ text: String) -> Bool { current.kind == .word(text) }

    private mutating func takeSymbol(_ text: String) -> Bool {
        guard isSymbol(text) else { return false }
        position += 1
        return true
    }

    private mutating func takeWord(_ text: String) -> Bool {
        guard isWord(text) else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ symbol: String, _ purpose: String) throws(ExpressionSyntaxError) {
        if !takeSymbol(symbol) { throw unexpected("'\(symbol)' is missing \(purpose)") }
    }

    /// What to write instead of what other languages have.
    private static let advice: [String: String] = [
        "=": "compare with '=='", "&": "write 'and'", "|": "write 'or'", "!": "write 'not'",
        "?": "write 'a if condition else b'", "**": "there is no power; multiply",
        "{": "there are no dictionaries here",
        ":": "a conditional is 'a if condition else b'", "...": "a range is 'first..last'",
    ]

    private func unexpected(_ message: String? = nil) -> ExpressionSyntaxError {
        switch current.kind {
        case .end:
            return failure(
                message ?? "the expression ends too early", current.range.lowerBound..<current.range.lowerBound + 1)
        case .symbol(let text):
            return failure(message ?? "'\(text)' can't stand here", current.range, hint: Self.advice[text])
        case .word(let text): return failure(message ?? "'\(text)' can't stand here", current.range)
        case .name(let text):
            return failure(message ?? "'\(text)' can't stand here; an operator is missing", current.range)
        case .int, .float, .string:
            return failure(message ?? "a value can't stand here; an operator is missing", current.range)
        }
    }

    private mutating func nested(
        _ body: (inout ExpressionParser) throws(ExpressionSyntaxError) -> Expression
    ) throws(ExpressionSyntaxError) -> Expression {
        depth += 1
        if depth > Self.deepest { throw failure("the expression is nested too deeply", current.range) }
        defer { depth -= 1 }
        return try body(&self)
    }

    private mutating func expression() throws(ExpressionSyntaxError) -> Expression {
        try nested { (parser) throws(ExpressionSyntaxError) in try parser.conditional() }
    }

    private mutating func conditional() throws(ExpressionSyntaxError) -> Expression {
        let then = try or()
        guard takeWord("if") else { return then }
        let condition = try or()
        guard takeWord("else") else { throw unexpected("'else' is missing") }
        let otherwise = try expression()
        return Expression(
            .conditional(condition: condition, then: then, otherwise: otherwise),
            then.range.lowerBound..<otherwise.range.upperBound)
    }

    private mutating func or() throws(ExpressionSyntaxError) -> Expression {
        var left = try and()
        while takeWord("or") {
            let right = try and()
            left = Expression(.or(left, right), left.range.lowerBound..<right.range.upperBound)
        }
        return left
    }

    private mutating func and() throws(ExpressionSyntaxError) -> Expression {
        var left = try not()
        while takeWord("and") {
            let right = try not()
            left = Expression(.and(left, right), left.range.lowerBound..<right.range.upperBound)
        }
        return left
    }

    private mutating func not() throws(ExpressionSyntaxError) -> Expression {
        let start = current.range.lowerBound
        guard takeWord("not") else { return try comparison() }
        let operand = try nested { (parser) throws(ExpressionSyntaxError) in try parser.not() }
        return Expression(.not(operand), start..<operand.range.upperBound)
    }

    private mutating func takeComparison() -> Expression.Comparison? {
        switch current.kind {
        case .symbol(let text):
            guard let comparison = Expression.Comparison(rawValue: text) else { return nil }
            position += 1
            return comparison
        case .word("in"):
            position += 1
            return .within
        case .word("not"):
            guard tokens[position + 1].kind == .word("in") else { return nil }
            position += 2
            return .notWithin
        default: return nil
        }
    }

    private mutating func comparison() throws(ExpressionSyntaxError) -> Expression {
        let left = try sum()
        guard let comparison = takeComparison() else { return left }
        let right = try sum()
        let start = current.range
        if takeComparison() != nil {
            throw failure("comparisons can't be chained", start, hint: "write 'a < b and b < c'")
        }
        return Expression(.comparison(comparison, left, right), left.range.lowerBound..<right.range.upperBound)
    }

    private mutating func takeOperator(_ operators: [String]) -> Expression.Arithmetic? {
        guard case .symbol(let text) = current.kind, operators.contains(text) else { return nil }
        position += 1
        return Expression.Arithmetic(rawValue: text)
    }

    private mutating func sum() throws(ExpressionSyntaxError) -> Expression {
        var left = try term()
        while let arithmetic = takeOperator(["+", "-"]) {
            let right = try term()
            left = Expression(.arithmetic(arithmetic, left, right), left.range.lowerBound..<right.range.upperBound)
        }
        // Ranges bind least of all that makes numbers.
        if takeSymbol("..") {
            let right = try term()
            return Expression(.range(left, right), left.range.lowerBound..<right.range.upperBound)
        }
        return left
    }

    private mutating func term() throws(ExpressionSyntaxError) -> Expression {
        var left = try unary()
        while let arithmetic = takeOperator(["*", "/", "//", "%"]) {
            let right = try unary()
            left = Expression(.arithmetic(arithmetic, left, right), left.range.lowerBound..<right.range.upperBound)
        }
        return left
    }

    private mutating func unary() throws(ExpressionSyntaxError) -> Expression {
        let start = current.range.lowerBound
        guard takeSymbol("-") else { return try coalesce() }
        let operand = try nested { (parser) throws(ExpressionSyntaxError) in try parser.unary() }
        return Expression(.negative(operand), start..<operand.range.upperBound)
    }

    private mutating func coalesce() throws(ExpressionSyntaxError) -> Expression {
        var left = try postfix()
        while takeSymbol("??") {
            let right = try postfix()
            left = Expression(.coalesce(left, right), left.range.lowerBound..<right.range.upperBound)
        }
        return left
    }

    private mutating func postfix() throws(ExpressionSyntaxError) -> Expression {
        var base = try atom()
        var count = 0
        while true {
            count += 1
            if count > Self.deepest { throw failure("the expression is nested too deeply", current.range) }
            let start = base.range.lowerBound
            if takeSymbol(".") {
                guard case .name(let name) = current.kind else { throw unexpected("a name is missing after '.'") }
                position += 1
                if takeSymbol("(") {
                    let arguments = try arguments()
                    base = Expression(.method(base, name, arguments), start..<tokens[position - 1].range.upperBound)
                } else {
                    base = Expression(.member(base, name), start..<tokens[position - 1].range.upperBound)
                }
            } else if takeSymbol("[") {
                base = try subscripted(base)
            } else if isSymbol("(") {
                guard case .name(let name) = base.kind else { throw failure("this isn't a function", base.range) }
                position += 1
                let arguments = try arguments()
                base = Expression(.call(name, arguments), start..<tokens[position - 1].range.upperBound)
            } else {
                return base
            }
        }
    }

    private mutating func subscripted(_ base: Expression) throws(ExpressionSyntaxError) -> Expression {
        let start = base.range.lowerBound
        let from = isSymbol(":") ? nil : try expression()
        if takeSymbol(":") {
            let to = isSymbol("]") ? nil : try expression()
            try expect("]", "at the end of the slice")
            return Expression(.slice(base, from: from, to: to), start..<tokens[position - 1].range.upperBound)
        }
        try expect("]", "after the index")
        return Expression(.index(base, from!), start..<tokens[position - 1].range.upperBound)
    }

    private mutating func arguments() throws(ExpressionSyntaxError) -> [Expression] {
        var arguments: [Expression] = []
        if takeSymbol(")") { return [] }
        while true {
            arguments.append(try expression())
            if takeSymbol(")") { return arguments }
            try expect(",", "between arguments")
            if takeSymbol(")") { return arguments }
        }
    }

    private mutating func atom() throws(ExpressionSyntaxError) -> Expression {
        let token = current
        switch token.kind {
        case .int(let number): return literal(.int(number))
        case .float(let number): return literal(.float(number))
        case .string(let text): return literal(.string(text))
        case .word("true"): return literal(.bool(true))
        case .word("false"): return literal(.bool(false))
        case .word("null"): return literal(.null)
        case .name(let name):
            if let right = ["True": "true", "False": "false", "None": "null", "nil": "null"][name] {
                throw failure("'\(name)' is written '\(right)' here", token.range)
            }
            if name == "lambda" { throw failure("there are no lambdas here", token.range) }
            position += 1
            return Expression(.name(name), token.range)
        case .symbol("("):
            position += 1
            let inner = try expression()
            try expect(")", "at the end of the parentheses")
            return Expression(inner.kind, token.range.lowerBound..<tokens[position - 1].range.upperBound)
        case .symbol("["):
            position += 1
            return try list(from: token.range.lowerBound)
        default: throw unexpected()
        }
    }

    private mutating func literal(_ value: Value) -> Expression {
        defer { position += 1 }
        return Expression(.literal(value), current.range)
    }

    private mutating func list(from start: Int) throws(ExpressionSyntaxError) -> Expression {
        if takeSymbol("]") { return Expression(.list([]), start..<tokens[position - 1].range.upperBound) }
        let first = try expression()
        if takeWord("for") { return try comprehension(of: first, from: start) }
        var elements = [first]
        while !takeSymbol("]") {
            try expect(",", "between the elements of the list")
            if takeSymbol("]") { break }
            elements.append(try expression())
        }
        return Expression(.list(elements), start..<tokens[position - 1].range.upperBound)
    }

    private mutating func comprehension(
        of element: Expression, from start: Int
    ) throws(ExpressionSyntaxError) -> Expression {
        guard case .name(let variable) = current.kind else { throw unexpected("a name is missing after 'for'") }
        position += 1
        guard takeWord("in") else { throw unexpected("'in' is missing after '\(variable)'") }
        let source = try or()
        var condition: Expression?
        if takeWord("if") { condition = try or() }
        if isWord("for") {
            throw failure("a list has one 'for' here", current.range, hint: "flatten([[… for b in …] for a in …])")
        }
        try expect("]", "at the end of the list")
        let expression = Expression(
            .comprehension(element: element, variable: variable, source: source, condition: condition),
            start..<tokens[position - 1].range.upperBound)
        if expression.comprehensionDepth > Self.deepestComprehension {
            throw failure(
                "lists are made within lists more than \(Self.deepestComprehension) deep", expression.range,
                hint: "make a step with 'value' for a part of it")
        }
        return expression
    }
}

extension Expression {
    /// How deeply lists are made within lists.
    fileprivate var comprehensionDepth: Int {
        let inner = children.map(\.comprehensionDepth).max() ?? 0
        if case .comprehension = kind { return inner + 1 }
        return inner
    }
}
