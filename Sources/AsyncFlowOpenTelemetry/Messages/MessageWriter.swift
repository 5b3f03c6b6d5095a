import AsyncFlowTelemetry

/// A writer of OpenTelemetry messages. The contents of a message are described once and written in either form.
///
/// Hand-written, because there are few messages and they are never read: the generated code of `opentelemetry-proto`
/// has more lines than all of this, and first copies each span into its own objects.
protocol MessageWriter {
    init()
    /// Returns what was written, including JSON's outer braces.
    consuming func finish() -> [UInt8]

    mutating func string(_ field: MessageField, _ value: String)
    mutating func boolean(_ field: MessageField, _ value: Bool)
    mutating func number(_ field: MessageField, _ value: Double)
    mutating func enumeration(_ field: MessageField, _ value: Int)
    mutating func unsigned32(_ field: MessageField, _ value: UInt32)
    mutating func integer(_ field: MessageField, _ value: Int64)
    /// Writes a field of type `fixed64`.
    mutating func fixed(_ field: MessageField, _ value: UInt64)
    /// Writes a field of type `sfixed64`.
    mutating func fixed(_ field: MessageField, _ value: Int64)
    mutating func traceID(_ field: MessageField, _ value: TraceID)
    mutating func spanID(_ field: MessageField, _ value: UInt64)
    mutating func message(_ field: MessageField, _ body: (inout Self) -> Void)
    mutating func messages<Values: Sequence>(
        _ field: MessageField, _ values: Values, _ body: (inout Self, Values.Element) -> Void)
    mutating func numbers(_ field: MessageField, _ values: [Double])
    mutating func fixed(_ field: MessageField, _ values: [UInt64])
}

/// A field's number in protobuf, and its name in JSON.
struct MessageField: Sendable {
    let number: UInt8
    let name: StaticString

    init(_ number: UInt8, _ name: StaticString) {
        self.number = number
        self.name = name
    }
}
