import AsyncFlow
import AsyncFlowBase

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The canonical encoding of a value, which identifies it: the same in every process, on every platform.
///
/// Keyed containers are sorted by key, sets and dictionaries by their elements' bytes, since the order of their own
/// encoding follows a seed that differs between processes. Integers are written by value, floating-point numbers by
/// their bits; all NaNs are equal.
struct CanonicalBytes {
    /// The way in which files within values are named.
    enum FileNaming {
        /// By their name in the task's directory alone.
        case role
        /// By that name and these bytes.
        case identity((InputFile) -> [UInt8])
    }

    private(set) var bytes: [UInt8]
    private let context: Context

    /// The state that the containers of one value share.
    final class Context {
        let naming: FileNaming
        var files: [InputFile] = []
        init(_ naming: FileNaming) { self.naming = naming }
    }

    /// - Parameter prefix: The bytes that precede those of the values.
    init(prefix: [UInt8] = [], naming: FileNaming = .role) {
        bytes = prefix
        context = Context(naming)
    }

    /// The files within the values so far.
    var files: [InputFile] { context.files }

    /// Appends the bytes of a value.
    ///
    /// - Throws: The error that the value's encoding throws.
    mutating func append<Value: Encodable>(_ value: Value) throws { try Self.write(value, to: &bytes, context) }

    /// Appends a text in the form that it has within values.
    mutating func append(text: String) { Self.write(text: text, to: &bytes) }

    // MARK: - Forms

    enum Tag: UInt8 {
        case null = 0x30
        case no, yes, integer, unsigned, double, float, text, bytes, doubles, integers, list, keyed, set, dictionary,
            file
    }

    static func write<Value: Encodable>(_ value: Value, to bytes: inout [UInt8], _ context: Context) throws {
        if writeKnown(value, to: &bytes, context) { return }
        if TypeTraits.isUnordered(Value.self), let unordered = value as? any Unordered {
            return try unordered.write(to: &bytes, context)
        }
        let sink = ValueSink(context)
        try value.encode(to: SinkEncoder(sink: sink))
        sink.finish(into: &bytes)
    }

    /// Writes a value of a frequent type, or of a type whose own encoding contains too little or too much. Returns
    /// false if the value has to be written in the general way.
    private static func writeKnown<Value: Encodable>(
        _ value: Value, to bytes: inout [UInt8], _ context: Context
    ) -> Bool {
        let type = Value.self
        if type == Int.self {
            write(integer: Int64(value as! Int), to: &bytes)
        } else if type == String.self {
            write(text: value as! String, to: &bytes)
        } else if type == Double.self {
            write(double: value as! Double, to: &bytes)
        } else if type == Bool.self {
            bytes.append((value as! Bool ? Tag.yes : .no).rawValue)
        } else if type == Float.self {
            write(float: value as! Float, to: &bytes)
        } else if type == [UInt8].self {
            write(.bytes, value as! [UInt8], to: &bytes)
        } else if type == Data.self {
            write(.bytes, [UInt8](value as! Data), to: &bytes)
        } else if type == [Double].self {
            let list = value as! [Double]
            if list.contains(where: \.isNaN) { return false }
            list.withUnsafeBytes { write(.doubles, $0, to: &bytes) }
        } else if type == [Int].self {
            (value as! [Int]).withUnsafeBytes { write(.integers, $0, to: &bytes) }
        } else if type == InputFile.self {
            write(file: value as! InputFile, to: &bytes, context)
        } else {
            return false
        }
        return true
    }

    private static func write(file: InputFile, to bytes: inout [UInt8], _ context: Context) {
        context.files.append(file)
        bytes.append(Tag.file.rawValue)
        write(text: file.name, to: &bytes)
        bytes.append(file.isDirectory ? 1 : 0)
        if case .identity(let name) = context.naming { write(.bytes, name(file), to: &bytes) }
    }

    static func write(integer: Int64, to bytes: inout [UInt8]) { write(.integer, UInt64(bitPattern: integer), &bytes) }

    static func write(unsigned: UInt64, to bytes: inout [UInt8]) {
        if let integer = Int64(exactly: unsigned) { return write(integer: integer, to: &bytes) }
        write(.unsigned, unsigned, &bytes)
    }

    static func write(double: Double, to bytes: inout [UInt8]) {
        write(.double, double.isNaN ? Double.nan.bitPattern : double.bitPattern, &bytes)
    }

    static func write(float: Float, to bytes: inout [UInt8]) {
        write(.float, UInt64(float.isNaN ? Float.nan.bitPattern : float.bitPattern), &bytes)
    }

    static func write(text: String, to bytes: inout [UInt8]) { write(.text, text.utf8, to: &bytes) }

    static func write(count: Int, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: UInt64(count).littleEndian) { bytes.append(contentsOf: $0) }
    }

    private static func write(_ tag: Tag, _ word: UInt64, _ bytes: inout [UInt8]) {
        bytes.append(tag.rawValue)
        withUnsafeBytes(of: word.littleEndian) { bytes.append(contentsOf: $0) }
    }

    static func write(_ tag: Tag, _ content: some Collection<UInt8>, to bytes: inout [UInt8]) {
        write(tag, UInt64(content.count), &bytes)
        bytes.append(contentsOf: content)
    }
}

/// A collection whose order has no meaning.
private protocol Unordered {
    func write(to bytes: inout [UInt8], _ context: CanonicalBytes.Context) throws
}

extension Set: Unordered where Element: Encodable {
    fileprivate func write(to bytes: inout [UInt8], _ context: CanonicalBytes.Context) throws {
        let elements = try map { element in
            var own: [UInt8] = []
            try CanonicalBytes.write(element, to: &own, context)
            return own
        }
        bytes.append(CanonicalBytes.Tag.set.rawValue)
        CanonicalBytes.write(count: count, to: &bytes)
        for element in elements.sorted(by: { $0.lexicographicallyPrecedes($1) }) { bytes += element }
    }
}

extension Dictionary: Unordered where Key: Encodable, Value: Encodable {
    fileprivate func write(to bytes: inout [UInt8], _ context: CanonicalBytes.Context) throws {
        let elements = try map { key, value in
            var own: [UInt8] = []
            try CanonicalBytes.write(key, to: &own, context)
            try CanonicalBytes.write(value, to: &own, context)
            return own
        }
        bytes.append(CanonicalBytes.Tag.dictionary.rawValue)
        CanonicalBytes.write(count: count, to: &bytes)
        for element in elements.sorted(by: { $0.lexicographicallyPrecedes($1) }) { bytes += element }
    }
}

/// The properties of types, determined once for each type, since a dynamic cast costs a fraction of a microsecond.
private enum TypeTraits {
    private static let known = Lock<[ObjectIdentifier: Bool]>([:])

    static func isUnordered(_ type: Any.Type) -> Bool {
        let id = ObjectIdentifier(type)
        if let answer = known.withLock({ $0[id] }) { return answer }
        let answer = type is any Unordered.Type
        known.withLock { $0[id] = answer }
        return answer
    }
}
