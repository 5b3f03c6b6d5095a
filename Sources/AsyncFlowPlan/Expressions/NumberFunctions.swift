import AsyncFlowBase

/// Functions of numbers, and between numbers and texts.
enum NumberFunctions {
    private static func scalarType(_ types: [ValueType], _ name: String) throws(ValueError) {
        switch types[0] {
        case .list, .record, .optional, .null: throw ValueError("'\(name)' takes a single value, not \(types[0])")
        default: break
        }
    }

    private static func rounding(
        _ name: String, _ help: String, _ rule: FloatingPointRoundingRule
    ) -> Function {
        Function(name, "\(name)(x)", help, 1...1) { types throws(ValueError) in
            try ArgumentTypes.requireNumber(types[0], name)
            return .int
        } _: { arguments, _, _ throws(ValueError) in
            switch arguments[0] {
            case .int: return arguments[0]
            case .float(let number): return .int(try whole(number.rounded(rule)))
            default: throw ValueError("'\(name)' takes a number, not \(Conversion.shown(arguments[0]))")
            }
        }
    }

    private static func whole(_ number: Double) throws(ValueError) -> Int {
        guard let whole = Int(exactly: number.rounded(.towardZero)) else {
            throw ValueError("\(number) is too large for an int")
        }
        return whole
    }

