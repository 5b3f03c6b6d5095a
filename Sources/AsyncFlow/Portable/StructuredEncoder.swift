#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// An encoder that writes a value of any `Codable` type as a ``StructuredValue``: arrays of numbers as they are in
/// memory, wherever they are in the value, everything else as JSON.
final class StructuredEncoder: Encoder {
    /// The encoded form of a value.
    enum Value {
        case json(String)
        case text(String)
        case container(Container)
    }
    /// An object or list to which parts are added in any order.
    final class Container {
        /// The names of the parts of an object; nil for a list.
        var keys: [String]?
        var values: [Value] = []
        /// The positions of the keys of a large object, which would take too long to search each time.
        private var places: [String: Int] = [:]
        private static let manyKeys = 16

        init(isObject: Bool) { keys = isObject ? [] : nil }

        func append(_ value: Value, _ key: String) {
            // If a key is set twice, the last value wins, as in a dictionary.
            if let place = places.isEmpty ? keys!.lastIndex(of: key) : places[key] { return values[place] = value }
            keys!.append(key)
            values.append(value)
            if !places.isEmpty {
                places[key] = values.count - 1
            } else if values.count == Self.manyKeys {
                for (place, key) in keys!.enumerated() { places[key] = place }
            }
        }
    }
    /// The buffers of one value, in their order.
    final class Buffers {
        fileprivate(set) var list: [(code: (UInt8, UInt8), storage: any RawStorage)] = []

        func add(_ code: (UInt8, UInt8), _ storage: some RawStorage) -> Int {
            list.append((code, storage))
            return list.count - 1
        }
    }

    let buffers: Buffers
    private let link: CodingPathLink?
    private(set) var value: Value?

    init(_ buffers: Buffers = Buffers(), at link: CodingPathLink? = nil) {
        self.buffers = buffers
        self.link = link
    }

    var codingPath: [any CodingKey] { CodingPathLink.path(link) }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    /// Returns the encoded form of a value.
    static func encode(
        _ value: some Encodable, _ buffers: Buffers, at link: @autoclosure () -> CodingPathLink?
    ) throws -> Value {
        if let special = try SpecialType.encode(value, buffers) { return special }
        let encoder = StructuredEncoder(buffers, at: link())
        try value.encode(to: encoder)
        // A type may encode nothing at all.
        return encoder.value ?? .container(Container(isObject: true))
    }

    /// Appends the elements of a tensor.
    func append<Scalar: TensorScalar>(_ scalars: [Scalar], shape: [Int]) {
        let place = buffers.add(Scalar._format.code, scalars)
        value = .json("{\"$\":\(place),\"s\":[\(shape.map(String.init).joined(separator: ","))]}")
    }

    private func container(isObject: Bool) -> Container {
        // A second request for the same sort of container returns the same one.
        if case .container(let container)? = value, (container.keys != nil) == isObject { return container }
        let container = Container(isObject: isObject)
        value = .container(container)
        return container
    }

    func container<Key: CodingKey>(keyedBy: Key.Type) -> KeyedEncodingContainer<Key> {
        KeyedEncodingContainer(KeyedPart<Key>(container: container(isObject: true), buffers: buffers, link: link))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        ListPart(container: container(isObject: false), buffers: buffers, link: link)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { self }

    // MARK: - Parts

    struct KeyedPart<Key: CodingKey>: KeyedEncodingContainerProtocol {
        let container: Container
        let buffers: Buffers
        let link: CodingPathLink?
        var codingPath: [any CodingKey] { CodingPathLink.path(link) }

        func encodeNil(forKey key: Key) { container.append(.json("null"), key.stringValue) }
        func encode(_ value: some Encodable, forKey key: Key) throws {
            let encoded = try StructuredEncoder.encode(value, buffers, at: CodingPathLink(key, in: link))
            container.append(encoded, key.stringValue)
        }
        // The standard library's implementations of these two refuse the value.
        func encode(_ value: Int128, forKey key: Key) { container.append(.json(String(value)), key.stringValue) }
        func encode(_ value: UInt128, forKey key: Key) { container.append(.json(String(value)), key.stringValue) }
        private func nested(_ isObject: Bool, _ key: Key) -> (Container, CodingPathLink) {
            let part = Container(isObject: isObject)
            container.append(.container(part), key.stringValue)
            return (part, CodingPathLink(key, in: link))
        }
        func nestedContainer<Inner: CodingKey>(
            keyedBy: Inner.Type, forKey key: Key
        ) -> KeyedEncodingContainer<Inner> {
            let (part, link) = nested(true, key)
            return KeyedEncodingContainer(KeyedPart<Inner>(container: part, buffers: buffers, link: link))
        }
        func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
            let (part, link) = nested(false, key)
            return ListPart(container: part, buffers: buffers, link: link)
        }
        func superEncoder() -> any Encoder { PartEncoder(container, PlainCodingKey.superclass, buffers, link) }
        func superEncoder(forKey key: Key) -> any Encoder { PartEncoder(container, key, buffers, link) }
    }

