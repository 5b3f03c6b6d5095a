/// What operators do with values, as in Python.
enum Operators {
    static func negative(_ value: Value) throws(ValueError) -> Value {
        switch value {
        case .int(let number):
            guard number != .min else { throw ValueError("the number would be too large") }
            return .int(-number)
        case .float(let number): return .float(-number)
        default: throw ValueError("'-' takes a number, not \(Conversion.shown(value))")
        }
    }

    static func compare(
        _ comparison: Expression.Comparison, _ a: Value, _ b: Value, _ fuel: inout Fuel
    ) throws(ValueError) -> Bool {
        switch comparison {
        case .equal: return a == b
        case .notEqual: return a != b
        case .within: return try contains(b, a, &fuel)
        case .notWithin: return try !contains(b, a, &fuel)
        case .less: return try isLess(a, b)
        case .greater: return try isLess(b, a)
        case .lessOrEqual: return try isLess(a, b) || isSame(a, b)
        case .greaterOrEqual: return try isLess(b, a) || isSame(a, b)
        }
    }

    private static func isSame(_ a: Value, _ b: Value) -> Bool { a == b }

    /// Whether one value comes before another: numbers by amount, texts and lists in the order of what they consist of.
    static func isLess(_ a: Value, _ b: Value) throws(ValueError) -> Bool {
        switch (a, b) {
        case (.int(let a), .int(let b)): return a < b
        case (.float(let a), .float(let b)): return a < b
        case (.int(let a), .float(let b)): return isLess(a, b)
        case (.float(let a), .int(let b)): return !a.isNaN && !isLess(b, a) && Int(exactly: a) != b
        case (.string(let a), .string(let b)), (.file(let a), .file(let b)), (.directory(let a), .directory(let b)):
            return a.unicodeScalars.lexicographicallyPrecedes(b.unicodeScalars)
        case (.bool(let a), .bool(let b)): return !a && b
        case (.list(let a), .list(let b)):
            for (x, y) in zip(a, b) where x != y { return try isLess(x, y) }
            return a.count < b.count
        default:
            throw ValueError("\(Conversion.shown(a)) and \(Conversion.shown(b)) have no order")
        }
    }

    /// Exact, where the number doesn't fit into a float.
    private static func isLess(_ a: Int, _ b: Double) -> Bool {
        if b.isNaN { return false }
        if b >= 0x1p63 { return true }
        if b < -0x1p63 { return false }
        let whole = Int(b.rounded(.down))
        return a < whole || a == whole && b > b.rounded(.down)
    }

    private static func contains(_ whole: Value, _ part: Value, _ fuel: inout Fuel) throws(ValueError) -> Bool {
        switch (whole, part) {
        case (.list(let elements), _):
            try fuel.use(elements.count)
            return elements.contains(part)
        case (.string(let text), .string(let piece)):
            try fuel.use(text.utf8.count / 4)
            return TextMethods.firstRange(of: Array(piece.utf8), in: Array(text.utf8), from: 0) != nil
        case (.record(let record), .string(let name)): return record[name] != nil
        default: throw ValueError("'in' takes a list, or a string in a string, not \(Conversion.shown(whole))")
        }
    }

    static func apply(
        _ arithmetic: Expression.Arithmetic, _ a: Value, _ b: Value, _ fuel: inout Fuel
    ) throws(ValueError) -> Value {
        switch (arithmetic, a, b) {
        case (.divide, .int(let a), .int(let b)):
            if b == 0 { throw ValueError("\(a) can't be divided by 0") }
            return .float(Double(a) / Double(b))
        case (_, .int(let a), .int(let b)): return .int(try apply(arithmetic, a, b))
        case (_, .int(let a), .float(let b)): return .float(try apply(arithmetic, Double(a), b))
        case (_, .float(let a), .int(let b)): return .float(try apply(arithmetic, a, Double(b)))
        case (_, .float(let a), .float(let b)): return .float(try apply(arithmetic, a, b))
        case (.add, .string(let a), .string(let b)):
            try fuel.use(text: a.utf8.count + b.utf8.count)
            return .string(a + b)
        case (.add, .list(let a), .list(let b)):
            try fuel.use(list: a.count + b.count)
            return .list(a + b)
        case (.multiply, .string(let text), .int(let count)), (.multiply, .int(let count), .string(let text)):
            let times = max(0, count)
            let (length, isOver) = text.utf8.count.multipliedReportingOverflow(by: times)
            try fuel.use(text: isOver ? .max : length)
            return .string(length == 0 ? "" : String(repeating: text, count: times))
        case (.multiply, .list(let elements), .int(let count)), (.multiply, .int(let count), .list(let elements)):
            let times = max(0, count)
            let (length, isOver) = elements.count.multipliedReportingOverflow(by: times)
            try fuel.use(list: isOver ? .max : length)
            return .list(length == 0 ? [] : Array(repeatElement(elements, count: times).joined()))
        default:
            throw ValueError(
                "'\(arithmetic.rawValue)' can't be applied to \(Conversion.shown(a)) and \(Conversion.shown(b))")
        }
    }