    /// A number in decimal digits, as C prints it.
    static func printed(_ format: String, _ precision: Int, _ number: Double) -> String {
        var buffer = [CChar](repeating: 0, count: 512)
        let length = withVaList([Int32(clamping: precision), number]) { vsnprintf(&buffer, buffer.count, format, $0) }
        return String(
            decoding: buffer.prefix(Int(min(max(0, length), 511))).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    static let all: [Function] = [
        Function("abs", "abs(x)", "The amount of a number.", 1...1) { types throws(ValueError) in
            try ArgumentTypes.requireNumber(types[0], "abs")
            return types[0]
        } _: { arguments, _, _ throws(ValueError) in
            switch arguments[0] {
            case .int(let number): return number < 0 ? try Operators.negative(arguments[0]) : arguments[0]
            case .float(let number): return .float(number.magnitude)
            default: throw ValueError("'abs' takes a number, not \(Conversion.shown(arguments[0]))")
            }
        },
        rounding("floor", "The greatest whole number that isn't more.", .down),
        rounding("ceil", "The least whole number that isn't less.", .up),
        Function(
            "round", "round(x) or round(x, digits)",
            "The nearest whole number, or the number with so many digits after the point; halves go to the even one.",
            1...2
        ) { types throws(ValueError) in
            try ArgumentTypes.requireNumber(types[0], "round")
            guard types.count == 2 else { return .int }
            try ArgumentTypes.require(types[1], .int, "round")
            return types[0]
        } _: { arguments, _, _ throws(ValueError) in
            switch (arguments[0], arguments.count) {
            case (.int, 1): return arguments[0]
            case (.float(let number), 1): return .int(try whole(number.rounded(.toNearestOrEven)))
            case (.int, _), (.float, _):
                let digits = try Arguments.int(arguments[1], "round")
                guard (0...300).contains(digits) else {
                    throw ValueError("'round' takes 0 to 300 digits, not \(digits)")
                }
                guard case .float(let number) = arguments[0] else { return arguments[0] }
                if digits > 20 || number.magnitude > 1e20 { return arguments[0] }
                return .float(Double(printed("%.*f", digits, number)) ?? number)
            default: throw ValueError("'round' takes a number, not \(Conversion.shown(arguments[0]))")
            }
        },
        Function("int", "int(x)", "The whole number in a text, or a number without what is after its point.", 1...1) {
            types throws(ValueError) in
            try scalarType(types, "int")
            return .int
        } _: { arguments, _, _ throws(ValueError) in
            switch arguments[0] {
            case .int: return arguments[0]
            case .float(let number): return .int(try whole(number))
            case .bool(let flag): return .int(flag ? 1 : 0)
            case .string(let text):
                guard let number = Int(text.trimmedBlanks) else {
                    throw ValueError("'int' takes a number, not \(Conversion.shown(arguments[0]))")
                }
                return .int(number)
            default: throw ValueError("'int' takes a number, not \(Conversion.shown(arguments[0]))")
            }
        },
        Function("float", "float(x)", "The number in a text, or a number as a float.", 1...1) {
            types throws(ValueError) in
            try scalarType(types, "float")
            return .float
        } _: { arguments, _, _ throws(ValueError) in
            switch arguments[0] {
            case .int(let number): return .float(Double(number))
            case .float: return arguments[0]
            case .bool(let flag): return .float(flag ? 1 : 0)
            case .string(let text):
                guard let number = Double(text.trimmedBlanks), number.isFinite else {
                    throw ValueError("'float' takes a number, not \(Conversion.shown(arguments[0]))")
                }
                return .float(number)
            default: throw ValueError("'float' takes a number, not \(Conversion.shown(arguments[0]))")
            }
        },
        Function("str", "str(x)", "The value as text; of a file, its path.", 1...1) { types throws(ValueError) in
            try scalarType(types, "str")
            return .string
        } _: { arguments, _, _ throws(ValueError) in
            guard let text = arguments[0].scalarText else {
                throw ValueError("'str' takes a single value, not \(Conversion.shown(arguments[0])); write json(…)")
            }
            return .string(text)
        },
        Function(
            "format", "format(x, spec)",
            "The value in the form of Python's format, such as \"04d\", \".2f\", \"10s\", \"e\", \"g\" and \"%\".",
            2...2
        ) { types throws(ValueError) in
            try scalarType(types, "format")
            try ArgumentTypes.require(types[1], .string, "format")
            return .string
        } _: { arguments, _, fuel throws(ValueError) in
            let spec = try FormatSpec(Arguments.text(arguments[1], "format"))
            let text = try spec.text(of: arguments[0])
            try fuel.use(text: text.utf8.count)
            return .string(text)
        },
    ]
}

/// The part of Python's format specifications that makes sense here:
/// `[[fill]align][sign][0][width][,][.precision][type]`.
struct FormatSpec {
    private var fill: Unicode.Scalar = " "
    private var align: Unicode.Scalar?
    private var showsPlus = false
    private var width = 0
    private var hasCommas = false
    private var precision: Int?
    private var type: Unicode.Scalar?

    init(_ text: String) throws(ValueError) {
        var scalars = Array(text.unicodeScalars)[...]
        let aligns: [Unicode.Scalar] = ["<", ">", "^"]
        if scalars.count > 1, aligns.contains(scalars[1]) {
            (fill, align) = (scalars[0], scalars[1])
            scalars = scalars.dropFirst(2)
        } else if let first = scalars.first, aligns.contains(first) {
            align = first
            scalars = scalars.dropFirst()
        }
        if let first = scalars.first, first == "+" || first == "-" {
            showsPlus = first == "+"
            scalars = scalars.dropFirst()
        }
        if scalars.first == "0" {
            if align == nil { (fill, align) = ("0", "=") }
            scalars = scalars.dropFirst()
        }
        func number() -> Int? {
            let digits = scalars.prefix { ("0"..."9").contains($0) }.prefix(5)
            scalars = scalars.dropFirst(digits.count)
            var text = ""
            for digit in digits { text.unicodeScalars.append(digit) }
            return Int(text)
        }
        width = number() ?? 0
        if scalars.first == "," {
            hasCommas = true
            scalars = scalars.dropFirst()
        }
        if scalars.first == "." {
            scalars = scalars.dropFirst()
            precision = number()
            if precision == nil { throw ValueError("the format '\(text)' has no digits after its point") }
        }
        type = scalars.first
        scalars = scalars.dropFirst()
        if !scalars.isEmpty || type.map({ !"dfeEgGs%x".unicodeScalars.contains($0) }) ?? false {
            throw ValueError("'\(text)' isn't a format; examples are '04d', '.2f', '>10s', '.3e', ',d' and '.1%'")
        }
        if width > 1000 || precision ?? 0 > 100 {
            throw ValueError("the format '\(text)' asks for too many characters")
        }
    }

    func text(of value: Value) throws(ValueError) -> String {
        switch (value, type) {
        case (.int(let number), nil), (.int(let number), "d"):
            if precision != nil { throw ValueError("a whole number has no digits after its point; write 'f'") }
            return padded(signed(String(number.magnitude), number < 0))
        case (.int(let number), "x"): return padded(signed(String(number.magnitude, radix: 16), number < 0))
        case (.int(let number), _) where type != "s": return try float(Double(number))
        case (.float(let number), _) where type != "s" && type != "d" && type != "x": return try float(number)
        case (.string(let text), nil), (.string(let text), "s"):
            var piece = ""
            for scalar in text.unicodeScalars.prefix(precision ?? .max) { piece.unicodeScalars.append(scalar) }
            return padded((sign: "", digits: piece), isText: true)
        default:
            throw ValueError("\(Conversion.shown(value)) has no form '\(type.map { String(Character($0)) } ?? "")'")
        }
    }

    private func float(_ number: Double) throws(ValueError) -> String {
        guard let type else {
            if let precision { throw ValueError("'.\(precision)' needs one of f, e, g, % behind it") }
            return padded(signed(number.magnitude.description, number.sign == .minus))
        }
        let format = type == "%" ? "%.*f" : "%.*\(Character(type))"
        let amount = number.magnitude * (type == "%" ? 100 : 1)
        let digits = NumberFunctions.printed(format, precision ?? 6, amount) + (type == "%" ? "%" : "")
        return padded(signed(digits, number.sign == .minus))
    }

    private func signed(_ digits: String, _ isNegative: Bool) -> (sign: String, digits: String) {
        var digits = digits
        if hasCommas {
            let whole = digits.prefix { $0.isNumber }
            var grouped = ""
            for (index, digit) in whole.enumerated() {
                if index > 0, (whole.count - index).isMultiple(of: 3) { grouped += "," }
                grouped.append(digit)
            }
            digits = grouped + digits.dropFirst(whole.count)
        }
        return (isNegative ? "-" : showsPlus ? "+" : "", digits)
    }

    private func padded(_ parts: (sign: String, digits: String), isText: Bool = false) -> String {
        let length = parts.sign.unicodeScalars.count + parts.digits.unicodeScalars.count
        let missing = max(0, width - length)
        let blanks = { (count: Int) in String(repeating: String(Character(fill)), count: count) }
        switch align ?? (isText ? "<" : ">") {
        case "=": return isText ? parts.digits + blanks(missing) : parts.sign + blanks(missing) + parts.digits
        case "<": return parts.sign + parts.digits + blanks(missing)
        case "^": return blanks(missing / 2) + parts.sign + parts.digits + blanks(missing - missing / 2)
        default: return blanks(missing) + parts.sign + parts.digits
        }
    }
}