    struct ListPart: UnkeyedEncodingContainer {
        let container: Container
        let buffers: Buffers
        let link: CodingPathLink?
        var codingPath: [any CodingKey] { CodingPathLink.path(link) }
        var count: Int { container.values.count }

        func encodeNil() { container.values.append(.json("null")) }
        func encode(_ value: some Encodable) throws {
            let encoded = try StructuredEncoder.encode(
                value, buffers, at: CodingPathLink(PlainCodingKey(intValue: count), in: link))
            container.values.append(encoded)
        }
        func encode(_ value: Int128) { container.values.append(.json(String(value))) }
        func encode(_ value: UInt128) { container.values.append(.json(String(value))) }
        private func nested(_ isObject: Bool) -> (Container, CodingPathLink) {
            let part = Container(isObject: isObject)
            let place = PlainCodingKey(intValue: count)
            container.values.append(.container(part))
            return (part, CodingPathLink(place, in: link))
        }
        func nestedContainer<Inner: CodingKey>(keyedBy: Inner.Type) -> KeyedEncodingContainer<Inner> {
            let (part, link) = nested(true)
            return KeyedEncodingContainer(KeyedPart<Inner>(container: part, buffers: buffers, link: link))
        }
        func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
            let (part, link) = nested(false)
            return ListPart(container: part, buffers: buffers, link: link)
        }
        func superEncoder() -> any Encoder {
            PartEncoder(container, PlainCodingKey(intValue: count), buffers, link)
        }
    }

    /// An encoder of the superclass's part of a value, which is put into its place from the beginning.
    private final class PartEncoder: Encoder {
        private let part = Container(isObject: true)
        private let buffers: Buffers
        private let link: CodingPathLink?
        var codingPath: [any CodingKey] { CodingPathLink.path(link) }
        var userInfo: [CodingUserInfoKey: Any] { [:] }

        init(_ container: Container, _ key: any CodingKey, _ buffers: Buffers, _ link: CodingPathLink?) {
            self.buffers = buffers
            self.link = CodingPathLink(key, in: link)
            if container.keys != nil {
                container.append(.container(part), key.stringValue)
            } else {
                container.values.append(.container(part))
            }
        }

        func container<Key: CodingKey>(keyedBy: Key.Type) -> KeyedEncodingContainer<Key> {
            KeyedEncodingContainer(KeyedPart<Key>(container: part, buffers: buffers, link: link))
        }
        func unkeyedContainer() -> any UnkeyedEncodingContainer {
            part.keys = nil
            return ListPart(container: part, buffers: buffers, link: link)
        }
        func singleValueContainer() -> any SingleValueEncodingContainer {
            part.keys = nil  // a list of one
            return SinglePart(list: ListPart(container: part, buffers: buffers, link: link))
        }
    }

    private struct SinglePart: SingleValueEncodingContainer {
        let list: ListPart
        var codingPath: [any CodingKey] { list.codingPath }
        func encodeNil() { list.encodeNil() }
        func encode(_ value: some Encodable) throws { try list.encode(value) }
        func encode(_ value: Int128) { list.encode(value) }
        func encode(_ value: UInt128) { list.encode(value) }
    }
}

