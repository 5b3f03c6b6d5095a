/// Finds the values of expressions.
package struct Evaluator {
    package let files: any FileReading
    /// The value of a name from outside; nil if there is none.
    private let lookUp: (String) throws(ValueError) -> Value?
    private var bound: [(name: String, value: Value)] = []
    private var fuel = Fuel()

    package init(files: any FileReading, lookUp: @escaping (String) throws(ValueError) -> Value?) {
        self.files = files
        self.lookUp = lookUp
    }

    /// - Throws: ``ValueError``, where the values don't suit the expression.
    package mutating func value(of expression: Expression) throws(ValueError) -> Value {
        try fuel.use()
        switch expression.kind {
        case .literal(let value): return value
        case .name(let name): return try value(named: name)
        case .list(let elements):
            var values: [Value] = []
            for element in elements { values.append(try value(of: element)) }
            return .list(values)
        case .comprehension(let element, let variable, let source, let condition):
            return try list(element, variable, source, condition)
        case .range(let from, let to): return try range(value(of: from), value(of: to))
        case .not(let operand): return .bool(try !flag(operand, "not"))
        case .negative(let operand): return try Operators.negative(value(of: operand))
        case .and(let a, let b): return .bool(try flag(a, "and") ? flag(b, "and") : false)
        case .or(let a, let b): return .bool(try flag(a, "or") ? true : flag(b, "or"))
        case .conditional(let condition, let then, let otherwise):
            return try flag(condition, "if") ? value(of: then) : value(of: otherwise)
        case .comparison(let comparison, let a, let b):
            let (a, b) = (try value(of: a), try value(of: b))
            return .bool(try Operators.compare(comparison, a, b, &fuel))
        case .arithmetic(let arithmetic, let a, let b):
            let (a, b) = (try value(of: a), try value(of: b))
            return try Operators.apply(arithmetic, a, b, &fuel)
        case .coalesce(let a, let b):
            let first = try value(of: a)
            return first.isNull ? try value(of: b) : first
        case .member(let base, let name):
            let owner = try value(of: base)
            try fuel.use(owner.elements?.count ?? 1)
            return try Operators.member(name, of: owner)
        case .index(let base, let index):
            let whole = try value(of: base)
            if case .string(let text) = whole { try fuel.use(text.utf8.count / 4) }
            return try Operators.element(value(of: index), of: whole)
        case .slice(let base, let from, let to):
            let whole = try value(of: base)
            let start = try from.map { (from) throws(ValueError) in try position(value(of: from)) }
            let end = try to.map { (to) throws(ValueError) in try position(value(of: to)) }
            return try Operators.slice(whole, start, end, &fuel)
        case .call(let name, let arguments):
            guard let function = Functions.all[name] else { throw ValueError("there is no function '\(name)'") }
            return try apply(function, arguments, receiver: nil)
        case .method(let base, let name, let arguments):
            guard let method = Functions.methods[name] else { throw ValueError("there is no method '\(name)'") }
            return try apply(method, arguments, receiver: value(of: base))
        }
    }

    private func position(_ value: Value) throws(ValueError) -> Int {
        guard case .int(let number) = value else {
            throw ValueError("a place in a list is an int, not \(Conversion.shown(value))")
        }
        return number
    }

    private func value(named name: String) throws(ValueError) -> Value {
        if let inner = bound.last(where: { $0.name == name }) { return inner.value }
        guard let value = try lookUp(name) else { throw ValueError("there is no '\(name)'") }
        return value
    }

    private mutating func flag(_ expression: Expression, _ word: String) throws(ValueError) -> Bool {
        let value = try value(of: expression)
        guard case .bool(let flag) = value else {
            throw ValueError("'\(word)' takes a bool, not \(Conversion.shown(value))")
        }
        return flag
    }

    private mutating func list(
        _ element: Expression, _ variable: String, _ source: Expression, _ condition: Expression?
    ) throws(ValueError) -> Value {
        let from = try value(of: source)
        guard case .list(let elements) = from else {
            throw ValueError("'for \(variable) in' takes a list, not \(Conversion.shown(from))")
        }
        var result: [Value] = []
        bound.append((variable, .null))
        defer { bound.removeLast() }
        for value in elements {
            try fuel.use()
            bound[bound.count - 1].value = value
            if let condition, try !flag(condition, "if") { continue }
            result.append(try self.value(of: element))
        }
        return .list(result)
    }

    private mutating func range(_ from: Value, _ to: Value) throws(ValueError) -> Value {
        guard case .int(let from) = from, case .int(let to) = to else {
            throw ValueError("a range is made of two ints")
        }
        if to < from { return .list([]) }
        let (difference, isOver) = to.subtractingReportingOverflow(from)
        try fuel.use(list: isOver ? .max : difference == .max ? .max : difference + 1)
        return .list((from...to).map(Value.int))
    }

    private mutating func apply(
        _ function: Function, _ arguments: [Expression], receiver: Value?
    ) throws(ValueError) -> Value {
        var values = receiver.map { [$0] } ?? []
        for argument in arguments { values.append(try value(of: argument)) }
        if !function.takesNull, let place = values.firstIndex(where: \.isNull) {
            throw ValueError("'\(function.name)' got null as argument \(place + 1)")
        }
        guard function.arity.contains(values.count) else {
            throw ValueError("'\(function.name)' is called so: \(function.signature)")
        }
        return try function.evaluate(values, files, &fuel)
    }
}
