/// A number or Boolean that can be an element of a ``Tensor``. Arrays of such types are passed between processes as
/// they are in memory.
public protocol TensorScalar: BitwiseCopyable, Codable, Hashable, Sendable {
    /// The format of one element, in the notation of numpy: `f8` for a `Double`.
    static var _format: TensorFormat { get }
    /// Creates the number if this type can hold it: exactly, or rounded if both are floating-point types.
    init?(_number: Double)
    /// Creates the number if this type can hold it exactly.
    init?(_integer: Int128)
}

/// The format of the elements of an array of numbers: a kind and a size in bytes.
public struct TensorFormat: Sendable, Hashable, CustomStringConvertible {
    package enum Kind: UInt8, Sendable { case boolean = 0x62, signed = 0x69, unsigned = 0x75, floating = 0x66 }
    package let kind: Kind
    /// The size of one element, in bytes.
    public let size: Int

    package init(_ kind: Kind, _ size: Int) {
        self.kind = kind
        self.size = size
    }

    /// Creates the format from the code in which it is sent: a letter and a digit.
    package init?(code letter: UInt8, _ digit: UInt8) {
        guard let kind = Kind(rawValue: letter), digit >= 0x31, digit <= 0x38 else { return nil }
        let size = Int(digit) - 0x30
        let sizes =
            switch kind {
            case .boolean: [1]
            case .signed, .unsigned: [1, 2, 4, 8]
            case .floating: [2, 4, 8]
            }
        guard sizes.contains(size) else { return nil }
        self.init(kind, size)
    }

    package var code: (UInt8, UInt8) { (kind.rawValue, UInt8(0x30 + size)) }

    /// The format in the notation of numpy, for example `f8`.
    public var description: String { "\(Character(UnicodeScalar(kind.rawValue)))\(size)" }
}

extension TensorScalar where Self: FixedWidthInteger {
    public static var _format: TensorFormat { TensorFormat(isSigned ? .signed : .unsigned, bitWidth / 8) }
    public init?(_number: Double) { self.init(exactly: _number) }
    public init?(_integer: Int128) { self.init(exactly: _integer) }
}

extension TensorScalar where Self: BinaryFloatingPoint {
    public static var _format: TensorFormat { TensorFormat(.floating, MemoryLayout<Self>.size) }
    public init?(_number: Double) { self = Self(_number) }
    public init?(_integer: Int128) { self.init(exactly: _integer) }
}

extension Bool: TensorScalar {
    public static var _format: TensorFormat { TensorFormat(.boolean, 1) }
    public init?(_number: Double) { return nil }
    public init?(_integer: Int128) { return nil }
}

extension Int: TensorScalar {}
extension Int8: TensorScalar {}
extension Int16: TensorScalar {}
extension Int32: TensorScalar {}
extension Int64: TensorScalar {}
extension UInt: TensorScalar {}
extension UInt8: TensorScalar {}
extension UInt16: TensorScalar {}
extension UInt32: TensorScalar {}
extension UInt64: TensorScalar {}
extension Float: TensorScalar {}
extension Double: TensorScalar {}
