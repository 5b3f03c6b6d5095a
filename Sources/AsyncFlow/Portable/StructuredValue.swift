/// A value as it arrived from another process, before it is decoded as a type: JSON, in which arrays of numbers, bytes
/// and some types that JSON doesn't have are objects with a key that begins with `$`.
///
/// | in the JSON | meaning |
/// |---|---|
/// | `{"$":0}` | the numbers of buffer 0 |
/// | `{"$":0,"s":[2,3]}` | the same in the shape of a tensor |
/// | `{"$":0,"r":1}` | the same in rows, whose lengths are the integers of buffer 1 |
/// | `{"$b":0}` | the bytes of buffer 0 |
/// | `{"$t":1.5}` | a date, in seconds since the beginning of 2001 |
/// | `{"$d":[1,500]}` | a duration, in seconds and attoseconds |
/// | `{"$n":"1.10"}` | a decimal number |
/// | `{"$$key":…}` | an object with the key `$key` |
enum StructuredValue {
    case null
    case boolean(Bool)
    case integer(Int64)
    case number(Double)
    /// An integer with more digits than an `Int64` has.
    case digits(String)
    case text(String)
    case list([StructuredValue])
    case object([String: StructuredValue])
    case numbers(NumberBuffer)
    case rows([NumberBuffer])
    case bytes(ArraySlice<UInt8>)
    case moment(Double)
    case span(seconds: Int64, attoseconds: Int64)
    case decimal(String)

    /// The sort of value, for messages.
    var sort: String {
        switch self {
        case .null: "nothing (null, None)"
        case .boolean: "a truth value"
        case .integer, .digits: "an integer"
        case .number: "a floating-point number"
        case .text: "a text"
        case .list(let list): "a list of \(list.count)"
        case .object: "an object"
        case .numbers(let buffer): "an array of \(buffer.format) in the shape \(buffer.shape)"
        case .rows(let rows): "an array of \(rows.count) rows"
        case .bytes(let bytes): "\(bytes.count) bytes"
        case .moment: "a date"
        case .span: "a duration"
        case .decimal: "a decimal number"
        }
    }

    /// The elements, if it is a list of any form.
    var elements: [StructuredValue]? {
        switch self {
        case .list(let list): list
        case .rows(let rows): rows.map(StructuredValue.numbers)
        case .bytes(let bytes): bytes.map { .integer(Int64($0)) }
        case .numbers(let buffer) where !buffer.shape.isEmpty:
            buffer.parts.map { $0.single ?? .numbers($0) }
        default: nil
        }
    }
}

/// The error of a value that can't be decoded.
struct StructuredValueError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// The parts of a structured value: the JSON, and the buffers to which it refers.
struct StructuredContent {
    enum Buffer {
        case numbers(TensorFormat, ArraySlice<UInt8>)
        case bytes(ArraySlice<UInt8>)
    }
    /// The code that is written in place of a format for bytes that aren't numbers.
    static let bytesCode: (UInt8, UInt8) = (0x62, 0x79)  // by
    /// The number of bytes that describe one buffer: its format, its start in the content, and its length.
    static let entrySize = 18
    /// The number of bytes before the description of the first buffer.
    static let headSize = 8

    let skeleton: ArraySlice<UInt8>
    /// The buffers; nil for one that was used. Each can be used once only, as every use copies it.
    private var buffers: [Buffer?]

    /// - Throws: ``StructuredValueError`` if the bytes can't be a structured value.
    init(_ content: ArraySlice<UInt8>) throws(StructuredValueError) {
        func number<Number: FixedWidthInteger>(_: Number.Type, at offset: Int) -> Number {
            content.withUnsafeBytes { Number(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: Number.self)) }
        }
        guard content.count >= Self.headSize else { throw StructuredValueError("it is cut off") }
        let skeletonSize = Int(number(UInt32.self, at: 0))
        let bufferCount = Int(number(UInt32.self, at: 4))
        let start = Self.headSize + bufferCount * Self.entrySize
        guard start <= content.count, skeletonSize <= content.count - start else {
            throw StructuredValueError("it is cut off")
        }
        var buffers: [Buffer?] = []
        var total: UInt64 = 0
        buffers.reserveCapacity(bufferCount)
        for place in 0..<bufferCount {
            let entry = Self.headSize + place * Self.entrySize
            let offset = number(UInt64.self, at: entry + 2)
            let size = number(UInt64.self, at: entry + 10)
            let count = UInt64(content.count)
            guard offset <= count, size <= count - offset else { throw StructuredValueError("a buffer is cut off") }
            total += size
            guard total <= count else { throw StructuredValueError("its buffers overlap") }
            let first = content.startIndex + Int(offset)
            let bytes = content[first..<(first + Int(size))]
            let code = (content[content.startIndex + entry], content[content.startIndex + entry + 1])
            if code == Self.bytesCode {
                buffers.append(.bytes(bytes))
            } else if let format = TensorFormat(code: code.0, code.1) {
                buffers.append(.numbers(format, bytes))
            } else {
                throw StructuredValueError("a buffer has the unknown format \(code)")
            }
        }
        self.buffers = buffers
        let first = content.startIndex + start
        skeleton = content[first..<(first + skeletonSize)]
    }

    mutating func numbers(_ place: Int64?, shape: [Int]? = nil) throws(StructuredValueError) -> NumberBuffer {
        guard let place, buffers.indices.contains(Int(clamping: place)),
            case .numbers(let format, let bytes) = buffers[Int(place)],
            let buffer = shape.map({ NumberBuffer(format, shape: $0, bytes) }) ?? NumberBuffer(format, bytes)
        else { throw StructuredValueError("it refers to numbers that aren't there in this shape") }
        buffers[Int(place)] = nil
        return buffer
    }

    mutating func bytes(_ place: Int64?) throws(StructuredValueError) -> ArraySlice<UInt8> {
        guard let place, buffers.indices.contains(Int(clamping: place)), case .bytes(let bytes) = buffers[Int(place)]
        else { throw StructuredValueError("it refers to bytes that aren't there") }
        buffers[Int(place)] = nil
        return bytes
    }
}