extension StructuredEncoder: SingleValueEncodingContainer {
    func encodeNil() { value = .json("null") }
    func encode(_ value: some Encodable) throws {
        self.value = try Self.encode(value, buffers, at: link)
    }
    func encode(_ value: Int128) { self.value = .json(String(value)) }
    func encode(_ value: UInt128) { self.value = .json(String(value)) }
}

/// Bytes in memory that are written as they are.
protocol RawStorage {
    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result
}

extension [UInt8] {
    fileprivate mutating func pad(to count: Int) {
        if self.count < count { append(contentsOf: repeatElement(0, count: count - self.count)) }
    }
}

extension Array: RawStorage where Element: TensorScalar {
    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result { withUnsafeBytes(body) }
}

extension Data: RawStorage {
    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result { withUnsafeBytes(body) }
}

/// A writer that assembles a structured value: its JSON, followed by its buffers.
enum StructuredWriter {
    /// Returns the alignment of a buffer; large ones are aligned for vector instructions.
    private static func alignment(_ size: Int) -> Int { size >= 4096 ? 64 : 8 }

    /// - Parameter head: called with the size of the content, before the content is appended.
    static func append(
        _ value: StructuredEncoder.Value, _ buffers: StructuredEncoder.Buffers, to bytes: inout [UInt8],
        head: (inout [UInt8], Int) -> Void, headSize: Int
    ) throws(StructuredValueError) {
        var skeleton: [UInt8] = []
        append(value, to: &skeleton)
        guard skeleton.count <= UInt32.max else { throw StructuredValueError("it is too large") }
        let start = bytes.count + headSize
        var end = start + StructuredContent.headSize + buffers.list.count * StructuredContent.entrySize + skeleton.count
        var entries: [(start: Int, size: Int)] = []
        entries.reserveCapacity(buffers.list.count)
        for (_, storage) in buffers.list {
            let size = storage.withBytes(\.count)
            let alignment = alignment(size)
            end = (end + alignment - 1) / alignment * alignment
            entries.append((end, size))
            end += size
        }
        bytes.reserveCapacity(end)
        head(&bytes, end - start)
        append(UInt32(skeleton.count), to: &bytes)
        append(UInt32(buffers.list.count), to: &bytes)
        for (buffer, entry) in zip(buffers.list, entries) {
            bytes.append(buffer.code.0)
            bytes.append(buffer.code.1)
            append(UInt64(entry.start - start), to: &bytes)
            append(UInt64(entry.size), to: &bytes)
        }
        bytes.append(contentsOf: skeleton)
        for (buffer, entry) in zip(buffers.list, entries) {
            bytes.pad(to: entry.start)
            buffer.storage.withBytes { bytes.append(contentsOf: $0) }
        }
    }

    private static func append(_ number: some FixedWidthInteger, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }

    private static func append(_ value: StructuredEncoder.Value, to json: inout [UInt8]) {
        switch value {
        case .json(let text): json.append(contentsOf: text.utf8)
        case .text(let text): append(text, to: &json)
        case .container(let container):
            json.append(UInt8(ascii: container.keys == nil ? "[" : "{"))
            for (place, value) in container.values.enumerated() {
                if place > 0 { json.append(UInt8(ascii: ",")) }
                if let key = container.keys?[place] {
                    append(key.utf8.first == UInt8(ascii: "$") ? "$" + key : key, to: &json)
                    json.append(UInt8(ascii: ":"))
                }
                append(value, to: &json)
            }
            json.append(UInt8(ascii: container.keys == nil ? "]" : "}"))
        }
    }

    private static let digits = Array("0123456789abcdef".utf8)

    private static func append(_ text: String, to json: inout [UInt8]) {
        json.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                json.append(UInt8(ascii: "\\"))
                json.append(byte)
            case 0..<0x20:
                json.append(contentsOf: Array("\\u00".utf8))
                json.append(digits[Int(byte >> 4)])
                json.append(digits[Int(byte & 15)])
            default: json.append(byte)
            }
        }
        json.append(UInt8(ascii: "\""))
    }
}
