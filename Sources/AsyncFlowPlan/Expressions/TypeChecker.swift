/// Finds the types of expressions, and what is wrong in them.
package struct TypeChecker {
    /// The names that an expression may read, with their types.
    package var names: [String: ValueType]
    /// What names outside of ``names`` mean, for the message that they can't be used here.
    package var unavailable: [String: String]
    /// What is known not to be null, as chains of fields.
    package var nonNull: Set<[String]> = []
    /// What to call fields of a name in messages: `'align' has no output 'bay'`.
    package var fieldWords: [String: String] = [:]
    /// More names, below those.
    var table: NameTable?
    package private(set) var diagnostics = Diagnostics()
    private var source = PlacedText("", at: .none)
    private var bound: [(name: String, type: ValueType)] = []

    package init(names: [String: ValueType], unavailable: [String: String] = [:]) {
        self.names = names
        self.unavailable = unavailable
    }

    /// The type of an expression; nil after an error.
    package mutating func type(of placed: PlacedExpression) -> ValueType? {
        source = placed.source
        return type(placed.expression)
    }

    private mutating func error(_ part: Expression, _ message: String, hint: String? = nil) {
        diagnostics.error(source.place(of: part.range), message, hint: hint)
    }

    /// The type, where null can't stand.
    private mutating func present(_ expression: Expression, _ purpose: String) -> ValueType? {
        guard let type = type(expression) else { return nil }
        guard type.mayBeNull else { return type }
        error(
            expression, "this may be null (\(type)), which \(purpose) can't take",
            hint: "write '?? value' behind it, or a 'when' that asks for it")
        return nil
    }

    private mutating func type(_ expression: Expression) -> ValueType? {
        switch expression.kind {
        case .literal(let value): return value.type
        case .name(let name): return type(named: name, expression)
        case .list(let elements):
            var joined: ValueType? = .never
            for element in elements {
                let type = type(element)
                joined = joined.flatMap { joined in type.map { joined.joined($0) } }
            }
            return joined.map { .list($0) }
        case .comprehension(let element, let variable, let source, let condition):
            return comprehension(element, variable, source, condition)
        case .range(let from, let to):
            for part in [from, to] { require(part, .int, "a range") }
            return .list(.int)
        case .not(let operand):
            require(operand, .bool, "'not'")
            return .bool
        case .negative(let operand):
            guard let type = present(operand, "'-'") else { return nil }
            if type.isNumber || type == .json { return type }
            error(operand, "'-' takes a number, not \(type)")
            return nil
        case .and(let a, let b): return both(a, b, "'and'", facts: facts(of: a, when: true))
        case .or(let a, let b): return both(a, b, "'or'", facts: facts(of: a, when: false))
        case .conditional(let condition, let then, let otherwise):
            require(condition, .bool, "'if'")
            let a = within(facts(of: condition, when: true)) { $0.type(then) }
            let b = within(facts(of: condition, when: false)) { $0.type(otherwise) }
            return a.flatMap { a in b.map { a.joined($0) } }
        case .comparison(let comparison, let a, let b): return self.comparison(comparison, a, b)
        case .arithmetic(let arithmetic, let a, let b): return self.arithmetic(arithmetic, a, b, expression)
        case .coalesce(let a, let b): return coalesce(a, b)
        case .member(let base, let name): return member(name, of: base, expression)
        case .index(let base, let index): return element(index, of: base)
        case .slice(let base, let from, let to):
            for part in [from, to] { if let part { require(part, .int, "a slice") } }
            guard let type = present(base, "a slice") else { return nil }
            switch type {
            case .list, .string, .json: return type
            case .enumeration: return .string
            default:
                error(base, "a slice is taken of a list or a string, not of \(type)")
                return nil
            }
        case .call(let name, let arguments):
            guard let function = Functions.all[name] else {
                let known = names[name] != nil || table?.type(of: name) != nil || bound.contains { $0.name == name }
                let message = known ? "'\(name)' isn't a function" : "there is no function '\(name)'"
                error(
                    expression, message,
                    hint: Nearest.name(to: name, among: Functions.all.keys).map { "did you mean '\($0)'?" })
                for argument in arguments { _ = type(argument) }
                return nil
            }
            return call(function, arguments, expression)
        case .method(let base, let name, let arguments):
            guard let method = Functions.methods[name] else {
                error(
                    expression, "strings have no method '\(name)'",
                    hint: Nearest.name(to: name, among: Functions.methods.keys).map { "did you mean '\($0)'?" }
                        ?? (Functions.all[name] != nil ? "it is a function: \(Functions.all[name]!.signature)" : nil))
                return nil
            }
            return call(method, [base] + arguments, expression)
        }
    }

    private mutating func type(named name: String, _ expression: Expression) -> ValueType? {
        if let type = bound.last(where: { $0.name == name })?.type ?? names[name] ?? table?.type(of: name) {
            return nonNull.contains([name]) ? type.withoutNull : type
        }
        if let reason = unavailable[name] {
            error(expression, reason)
        } else if Functions.all[name] != nil {
            error(expression, "'\(name)' is a function", hint: "call it: \(Functions.all[name]!.signature)")
        } else {
            let known = Array(names.keys) + (table?.names ?? [])
            let near = Nearest.name(to: name, among: known + bound.map(\.name))
            error(
                expression, "there is no '\(name)' here",
                hint: near.map { "did you mean '\($0)'?" } ?? "there is \(Self.listing(known.sorted()))")
        }
        return nil
    }

    private static func listing(_ names: [String]) -> String {
        if names.isEmpty { return "nothing" }
        let shown = names.prefix(8).map { "'\($0)'" }.joined(separator: ", ")
        return names.count > 8 ? "\(shown) and \(names.count - 8) more" : shown
    }

    private mutating func require(_ expression: Expression, _ target: ValueType, _ purpose: String) {
        guard let type = present(expression, purpose) else { return }
        if !type.fits(target) { error(expression, "\(purpose) takes \(target), not \(type)") }
    }

    private mutating func within<T>(_ facts: Set<[String]>, _ body: (inout TypeChecker) -> T) -> T {
        let before = nonNull
        nonNull.formUnion(facts)
        defer { nonNull = before }
        return body(&self)
    }

    private mutating func both(_ a: Expression, _ b: Expression, _ word: String, facts: Set<[String]>) -> ValueType {
        require(a, .bool, word)
        within(facts) { $0.require(b, .bool, word) }
        return .bool
    }

    /// What isn't null where a condition holds, or where it doesn't.
    package static func facts(of condition: Expression, when outcome: Bool) -> Set<[String]> {
        switch condition.kind {
        case .comparison(let comparison, let a, let b):
            guard comparison == (outcome ? .notEqual : .equal) else { return [] }
            for (x, y) in [(a, b), (b, a)] {
                if case .literal(.null) = y.kind, let path = x.paths.first, x.paths.count == 1, x.isPath {
                    return [path]
                }
            }
            return []
        case .and(let a, let b) where outcome: return facts(of: a, when: true).union(facts(of: b, when: true))
        case .or(let a, let b) where !outcome: return facts(of: a, when: false).union(facts(of: b, when: false))
        case .not(let a): return facts(of: a, when: !outcome)
        default: return []
        }
    }

    private func facts(of condition: Expression, when outcome: Bool) -> Set<[String]> {
        Self.facts(of: condition, when: outcome)
    }

    private mutating func comprehension(
        _ element: Expression, _ variable: String, _ source: Expression, _ condition: Expression?
    ) -> ValueType? {
        let from = present(source, "'for'")
        var elementType: ValueType?
        switch from {
        case .list(let type): elementType = type
        case .json, .never: elementType = .json
        case nil: break
        case let other?: error(source, "'for \(variable) in' takes a list, not \(other)")
        }
        bound.append((variable, elementType ?? .json))
        // Facts about an outer name don't hold for the variable of the same name.
        let before = nonNull
        nonNull = nonNull.filter { $0[0] != variable }
        defer {
            bound.removeLast()
            nonNull = before
        }
        var facts: Set<[String]> = []
        if let condition {
            require(condition, .bool, "'if'")
            facts = self.facts(of: condition, when: true)
        }
        return within(facts) { $0.type(element) }.map { .list($0) }
    }

    private mutating func comparison(
        _ comparison: Expression.Comparison, _ a: Expression, _ b: Expression
    ) -> ValueType {
        switch comparison {
        case .equal, .notEqual:
            guard let x = type(a), let y = type(b) else { return .bool }
            checkEquality(x, y, b)
        case .within, .notWithin:
            let part = type(a)
            guard let whole = present(b, "'in'") else { return .bool }
            switch whole {
            case .list(let element):
                if let part, !part.mayEqual(element) { error(a, "\(part) is never in a list of \(element)") }
            case .string, .enumeration:
                if let part, !part.fits(.string) { error(a, "only a string is in a string, not \(part)") }
            case .json, .record: break
            default: error(b, "'in' takes a list or a string, not \(whole)")
            }
        case .less, .lessOrEqual, .greater, .greaterOrEqual:
            let (x, y) = (present(a, "'\(comparison.rawValue)'"), present(b, "'\(comparison.rawValue)'"))
            guard let x, let y, !x.hasOrder(with: y) else { return .bool }
            error(a, "\(x) and \(y) have no order")
        }
        return .bool
    }

    private mutating func checkEquality(_ x: ValueType, _ y: ValueType, _ right: Expression) {
        for (names, other) in [(x, y), (y, x)] {
            guard case .enumeration(let names) = names.withoutNull, case .literal(.string(let text)) = right.kind,
                other == .string, !names.contains(text)
            else { continue }
            error(
                right, "'\(text)' isn't one of \(names.joined(separator: ", "))",
                hint: Nearest.name(to: text, among: names).map { "did you mean '\($0)'?" })
            return
        }
        if !x.mayEqual(y) { error(right, "\(x) and \(y) are never equal") }
    }

    private mutating func arithmetic(
        _ arithmetic: Expression.Arithmetic, _ a: Expression, _ b: Expression, _ whole: Expression
    ) -> ValueType? {
        let word = "'\(arithmetic.rawValue)'"
        let (x, y) = (present(a, word), present(b, word))
        guard let x, let y else { return nil }
        switch (x, y) {
        case _ where x.isNumber && y.isNumber:
            if arithmetic == .divide { return .float }
            return x == .float || y == .float ? .float : .int
        case (.json, _), (_, .json): return .json
        case _ where x.isText && y.isText && arithmetic == .add: return .string
        case (.list(let p), .list(let q)) where arithmetic == .add: return .list(p.joined(q))
        case (.string, .int) where arithmetic == .multiply, (.int, .string) where arithmetic == .multiply:
            return .string
        case (.list, .int) where arithmetic == .multiply: return x
        case (.int, .list) where arithmetic == .multiply: return y
        default:
            let isMixed = arithmetic == .add && (x.isText || y.isText)
            error(
                whole, "\(word) can't be applied to \(x) and \(y)",
                hint: isMixed ? "write str(…) around the value that becomes text" : nil)
            return nil
        }
    }

    private mutating func coalesce(_ a: Expression, _ b: Expression) -> ValueType? {
        let (x, y) = (type(a), type(b))
        guard let x, let y else { return nil }
        if !x.mayBeNull, x != .json, x != .never {
            diagnostics.warning(
                source.place(of: b.range), "'??' has no effect: the value before it is never null (\(x))")
        }
        return x.withoutNull.joined(y)
    }

    private mutating func member(_ name: String, of base: Expression, _ whole: Expression) -> ValueType? {
        guard let type = type(base) else { return nil }
        let owner = base.isPath ? base.paths[0].joined(separator: ".") : nil
        guard let found = field(name, of: type, owner, whole) else { return nil }
        if whole.isPath, nonNull.contains(whole.paths[0]) { return found.withoutNull }
        return found
    }

    private mutating func field(
        _ name: String, of type: ValueType, _ owner: String?, _ whole: Expression
    ) -> ValueType? {
        switch type {
        case .record(let fields):
            if let field = fields.first(where: { $0.name == name }) { return field.type }
            let subject = owner.map { "'\($0)'" } ?? "the record"
            let names = fields.map(\.name)
            let word = owner.flatMap { fieldWords[$0] ?? table?.word(for: $0) } ?? "field"
            error(
                whole.lastPart(name), "\(subject) has no \(word) '\(name)'; it has \(Self.listing(names))",
                hint: Nearest.name(to: name, among: names).map { "did you mean '\($0)'?" })
            return nil
        case .list(let element): return field(name, of: element, owner, whole).map { .list($0) }
        case .optional(let type): return field(name, of: type, owner, whole).map(\.orNull)
        case .json: return .json
        case .never: return .never
        case .null, .string, .int, .float, .bool, .file, .directory, .enumeration:
            let isMethod = Functions.methods[name] != nil && type.isText
            error(
                whole.lastPart(name), "\(type) has no '\(name)'",
                hint: isMethod ? "call it: \(Functions.methods[name]!.signature)" : nil)
            return nil
        }
    }

    private mutating func element(_ index: Expression, of base: Expression) -> ValueType? {
        guard let type = present(base, "'[…]'") else { return nil }
        switch type {
        case .list(let element):
            require(index, .int, "a place in a list")
            return element == .never ? .json : element
        case .string, .enumeration:
            require(index, .int, "a place in a string")
            return .string
        case .json:
            _ = present(index, "'[…]'")
            return .json
        case .record(let fields):
            require(index, .string, "a field of a record")
            if case .literal(.string(let name)) = index.kind { return field(name, of: type, nil, index) }
            return fields.reduce(ValueType.never) { $0.joined($1.type) }
        default:
            error(base, "\(type) has no elements")
            return nil
        }
    }

    private mutating func call(_ function: Function, _ arguments: [Expression], _ whole: Expression) -> ValueType? {
        var types: [ValueType] = []
        for argument in arguments {
            let type = function.takesNull ? type(argument) : present(argument, "'\(function.name)'")
            if let type { types.append(type) }
        }
        guard function.arity.contains(arguments.count) else {
            error(
                whole, "'\(function.name)' doesn't take \(arguments.count) argument\(arguments.count == 1 ? "" : "s")",
                hint: "it is called so: \(function.signature)")
            return nil
        }
        guard types.count == arguments.count else { return nil }
        do throws(ValueError) { return try function.type(types) } catch {
            self.error(whole, error.description, hint: "it is called so: \(function.signature)")
            return nil
        }
    }
}

