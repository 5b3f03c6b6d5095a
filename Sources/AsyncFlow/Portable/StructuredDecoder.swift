/// A decoder that makes a value of any `Decodable` type from a ``StructuredValue``.
final class StructuredDecoder: Decoder {
    private let value: StructuredValue
    private let link: CodingPathLink?

    init(_ value: StructuredValue, at link: CodingPathLink? = nil) {
        self.value = value
        self.link = link
    }

    var codingPath: [any CodingKey] { CodingPathLink.path(link) }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    static func decode<Value: Decodable>(
        _ type: Value.Type, from value: StructuredValue, at link: @autoclosure () -> CodingPathLink?
    ) throws -> Value {
        if let special = SpecialType.decode(type, from: value) { return special }
        let link = link()
        guard !SpecialType.isLeaf(type) else { throw mismatch(type, value, at: link) }
        return try type.init(from: StructuredDecoder(value, at: link))
    }

    private static func mismatch(
        _ type: Any.Type, _ value: StructuredValue, at link: CodingPathLink?
    ) -> DecodingError {
        DecodingError.typeMismatch(
            type,
            DecodingError.Context(
                codingPath: CodingPathLink.path(link),
                debugDescription: "there is \(value.sort) where a value of type \(type) is needed"))
    }

    /// Returns a tensor from an array of any shape, or from nested lists of equal lengths.
    func tensor<Scalar: TensorScalar>(of: Scalar.Type) throws -> (scalars: [Scalar], shape: [Int]) {
        switch value {
        case .numbers(let buffer):
            if let scalars = buffer.elements(as: Scalar.self) { return (scalars, buffer.shape) }
        case .rows(let rows):
            let width = rows.first?.count ?? 0
            guard rows.allSatisfy({ $0.count == width }) else { break }
            let parts = rows.compactMap { $0.elements(as: Scalar.self) }
            if parts.count == rows.count { return (Array(parts.joined()), [rows.count, width]) }
        case .bytes(let bytes):
            if let buffer = NumberBuffer(UInt8._format, bytes), let scalars = buffer.elements(as: Scalar.self) {
                return (scalars, buffer.shape)
            }
        case .list(let list):
            // Each nested list is decoded as a tensor, each other element as a number.
            if let scalars = list.map({ SpecialType.decode(Scalar.self, from: $0) }) as? [Scalar] {
                return (scalars, [list.count])
            }
            let parts = try list.map { try StructuredDecoder($0, at: link).tensor(of: Scalar.self) }
            if let shape = parts.first?.shape, parts.allSatisfy({ $0.shape == shape }) {
                return (parts.flatMap(\.scalars), [parts.count] + shape)
            }
        default:
            if let scalar = SpecialType.decode(Scalar.self, from: value) { return ([scalar], []) }
        }
        throw Self.mismatch(Tensor<Scalar>.self, value, at: link)
    }

