/// An array of numbers as it arrived: bytes, their format and their shape.
struct NumberBuffer {
    let format: TensorFormat
    let shape: [Int]
    /// The bytes, exactly as many as the shape requires.
    let bytes: ArraySlice<UInt8>

    /// - Returns: nil if the number of bytes doesn't match the shape, or if there are too many empty rows.
    init?(_ format: TensorFormat, shape: [Int], _ bytes: ArraySlice<UInt8>) {
        guard let count = TensorShape.count(shape), bytes.count / format.size == count, bytes.count % format.size == 0,
            count > 0 || TensorShape.count(shape.filter { $0 > 0 }) ?? .max <= TensorShape.mostEmptyParts
        else { return nil }
        self.format = format
        self.shape = shape
        self.bytes = bytes
    }

    init?(_ format: TensorFormat, _ bytes: ArraySlice<UInt8>) {
        self.init(format, shape: [bytes.count / format.size], bytes)
    }

    var count: Int { bytes.count / format.size }

    /// The parts along the first dimension.
    var parts: [NumberBuffer] {
        guard let length = shape.first, length > 0 else { return [] }
        let size = bytes.count / length
        return (0..<length).compactMap { place in
            let start = bytes.startIndex + place * size
            return NumberBuffer(format, shape: Array(shape.dropFirst()), bytes[start..<(start + size)])
        }
    }

    /// The only number of a buffer without dimensions.
    var single: StructuredValue? {
        guard shape.isEmpty else { return nil }
        switch format.kind {
        case .floating: return numbers.first.map(StructuredValue.number)
        case .signed, .unsigned:
            return integers.first.map {
                Int64(exactly: $0).map(StructuredValue.integer) ?? .digits(String($0))
            }
        case .boolean: return bytes.first.map { .boolean($0 != 0) }
        }
    }

    /// Returns the elements, converted if necessary.
    ///
    /// - Returns: nil if one of them can't be converted to this type.
    func elements<Element: TensorScalar>(as type: Element.Type) -> [Element]? {
        if format == Element._format {
            // A byte other than 0 and 1 isn't a valid Bool, and would break its reader.
            if format.kind == .boolean, bytes.contains(where: { $0 > 1 }) { return nil }
            return Array(unsafeUninitializedCapacity: count) { buffer, count in
                bytes.withUnsafeBytes { UnsafeMutableRawBufferPointer(buffer).copyMemory(from: $0) }
                count = self.count
            }
        }
        var list: [Element] = []
        list.reserveCapacity(count)
        switch format.kind {
        case .boolean: return nil
        case .floating:
            for number in numbers {
                guard let element = Element(_number: number) else { return nil }
                list.append(element)
            }
        case .signed, .unsigned:
            for number in integers {
                guard let element = Element(_integer: number) else { return nil }
                list.append(element)
            }
        }
        return list
    }

    private func raw<Number: BitwiseCopyable>(_: Number.Type) -> [Number] {
        bytes.withUnsafeBytes { bytes in
            (0..<count).map {
                bytes.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Number>.size, as: Number.self)
            }
        }
    }

    private var numbers: [Double] {
        switch format.size {
        case 2: raw(UInt16.self).map(Self.number(ofHalf:))
        case 4: raw(Float.self).map { Double($0) }
        default: raw(Double.self)
        }
    }

    private var integers: [Int128] {
        switch (format.kind, format.size) {
        case (.signed, 1): raw(Int8.self).map { Int128($0) }
        case (.signed, 2): raw(Int16.self).map { Int128($0) }
        case (.signed, 4): raw(Int32.self).map { Int128($0) }
        case (.signed, _): raw(Int64.self).map { Int128($0) }
        case (_, 1): raw(UInt8.self).map { Int128($0) }
        case (_, 2): raw(UInt16.self).map { Int128($0) }
        case (_, 4): raw(UInt32.self).map { Int128($0) }
        default: raw(UInt64.self).map { Int128($0) }
        }
    }

    /// Returns the value of an IEEE 754 half, which isn't a Swift type on every platform.
    private static func number(ofHalf bits: UInt16) -> Double {
        let sign: Double = bits & 0x8000 == 0 ? 1 : -1
        let exponent = Int(bits >> 10) & 0x1f
        let fraction = Double(bits & 0x3ff)
        switch exponent {
        case 0: return sign * fraction * 0x1p-24
        case 0x1f: return fraction == 0 ? sign * .infinity : .nan
        default: return sign * (1024 + fraction) * Double(sign: .plus, exponent: exponent - 25, significand: 1)
        }
    }
}