extension Expression {
    /// Whether it is a name, or a chain of fields of one.
    var isPath: Bool {
        switch kind {
        case .name: true
        case .member(let base, _): base.isPath
        default: false
        }
    }

    /// The end of it that names a field.
    fileprivate func lastPart(_ name: String) -> Expression {
        let start = max(range.lowerBound, range.upperBound - name.unicodeScalars.count)
        return Expression(kind, start..<range.upperBound)
    }
}

extension ValueType {
    /// Whether values of both can be equal.
    func mayEqual(_ other: ValueType) -> Bool {
        switch (self, other) {
        case (.json, _), (_, .json), (.never, _), (_, .never): true
        case (.null, _), (_, .null), (.optional, .optional): true
        case (.optional(let a), let b), (let b, .optional(let a)): a.mayEqual(b)
        case (.list, .list), (.record, .record): true
        default: self == other || isNumber && other.isNumber || isText && other.isText
        }
    }

    /// Whether values of both have an order.
    func hasOrder(with other: ValueType) -> Bool {
        switch (self, other) {
        case (.json, _), (_, .json), (.never, _), (_, .never): true
        case (.list(let a), .list(let b)): a.hasOrder(with: b)
        case (.file, .file), (.directory, .directory), (.bool, .bool): true
        default: isNumber && other.isNumber || isText && other.isText
        }
    }
}
