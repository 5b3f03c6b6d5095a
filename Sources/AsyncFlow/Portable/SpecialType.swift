#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The types that have a special form in a structured value, instead of the one that their `Codable` conformance
/// produces.
enum SpecialType {
    private struct Form: Sendable {
        let encode: @Sendable (Any, StructuredEncoder.Buffers) -> StructuredEncoder.Value
        /// Decodes a value; nil if the value is of another sort.
        let decode: @Sendable (StructuredValue) -> Any?
    }

    /// Encodes a value of a special type.
    ///
    /// - Returns: nil for any other type.
    static func encode<Value: Encodable>(
        _ value: Value, _ buffers: StructuredEncoder.Buffers
    ) throws -> StructuredEncoder.Value? {
        forms[ObjectIdentifier(Value.self)]?.encode(value, buffers)
    }

    /// Decodes a value of a special type.
    ///
    /// - Returns: nil for any other type, and for a value that isn't in the special form of this type but may be
    ///   decoded otherwise.
    static func decode<Value>(_ type: Value.Type, from value: StructuredValue) -> Value? {
        // Not by optional chaining: a missing result must not be confused with the nil of an optional type.
        guard let form = forms[ObjectIdentifier(type)], let decoded = form.decode(value) else { return nil }
        return decoded as? Value
    }

    /// Returns whether ``decode(_:from:)`` is the only way to decode a type.
    static func isLeaf(_ type: Any.Type) -> Bool { leaves.contains(ObjectIdentifier(type)) }

    private static let leaves: Set<ObjectIdentifier> = Set(
        [
            Int.self, Int8.self, Int16.self, Int32.self, Int64.self, Int128.self, UInt.self, UInt8.self, UInt16.self,
            UInt32.self, UInt64.self, UInt128.self, Bool.self, String.self, Double.self, Float.self,
        ].map { (type: Any.Type) in ObjectIdentifier(type) })

    private static let forms: [ObjectIdentifier: Form] = {
        var forms: [ObjectIdentifier: Form] = [:]
        func add<Value>(
            _ type: Value.Type,
            _ encode: @escaping @Sendable (Value, StructuredEncoder.Buffers) -> StructuredEncoder.Value,
            _ decode: @escaping @Sendable (StructuredValue) -> Value?
        ) {
            forms[ObjectIdentifier(type)] = Form(encode: { encode($0 as! Value, $1) }, decode: decode)
        }
        func addInteger<Number: FixedWidthInteger & Sendable>(_ type: Number.Type) {
            add(type, { number, _ in .json(String(number)) }, { Self.integer($0) })
        }
        func addArrays<Scalar: TensorScalar>(of: Scalar.Type) {
            add(
                [Scalar].self,
                { numbers, buffers in .json("{\"$\":\(buffers.add(Scalar._format.code, numbers))}") },
                {
                    guard case .numbers(let buffer) = $0, buffer.shape.count == 1 else { return nil }
                    return buffer.elements(as: Scalar.self)
                })
            add(
                [[Scalar]].self,
                { rows, buffers in
                    let numbers = buffers.add(Scalar._format.code, Array(rows.joined()))
                    let lengths = buffers.add(Int64._format.code, rows.map { Int64($0.count) })
                    return .json("{\"$\":\(numbers),\"r\":\(lengths)}")
                }, { rows($0) })
        }
        addInteger(Int.self)
        addInteger(Int8.self)
        addInteger(Int16.self)
        addInteger(Int32.self)
        addInteger(Int64.self)
        addInteger(Int128.self)
        addInteger(UInt.self)
        addInteger(UInt8.self)
        addInteger(UInt16.self)
        addInteger(UInt32.self)
        addInteger(UInt64.self)
        addInteger(UInt128.self)
        add(
            Bool.self, { flag, _ in .json(flag ? "true" : "false") },
            { if case .boolean(let flag) = $0 { flag } else { nil } })
        add(String.self, { text, _ in .text(text) }, { if case .text(let text) = $0 { text } else { nil } })
        add(Double.self, { number, _ in .json(json(number)) }, { Self.number($0) })
        // The value as a Double, which represents the same number in every language.
        add(Float.self, { number, _ in .json(json(Double(number))) }, { Self.number($0).map { Float($0) } })
        addArrays(of: Bool.self)
        addArrays(of: Int.self)
        addArrays(of: Int8.self)
        addArrays(of: Int16.self)
        addArrays(of: Int32.self)
        addArrays(of: Int64.self)
        addArrays(of: UInt.self)
        addArrays(of: UInt16.self)
        addArrays(of: UInt32.self)
        addArrays(of: UInt64.self)
        addArrays(of: Float.self)
        addArrays(of: Double.self)
        add(
            [UInt8].self, { bytes, buffers in .json("{\"$b\":\(buffers.add(StructuredContent.bytesCode, bytes))}") },
            { Self.bytes($0).map { Array($0) } })
        add(
            Data.self, { bytes, buffers in .json("{\"$b\":\(buffers.add(StructuredContent.bytesCode, bytes))}") },
            { Self.bytes($0).map { Data($0) } })
        add(
            Date.self, { date, _ in .json("{\"$t\":\(json(date.timeIntervalSinceReferenceDate))}") },
            { if case .moment(let seconds) = $0 { Date(timeIntervalSinceReferenceDate: seconds) } else { nil } })
        add(
            Duration.self,
            { span, _ in .json("{\"$d\":[\(span.components.seconds),\(span.components.attoseconds)]}") },
            {
                // No duration has more attoseconds than a second, with either sign.
                guard case .span(let seconds, let attoseconds) = $0, attoseconds.magnitude < 1_000_000_000_000_000_000
                else { return nil }
                return Duration(secondsComponent: seconds, attosecondsComponent: attoseconds)
            })
        add(
            Decimal.self, { number, _ in .json("{\"$n\":\"\(number)\"}") },
            {
                switch $0 {
                case .decimal(let text), .digits(let text): Decimal(string: text)
                case .integer(let number): Decimal(number)
                default: nil
                }
            })
        add(
            URL.self, { url, _ in .text(url.absoluteString) },
            { if case .text(let text) = $0 { URL(string: text) } else { nil } })
        return forms
    }()

    /// Returns a number as Python writes it in JSON.
    private static func json(_ number: Double) -> String {
        if number.isFinite { return number.description }
        return number.isNaN ? "NaN" : number < 0 ? "-Infinity" : "Infinity"
    }

    static func integer<Number: FixedWidthInteger>(_ value: StructuredValue) -> Number? {
        switch value {
        case .integer(let number): Number(exactly: number)
        case .digits(let text): Number(text)
        default: nil
        }
    }

    static func number(_ value: StructuredValue) -> Double? {
        switch value {
        case .number(let number): number
        case .integer(let number): Double(number)
        case .digits(let text): Double(text)
        default: nil
        }
    }

    private static func bytes(_ value: StructuredValue) -> ArraySlice<UInt8>? {
        switch value {
        case .bytes(let bytes): bytes
        case .numbers(let buffer) where buffer.format == UInt8._format: buffer.bytes
        default: nil
        }
    }

    private static func rows<Scalar: TensorScalar>(_ value: StructuredValue) -> [[Scalar]]? {
        let parts: [NumberBuffer]
        switch value {
        case .rows(let rows): parts = rows
        case .numbers(let buffer) where buffer.shape.count == 2: parts = buffer.parts
        default: return nil
        }
        var rows: [[Scalar]] = []
        rows.reserveCapacity(parts.count)
        for part in parts {
            guard let row = part.elements(as: Scalar.self) else { return nil }
            rows.append(row)
        }
        return rows
    }
}
