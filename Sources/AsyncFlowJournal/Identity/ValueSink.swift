/// The destination for the encoding of one value: a single value, or the entries of a container, which are sorted at
/// the end.
final class ValueSink {
    private enum Form { case single, keyed, unkeyed }
    private struct Entry {
        var key: String
        var range: Range<Int>
        /// A nested container, which may receive entries until everything is encoded.
        var child: ValueSink?
    }

    let context: CanonicalBytes.Context
    private var form = Form.single
    private var buffer: [UInt8] = []
    private var entries: [Entry] = []

    init(_ context: CanonicalBytes.Context) { self.context = context }

    var count: Int { entries.count }

    func becomeKeyed() { form = .keyed }
    func becomeUnkeyed() { form = .unkeyed }

    /// Writes a single value, or the next entry.
    func add(_ key: String = "", _ write: (inout [UInt8]) throws -> Void) rethrows {
        let start = buffer.count
        try write(&buffer)
        if form != .single { entries.append(Entry(key: key, range: start..<buffer.count)) }
    }

    func add<Value: Encodable>(_ key: String = "", value: Value) throws {
        try add(key) { try CanonicalBytes.write(value, to: &$0, context) }
    }

    func addChild(_ key: String = "") -> ValueSink {
        let child = ValueSink(context)
        entries.append(Entry(key: key, range: 0..<0, child: child))
        return child
    }

    /// Appends everything, in order.
    func finish(into bytes: inout [UInt8]) {
        switch form {
        case .single:
            // The encoder was only used to make a nested encoder.
            if let child = entries.first?.child { return child.finish(into: &bytes) }
            if buffer.isEmpty { bytes.append(CanonicalBytes.Tag.null.rawValue) }
            bytes += buffer
        case .keyed:
            bytes.append(CanonicalBytes.Tag.keyed.rawValue)
            CanonicalBytes.write(count: entries.count, to: &bytes)
            // By bytes: the order of strings follows their normal forms, which may change with the system.
            for entry in entries.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
                CanonicalBytes.write(text: entry.key, to: &bytes)
                write(entry, to: &bytes)
            }
        case .unkeyed:
            bytes.append(CanonicalBytes.Tag.list.rawValue)
            CanonicalBytes.write(count: entries.count, to: &bytes)
            for entry in entries { write(entry, to: &bytes) }
        }
    }

    private func write(_ entry: Entry, to bytes: inout [UInt8]) {
        if let child = entry.child { return child.finish(into: &bytes) }
        bytes += buffer[entry.range]
    }
}

/// An encoder that writes into a sink.
struct SinkEncoder: Encoder {
    let sink: ValueSink
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        sink.becomeKeyed()
        return KeyedEncodingContainer(KeyedSink<Key>(sink: sink))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        sink.becomeUnkeyed()
        return UnkeyedSink(sink: sink)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { SingleSink(sink: sink) }
}

private struct KeyedSink<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let sink: ValueSink
    var codingPath: [any CodingKey] { [] }

    func encodeNil(forKey key: Key) { sink.add(key.stringValue) { $0.append(CanonicalBytes.Tag.null.rawValue) } }
    func encode<T: Encodable>(_ value: T, forKey key: Key) throws { try sink.add(key.stringValue, value: value) }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) -> KeyedEncodingContainer<Nested> {
        SinkEncoder(sink: sink.addChild(key.stringValue)).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        SinkEncoder(sink: sink.addChild(key.stringValue)).unkeyedContainer()
    }

    func superEncoder() -> any Encoder { SinkEncoder(sink: sink.addChild("super")) }
    func superEncoder(forKey key: Key) -> any Encoder { SinkEncoder(sink: sink.addChild(key.stringValue)) }
}

private struct UnkeyedSink: UnkeyedEncodingContainer {
    let sink: ValueSink
    var codingPath: [any CodingKey] { [] }
    var count: Int { sink.count }

    func encodeNil() { sink.add { $0.append(CanonicalBytes.Tag.null.rawValue) } }
    func encode<T: Encodable>(_ value: T) throws { try sink.add(value: value) }

    func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
        SinkEncoder(sink: sink.addChild()).container(keyedBy: type)
    }

    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
        SinkEncoder(sink: sink.addChild()).unkeyedContainer()
    }

    func superEncoder() -> any Encoder { SinkEncoder(sink: sink.addChild()) }
}

private struct SingleSink: SingleValueEncodingContainer {
    let sink: ValueSink
    var codingPath: [any CodingKey] { [] }

    func encodeNil() { sink.add { $0.append(CanonicalBytes.Tag.null.rawValue) } }
    func encode(_ value: Int8) { integer(Int64(value)) }
    func encode(_ value: Int16) { integer(Int64(value)) }
    func encode(_ value: Int32) { integer(Int64(value)) }
    func encode(_ value: Int64) { integer(value) }
    func encode(_ value: UInt) { unsigned(UInt64(value)) }
    func encode(_ value: UInt8) { unsigned(UInt64(value)) }
    func encode(_ value: UInt16) { unsigned(UInt64(value)) }
    func encode(_ value: UInt32) { unsigned(UInt64(value)) }
    func encode(_ value: UInt64) { unsigned(value) }
    func encode(_ value: Int) { integer(Int64(value)) }
    func encode(_ value: Bool) { sink.add { $0.append((value ? CanonicalBytes.Tag.yes : .no).rawValue) } }
    func encode(_ value: Double) { sink.add { CanonicalBytes.write(double: value, to: &$0) } }
    func encode(_ value: Float) { sink.add { CanonicalBytes.write(float: value, to: &$0) } }
    func encode(_ value: String) { sink.add { CanonicalBytes.write(text: value, to: &$0) } }
    func encode<T: Encodable>(_ value: T) throws { try sink.add(value: value) }

    private func integer(_ value: Int64) { sink.add { CanonicalBytes.write(integer: value, to: &$0) } }
    private func unsigned(_ value: UInt64) { sink.add { CanonicalBytes.write(unsigned: value, to: &$0) } }
}
