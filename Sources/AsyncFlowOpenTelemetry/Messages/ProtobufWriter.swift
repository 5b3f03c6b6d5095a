import AsyncFlowTelemetry

/// A writer of messages in protobuf's binary form.
///
/// Source: https://protobuf.dev/programming-guides/encoding
struct ProtobufWriter: MessageWriter {
    private var bytes: [UInt8] = []

    private enum WireType: UInt8 {
        case varint = 0
        case eightBytes = 1
        case lengthDelimited = 2
    }

    init() { bytes.reserveCapacity(4096) }

    consuming func finish() -> [UInt8] { bytes }

    @inline(__always)
    private mutating func tag(_ field: MessageField, _ type: WireType) {
        varint(UInt64(field.number) << 3 | UInt64(type.rawValue))
    }

    @inline(__always)
    private mutating func varint(_ value: UInt64) {
        var value = value
        while value > 0x7F {
            bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
            value >>= 7
        }
        bytes.append(UInt8(value))
    }

    @inline(__always)
    private mutating func raw(_ value: UInt64) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    @inline(__always)
    private mutating func bigEndian(_ value: UInt64) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func string(_ field: MessageField, _ value: String) {
        tag(field, .lengthDelimited)
        varint(UInt64(value.utf8.count))
        bytes.append(contentsOf: value.utf8)
    }

    mutating func boolean(_ field: MessageField, _ value: Bool) {
        tag(field, .varint)
        bytes.append(value ? 1 : 0)
    }

    mutating func number(_ field: MessageField, _ value: Double) { fixed(field, value.bitPattern) }

    mutating func enumeration(_ field: MessageField, _ value: Int) { integer(field, Int64(value)) }

    mutating func unsigned32(_ field: MessageField, _ value: UInt32) { integer(field, Int64(value)) }

    mutating func integer(_ field: MessageField, _ value: Int64) {
        tag(field, .varint)
        varint(UInt64(bitPattern: value))
    }

    mutating func fixed(_ field: MessageField, _ value: UInt64) {
        tag(field, .eightBytes)
        raw(value)
    }

    mutating func fixed(_ field: MessageField, _ value: Int64) { fixed(field, UInt64(bitPattern: value)) }

    mutating func traceID(_ field: MessageField, _ value: TraceID) {
        tag(field, .lengthDelimited)
        bytes.append(16)
        bigEndian(value.high)
        bigEndian(value.low)
    }

    mutating func spanID(_ field: MessageField, _ value: UInt64) {
        tag(field, .lengthDelimited)
        bytes.append(8)
        bigEndian(value)
    }

    mutating func message(_ field: MessageField, _ body: (inout Self) -> Void) {
        tag(field, .lengthDelimited)
        // Most messages need one byte for their length; the contents of the few others are moved.
        let start = bytes.count
        bytes.append(0)
        body(&self)
        var length = bytes.count - start - 1
        guard length > 0x7F else {
            bytes[start] = UInt8(length)
            return
        }
        var prefix: [UInt8] = []
        while length > 0x7F {
            prefix.append(UInt8(length & 0x7F) | 0x80)
            length >>= 7
        }
        prefix.append(UInt8(length))
        bytes.replaceSubrange(start...start, with: prefix)
    }

    mutating func messages<Values: Sequence>(
        _ field: MessageField, _ values: Values, _ body: (inout Self, Values.Element) -> Void
    ) {
        for value in values { message(field) { body(&$0, value) } }
    }

    mutating func numbers(_ field: MessageField, _ values: [Double]) {
        fixed(field, values.map(\.bitPattern))
    }

    mutating func fixed(_ field: MessageField, _ values: [UInt64]) {
        tag(field, .lengthDelimited)
        varint(UInt64(values.count * 8))
        for value in values { raw(value) }
    }
}