    private static func apply(_ arithmetic: Expression.Arithmetic, _ a: Int, _ b: Int) throws(ValueError) -> Int {
        let (result, isOver): (Int, Bool)
        switch arithmetic {
        case .add: (result, isOver) = a.addingReportingOverflow(b)
        case .subtract: (result, isOver) = a.subtractingReportingOverflow(b)
        case .multiply: (result, isOver) = a.multipliedReportingOverflow(by: b)
        case .divide, .floorDivide, .modulo:
            if b == 0 { throw ValueError("\(a) can't be divided by 0") }
            if arithmetic == .modulo {
                // As in Python, the rest has the sign of the divisor.
                let rest = b == -1 ? 0 : a % b
                (result, isOver) = (rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest, false)
            } else {
                let (quotient, isTooLarge) = a.dividedReportingOverflow(by: b)
                let isInexact = !isTooLarge && b != -1 && a % b != 0
                (result, isOver) = (isInexact && (a < 0) != (b < 0) ? quotient - 1 : quotient, isTooLarge)
            }
        }
        if isOver { throw ValueError("\(a) \(arithmetic.rawValue) \(b) is too large for an int") }
        return result
    }

    private static func apply(_ arithmetic: Expression.Arithmetic, _ a: Double, _ b: Double) throws(ValueError)
        -> Double
    {
        let result: Double
        switch arithmetic {
        case .add: result = a + b
        case .subtract: result = a - b
        case .multiply: result = a * b
        case .divide, .floorDivide, .modulo:
            if b == 0 { throw ValueError("\(a) can't be divided by 0") }
            if arithmetic == .divide {
                result = a / b
            } else {
                // The steps of Python's float_divmod, so that the results are its own.
                var rest = a.truncatingRemainder(dividingBy: b)
                var quotient = (a - rest) / b
                if rest != 0 {
                    if (b < 0) != (rest < 0) {
                        rest += b
                        quotient -= 1
                    }
                } else {
                    rest = b < 0 ? -0.0 : 0.0
                }
                if arithmetic == .modulo {
                    result = rest
                } else if quotient != 0 {
                    var floor = quotient.rounded(.down)
                    if quotient - floor > 0.5 { floor += 1 }
                    result = floor
                } else {
                    result = (a / b).sign == .minus ? -0.0 : 0.0
                }
            }
        }
        guard result.isFinite else { throw ValueError("\(a) \(arithmetic.rawValue) \(b) is too large for a float") }
        return result
    }

    static func member(_ name: String, of value: Value) throws(ValueError) -> Value {
        switch value {
        // The types tell that the field may be null then.
        case .null: return .null
        case .record(let record):
            if let field = record[name] { return field }
            throw ValueError(
                "there is no '\(name)'; there is \(record.names.prefix(20).map { "'\($0)'" }.joined(separator: ", "))"
                    + Nearest.hint(name, record.names))
        case .list(let elements):
            // The field of each element, as in the results of a step that ran for many.
            var values: [Value] = []
            values.reserveCapacity(elements.count)
            for element in elements { values.append(element.isNull ? .null : try member(name, of: element)) }
            return .list(values)
        default: throw ValueError("\(Conversion.shown(value)) has no '\(name)'")
        }
    }

    static func element(_ index: Value, of value: Value) throws(ValueError) -> Value {
        switch (value, index) {
        case (.list(let elements), .int(let index)):
            let place = index < 0 ? index + elements.count : index
            guard elements.indices.contains(place) else {
                throw ValueError("there is no element \(index) in a list of \(elements.count)")
            }
            return elements[place]
        case (.string(let text), .int(let index)):
            let scalars = Array(text.unicodeScalars)
            let place = index < 0 ? index + scalars.count : index
            guard scalars.indices.contains(place) else {
                throw ValueError("there is no character \(index) in a string of \(scalars.count)")
            }
            return .string(String(Character(scalars[place])))
        case (.record, .string(let name)): return try member(name, of: value)
        default: throw ValueError("\(Conversion.shown(value)) has no element \(Conversion.shown(index))")
        }
    }

    static func slice(_ value: Value, _ from: Int?, _ to: Int?, _ fuel: inout Fuel) throws(ValueError) -> Value {
        func bounds(_ count: Int) -> Range<Int> {
            func place(_ index: Int) -> Int { min(max(index < 0 ? max(index, -count) + count : index, 0), count) }
            let start = from.map(place) ?? 0
            return start..<max(start, to.map(place) ?? count)
        }
        switch value {
        case .list(let elements):
            try fuel.use(elements.count)
            return .list(Array(elements[bounds(elements.count)]))
        case .string(let text):
            let scalars = Array(text.unicodeScalars)
            try fuel.use(scalars.count / 4)
            var piece = ""
            for scalar in scalars[bounds(scalars.count)] { piece.unicodeScalars.append(scalar) }
            return .string(piece)
        default: throw ValueError("\(Conversion.shown(value)) can't be sliced")
        }
    }
}
