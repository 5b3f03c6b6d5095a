/// A function that expressions can call. Each is total and pure, but for those that read files.
package struct Function: Sendable {
    package let name: String
    /// The way in which it is called, for messages and the reference.
    package let signature: String
    package let help: String
    /// The numbers of arguments that it takes; a method's receiver counts.
    package let arity: ClosedRange<Int>
    /// Whether arguments may be null.
    package let takesNull: Bool
    /// Whether it reads files, so that it isn't called before the run.
    package let readsFiles: Bool
    /// The type of the result.
    package let type: @Sendable ([ValueType]) throws(ValueError) -> ValueType
    let evaluate: @Sendable ([Value], any FileReading, inout Fuel) throws(ValueError) -> Value

    init(
        _ name: String, _ signature: String, _ help: String, _ arity: ClosedRange<Int>, takesNull: Bool = false,
        readsFiles: Bool = false, type: @escaping @Sendable ([ValueType]) throws(ValueError) -> ValueType,
        _ evaluate: @escaping @Sendable ([Value], any FileReading, inout Fuel) throws(ValueError) -> Value
    ) {
        self.name = name
        self.signature = signature
        self.help = help
        self.arity = arity
        self.takesNull = takesNull
        self.readsFiles = readsFiles
        self.type = type
        self.evaluate = evaluate
    }
}

/// The functions and methods that there are.
package enum Functions {
    package static let all = table(FileFunctions.all + ListFunctions.all + NumberFunctions.all + PathFunctions.all)
    package static let methods = table(TextMethods.all)

    private static func table(_ functions: [Function]) -> [String: Function] {
        Dictionary(uniqueKeysWithValues: functions.map { ($0.name, $0) })
    }
}

/// Checks of the types of arguments.
enum ArgumentTypes {
    /// The type of the elements of a list.
    static func element(_ type: ValueType, _ function: String) throws(ValueError) -> ValueType {
        switch type {
        case .list(let element): return element
        case .json, .never: return .json
        default: throw ValueError("'\(function)' takes a list, not \(type)")
        }
    }

    static func require(_ type: ValueType, _ target: ValueType, _ function: String) throws(ValueError) {
        if !type.fits(target) { throw ValueError("'\(function)' takes \(target), not \(type)") }
    }

    static func requireNumber(_ type: ValueType, _ function: String) throws(ValueError) {
        if !type.isNumber, type != .json, type != .never {
            throw ValueError("'\(function)' takes a number, not \(type)")
        }
    }
}

/// Values of arguments.
enum Arguments {
    static func list(_ value: Value, _ function: String) throws(ValueError) -> [Value] {
        guard case .list(let elements) = value else {
            throw ValueError("'\(function)' takes a list, not \(Conversion.shown(value))")
        }
        return elements
    }

    static func text(_ value: Value, _ function: String) throws(ValueError) -> String {
        guard case .string(let text) = value else {
            throw ValueError("'\(function)' takes a string, not \(Conversion.shown(value))")
        }
        return text
    }

    static func int(_ value: Value, _ function: String) throws(ValueError) -> Int {
        guard case .int(let number) = value else {
            throw ValueError("'\(function)' takes an int, not \(Conversion.shown(value))")
        }
        return number
    }

    static func path(_ value: Value, _ function: String, _ files: any FileReading) throws(ValueError) -> String {
        switch value {
        case .file(let path), .directory(let path): return path
        case .string(let path):
            if path.isEmpty { throw ValueError("'\(function)' got an empty path") }
            if path.utf8.contains(0) { throw ValueError("'\(function)' got a path with a NUL character in it") }
            return PathText.absolute(path, base: files.base)
        default: throw ValueError("'\(function)' takes a file or a path, not \(Conversion.shown(value))")
        }
    }
}