    func container<Key: CodingKey>(keyedBy: Key.Type) throws -> KeyedDecodingContainer<Key> {
        try Self.keyed(value, at: link)
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer { try Self.list(value, at: link) }

    func singleValueContainer() -> any SingleValueDecodingContainer { self }

    private static func keyed<Key: CodingKey>(
        _ value: StructuredValue, at link: CodingPathLink?
    ) throws -> KeyedDecodingContainer<Key> {
        guard case .object(let object) = value else { throw mismatch([String: Any].self, value, at: link) }
        return KeyedDecodingContainer(KeyedPart<Key>(object: object, link: link))
    }

    private static func list(_ value: StructuredValue, at link: CodingPathLink?) throws -> ListPart {
        guard let elements = value.elements else { throw mismatch([Any].self, value, at: link) }
        return ListPart(elements: elements, link: link)
    }

    // MARK: - Parts

    struct KeyedPart<Key: CodingKey>: KeyedDecodingContainerProtocol {
        let object: [String: StructuredValue]
        let link: CodingPathLink?
        var codingPath: [any CodingKey] { CodingPathLink.path(link) }
        var allKeys: [Key] { object.keys.compactMap { Key(stringValue: $0) } }

        func contains(_ key: Key) -> Bool { object[key.stringValue] != nil }

        private func value(_ key: any CodingKey) throws -> StructuredValue {
            guard let value = object[key.stringValue] else {
                throw DecodingError.keyNotFound(
                    key,
                    DecodingError.Context(
                        codingPath: codingPath,
                        debugDescription: "'\(key.stringValue)' is missing; there are: "
                            + (object.isEmpty ? "none" : object.keys.sorted().joined(separator: ", "))))
            }
            return value
        }

        func decodeNil(forKey key: Key) throws -> Bool {
            if case .null = try value(key) { true } else { false }
        }
        func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
            try StructuredDecoder.decode(type, from: value(key), at: CodingPathLink(key, in: link))
        }
        // The standard library's implementations of these two refuse the value.
        func decode(_ type: Int128.Type, forKey key: Key) throws -> Int128 {
            try StructuredDecoder.decode(type, from: value(key), at: CodingPathLink(key, in: link))
        }
        func decode(_ type: UInt128.Type, forKey key: Key) throws -> UInt128 {
            try StructuredDecoder.decode(type, from: value(key), at: CodingPathLink(key, in: link))
        }
        func nestedContainer<Inner: CodingKey>(
            keyedBy: Inner.Type, forKey key: Key
        ) throws -> KeyedDecodingContainer<Inner> {
            try StructuredDecoder.keyed(value(key), at: CodingPathLink(key, in: link))
        }
        func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
            try StructuredDecoder.list(value(key), at: CodingPathLink(key, in: link))
        }
        func superDecoder() throws -> any Decoder {
            let key = PlainCodingKey.superclass
            return StructuredDecoder(try value(key), at: CodingPathLink(key, in: link))
        }
        func superDecoder(forKey key: Key) throws -> any Decoder {
            StructuredDecoder(try value(key), at: CodingPathLink(key, in: link))
        }
    }

    struct ListPart: UnkeyedDecodingContainer {
        let elements: [StructuredValue]
        let link: CodingPathLink?
        private(set) var currentIndex = 0
        var codingPath: [any CodingKey] { CodingPathLink.path(link) }
        var count: Int? { elements.count }
        var isAtEnd: Bool { currentIndex == elements.count }

        init(elements: [StructuredValue], link: CodingPathLink?) {
            self.elements = elements
            self.link = link
        }

        private var place: CodingPathLink { CodingPathLink(PlainCodingKey(intValue: currentIndex), in: link) }

        private func value(_ type: Any.Type) throws -> StructuredValue {
            guard !isAtEnd else {
                throw DecodingError.valueNotFound(
                    type,
                    DecodingError.Context(
                        codingPath: codingPath, debugDescription: "a list of \(elements.count) is too short"))
            }
            return elements[currentIndex]
        }

        mutating func decodeNil() throws -> Bool {
            guard case .null = try value(Any.self) else { return false }
            currentIndex += 1
            return true
        }
        mutating func decode(_ type: Int128.Type) throws -> Int128 { try next(type) }
        mutating func decode(_ type: UInt128.Type) throws -> UInt128 { try next(type) }
        mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try next(type) }
        private mutating func next<Value: Decodable>(_ type: Value.Type) throws -> Value {
            let decoded = try StructuredDecoder.decode(type, from: value(type), at: place)
            currentIndex += 1
            return decoded
        }
        mutating func nestedContainer<Inner: CodingKey>(
            keyedBy: Inner.Type
        ) throws -> KeyedDecodingContainer<Inner> {
            let container: KeyedDecodingContainer<Inner> = try StructuredDecoder.keyed(value(Inner.self), at: place)
            currentIndex += 1
            return container
        }
        mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
            let container = try StructuredDecoder.list(value([Any].self), at: place)
            currentIndex += 1
            return container
        }
        mutating func superDecoder() throws -> any Decoder {
            let decoder = StructuredDecoder(try value(Any.self), at: place)
            currentIndex += 1
            return decoder
        }
    }
}

extension StructuredDecoder: SingleValueDecodingContainer {
    func decodeNil() -> Bool {
        if case .null = value { true } else { false }
    }
    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        try Self.decode(type, from: value, at: link)
    }
    func decode(_ type: Int128.Type) throws -> Int128 { try Self.decode(type, from: value, at: link) }
    func decode(_ type: UInt128.Type) throws -> UInt128 { try Self.decode(type, from: value, at: link) }
}

extension DecodingError {
    /// A description of what is wrong, and where, in one sentence.
    var sentence: String {
        let context =
            switch self {
            case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context),
                .dataCorrupted(let context):
                context
            @unknown default: DecodingError.Context(codingPath: [], debugDescription: "\(self)")
            }
        return context.codingPath.isEmpty
            ? context.debugDescription : "at \(context.codingPath.text): \(context.debugDescription)"
    }
}
