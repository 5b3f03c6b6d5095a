import AsyncFlowTelemetry

/// A writer of messages in the OpenTelemetry protocol's JSON form: ids in base 16, 64-bit integers as strings, enums as
/// numbers.
///
/// Source: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
struct JSONMessageWriter: MessageWriter {
    private var bytes: [UInt8] = [0x7B]
    private var needsComma = false

    init() { bytes.reserveCapacity(8192) }

    consuming func finish() -> [UInt8] {
        bytes.append(0x7D)
        return bytes
    }

    @inline(__always)
    private mutating func separate() {
        if needsComma { bytes.append(0x2C) }
        needsComma = true
    }

    private mutating func key(_ field: MessageField) {
        separate()
        bytes.append(0x22)
        field.name.withUTF8Buffer { bytes.append(contentsOf: $0) }
        bytes.append(0x22)
        bytes.append(0x3A)
    }

    private mutating func text(_ text: String) { bytes.append(contentsOf: text.utf8) }

    private mutating func quoted(_ text: String) {
        bytes.append(0x22)
        self.text(text)
        bytes.append(0x22)
    }

    mutating func string(_ field: MessageField, _ value: String) {
        key(field)
        bytes.append(0x22)
        for byte in value.utf8 {
            switch byte {
            case 0x22, 0x5C:
                bytes.append(0x5C)
                bytes.append(byte)
            case 0..<0x20:
                text("\\u00")
                bytes.append(Self.digit(byte >> 4))
                bytes.append(Self.digit(byte & 15))
            default: bytes.append(byte)
            }
        }
        bytes.append(0x22)
    }

    mutating func boolean(_ field: MessageField, _ value: Bool) {
        key(field)
        text(value ? "true" : "false")
    }

    mutating func number(_ field: MessageField, _ value: Double) {
        key(field)
        number(value)
    }

    private mutating func number(_ value: Double) {
        if value.isFinite { return text("\(value)") }
        quoted(value.isNaN ? "NaN" : value < 0 ? "-Infinity" : "Infinity")
    }

    mutating func enumeration(_ field: MessageField, _ value: Int) {
        key(field)
        text("\(value)")
    }

    mutating func unsigned32(_ field: MessageField, _ value: UInt32) { enumeration(field, Int(value)) }

    mutating func integer(_ field: MessageField, _ value: Int64) {
        key(field)
        quoted("\(value)")
    }

    mutating func fixed(_ field: MessageField, _ value: UInt64) {
        key(field)
        quoted("\(value)")
    }

    mutating func fixed(_ field: MessageField, _ value: Int64) { integer(field, value) }

    mutating func traceID(_ field: MessageField, _ value: TraceID) {
        key(field)
        bytes.append(0x22)
        digits(value.high)
        digits(value.low)
        bytes.append(0x22)
    }

    mutating func spanID(_ field: MessageField, _ value: UInt64) {
        key(field)
        bytes.append(0x22)
        digits(value)
        bytes.append(0x22)
    }

    private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x57 + value }

    private mutating func digits(_ value: UInt64) {
        for shift in stride(from: 60, through: 0, by: -4) {
            bytes.append(Self.digit(UInt8(truncatingIfNeeded: value >> UInt64(shift)) & 15))
        }
    }

    private mutating func object(_ body: (inout Self) -> Void) {
        bytes.append(0x7B)
        needsComma = false
        body(&self)
        bytes.append(0x7D)
        needsComma = true
    }

    mutating func message(_ field: MessageField, _ body: (inout Self) -> Void) {
        key(field)
        object(body)
    }

    private mutating func array<Values: Sequence>(
        _ field: MessageField, _ values: Values, _ body: (inout Self, Values.Element) -> Void
    ) {
        key(field)
        bytes.append(0x5B)
        needsComma = false
        for value in values {
            separate()
            body(&self, value)
        }
        bytes.append(0x5D)
        needsComma = true
    }

    mutating func messages<Values: Sequence>(
        _ field: MessageField, _ values: Values, _ body: (inout Self, Values.Element) -> Void
    ) {
        array(field, values) { writer, value in writer.object { body(&$0, value) } }
    }

    mutating func numbers(_ field: MessageField, _ values: [Double]) { array(field, values) { $0.number($1) } }

    mutating func fixed(_ field: MessageField, _ values: [UInt64]) { array(field, values) { $0.quoted("\($1)") } }
}
