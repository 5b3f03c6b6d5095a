/// An expression: a total subset of Python's.
///
/// It reads names, calls pure functions and makes a value. It has no assignments, no functions of its own and no loops
/// but those over lists, so that each ends.
package final class Expression: Sendable {
    package indirect enum Kind: Sendable {
        case literal(Value)
        case name(String)
        case list([Expression])
        case comprehension(element: Expression, variable: String, source: Expression, condition: Expression?)
        case range(Expression, Expression)
        case not(Expression)
        case negative(Expression)
        case and(Expression, Expression)
        case or(Expression, Expression)
        case conditional(condition: Expression, then: Expression, otherwise: Expression)
        case comparison(Comparison, Expression, Expression)
        case arithmetic(Arithmetic, Expression, Expression)
        case coalesce(Expression, Expression)
        case member(Expression, String)
        case index(Expression, Expression)
        case slice(Expression, from: Expression?, to: Expression?)
        case call(String, [Expression])
        case method(Expression, String, [Expression])
    }

    package enum Comparison: String, Sendable {
        case equal = "=="
        case notEqual = "!="
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
        case within = "in"
        case notWithin = "not in"
    }

    package enum Arithmetic: String, Sendable {
        case add = "+"
        case subtract = "-"
        case multiply = "*"
        case divide = "/"
        case floorDivide = "//"
        case modulo = "%"
    }

    package let kind: Kind
    /// The scalars of the text that it is made of.
    package let range: Range<Int>
    /// How many expressions lie within each other.
    let depth: Int

    package init(_ kind: Kind, _ range: Range<Int>) {
        self.kind = kind
        self.range = range
        depth = (Self.children(of: kind).map(\.depth).max() ?? 0) + 1
    }

    /// What it consists of.
    package var children: [Expression] { Self.children(of: kind) }

    private static func children(of kind: Kind) -> [Expression] {
        switch kind {
        case .literal, .name: []
        case .list(let elements): elements
        case .comprehension(let element, _, let source, let condition):
            [element, source] + (condition.map { [$0] } ?? [])
        case .not(let a), .negative(let a), .member(let a, _): [a]
        case .range(let a, let b), .and(let a, let b), .or(let a, let b), .comparison(_, let a, let b),
            .arithmetic(_, let a, let b), .coalesce(let a, let b), .index(let a, let b):
            [a, b]
        case .conditional(let condition, let then, let otherwise): [condition, then, otherwise]
        case .slice(let a, let from, let to): [a] + [from, to].compactMap { $0 }
        case .call(_, let arguments): arguments
        case .method(let a, _, let arguments): [a] + arguments
        }
    }

    /// The names that it reads from outside, each with the fields that are read of it: `a.b.c` is `["a", "b", "c"]`.
    package var paths: [[String]] {
        var found: [[String]] = []
        collectPaths(into: &found, bound: [])
        return found
    }

    private func collectPaths(into found: inout [[String]], bound: Set<String>) {
        switch kind {
        case .name(let name): if !bound.contains(name) { found.append([name]) }
        case .member:
            if let path = path {
                if !bound.contains(path[0]) { found.append(path) }
            } else {
                for child in children { child.collectPaths(into: &found, bound: bound) }
            }
        case .comprehension(let element, let variable, let source, let condition):
            source.collectPaths(into: &found, bound: bound)
            element.collectPaths(into: &found, bound: bound.union([variable]))
            condition?.collectPaths(into: &found, bound: bound.union([variable]))
        default: for child in children { child.collectPaths(into: &found, bound: bound) }
        }
    }

    /// The names of a chain of fields that begins with a name.
    private var path: [String]? {
        switch kind {
        case .name(let name): [name]
        case .member(let base, let name): base.path.map { $0 + [name] }
        default: nil
        }
    }

    /// The names that it reads from outside.
    package var roots: Set<String> { Set(paths.map { $0[0] }) }
}

/// An expression that stands somewhere in a file.
package struct PlacedExpression: Sendable {
    package let expression: Expression
    package let source: PlacedText

    package init(_ expression: Expression, _ source: PlacedText) {
        self.expression = expression
        self.source = source
    }

    package var place: Place { source.place(of: expression.range) }
    package func place(of part: Expression) -> Place { source.place(of: part.range) }
    package var roots: Set<String> { expression.roots }
}

/// An error in the text of an expression.
package struct ExpressionSyntaxError: Error, Sendable {
    package let message: String
    package let hint: String?
    package let range: Range<Int>
}
