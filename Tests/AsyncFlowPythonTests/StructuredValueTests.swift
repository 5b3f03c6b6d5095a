import AsyncFlow
import Foundation
import TestSupport
import Testing

/// Values as they cross, without any other process.
@Suite(.timeLimit(.minutes(5))) struct StructuredValueTests {
    private static func encoded(_ value: some Encodable) throws -> [UInt8] {
        var encoder = PortableEncoder(of: "test")
        try encoder.append(value)
        return encoder.bytes
    }

    private static func decoded<Value: Decodable>(_ bytes: [UInt8], as type: Value.Type) throws -> Value {
        var decoder = PortableDecoder(bytes[...], of: "test")
        let value = try decoder.next(type)
        try decoder.finish()
        return value
    }

    @Test func `Every value is the same when it has crossed`() throws {
        let seed = TestRun.seed
        print("seed \(seed)")
        var source = RandomSource(seed)
        for _ in 0..<500 {
            let value = source.everything()
            let back = try Self.decoded(Self.encoded(value), as: Everything.self)
            #expect(back == value, "seed \(seed)")
            let plain = try JSONDecoder().decode(
                Everything.Choice.self, from: JSONEncoder().encode(Everything.Choice.none))
            #expect(plain == .none)
        }
    }

    @Test func `Bytes that were changed are refused or read, and never more`() throws {
        let seed = TestRun.seed
        print("seed \(seed)")
        var source = RandomSource(seed)
        let end = ContinuousClock.now + TestRun.fuzzDuration
        var counts = (read: 0, refused: 0)
        while ContinuousClock.now < end {
            var bytes = try Self.encoded(source.everything())
            for _ in 0...source.count(6) { bytes[Int.random(in: 0..<bytes.count, using: &source)] = source.bits() }
            if Bool.random(using: &source) { bytes.removeLast(source.count(bytes.count)) }
            do {
                _ = try Self.decoded(bytes, as: Everything.self)
                counts.read += 1
            } catch let error as PortableCodingError {
                counts.refused += 1
                if error.description.isEmpty { Issue.record("no description") }
            }
        }
        print("\(counts.read) read, \(counts.refused) refused")
        #expect(counts.refused > 0)
    }

    /// Returns the bytes of a structured value that no encoder has made.
    ///
    /// - Parameter buffers: format, place in the data, and size of each.
    private static func structured(_ json: String, _ buffers: [(String, Int, Int)], data: [UInt8]) -> [UInt8] {
        func little(_ number: some FixedWidthInteger) -> [UInt8] {
            withUnsafeBytes(of: number.littleEndian) { Array($0) }
        }
        let start = 8 + 18 * buffers.count + json.utf8.count
        var content = little(UInt32(json.utf8.count)) + little(UInt32(buffers.count))
        for (code, place, size) in buffers {
            content += Array(code.utf8) + little(UInt64(start + place)) + little(UInt64(size))
        }
        content += Array(json.utf8) + data
        return [7] + little(UInt64(content.count)) + content
    }

    @Test func `Arrays that take no bytes are limited, too`() throws {
        func rows(_ shape: String) throws -> [[Double]] {
            try Self.decoded(Self.structured(#"{"$":0,"s":\#(shape)}"#, [("f8", 0, 0)], data: []), as: [[Double]].self)
        }
        #expect(try rows("[3,0]") == [[], [], []])
        #expect(try rows("[0,3]") == [])
        for shape in ["[1000000000000000000,0]", "[9223372036854775807,9223372036854775807,0]", "[2000000,0]"] {
            #expect(throws: PortableCodingError.self) { try rows(shape) }
        }
        let empty = Tensor<Double>([], shape: [5, 0])
        #expect(try Self.decoded(Self.encoded(empty), as: Tensor<Double>.self) == empty)
    }

    @Test func `A buffer can be used only once, and buffers never overlap`() throws {
        let data = [UInt8](repeating: 7, count: 4096)
        func bytes(_ json: String, _ buffers: [(String, Int, Int)]) throws -> [[UInt8]] {
            try Self.decoded(Self.structured(json, buffers, data: data), as: [[UInt8]].self)
        }
        #expect(try bytes(#"[{"$b":0},{"$b":1}]"#, [("by", 0, 8), ("by", 8, 8)]).map(\.count) == [8, 8])
        #expect(throws: PortableCodingError.self) { try bytes(#"[{"$b":0},{"$b":0}]"#, [("by", 0, 16)]) }
        #expect(throws: PortableCodingError.self) {
            try bytes(#"[{"$b":0},{"$b":1}]"#, [("by", 0, 4096), ("by", 0, 4096)])
        }
        #expect(throws: PortableCodingError.self) { try bytes(#"[{"$":0},{"$":0}]"#, [("u1", 0, 16)]) }
    }

    @Test(.timeLimit(.minutes(1))) func `Encoding a dictionary takes time in proportion to its size`() throws {
        let many = Dictionary(uniqueKeysWithValues: (0..<300_000).map { ("key \($0)", $0) })
        #expect(try Self.encoded(many).count > 300_000)
        // Small and large objects are written by different ways of finding a name.
        for count in [0, 1, 15, 16, 17, 40] {
            let few = Dictionary(uniqueKeysWithValues: (0..<count).map { ("key \($0)", $0) })
            #expect(try Self.decoded(Self.encoded(few), as: [String: Int].self) == few)
            let twice = try Self.decoded(Self.encoded(Twice(count: count)), as: [String: Int].self)
            #expect(twice == few.mapValues { _ in -1 })
        }
    }

    /// Writes some of its names twice.
    private struct Twice: Encodable {
        var count: Int
        struct Key: CodingKey {
            var stringValue: String
            var intValue: Int? { nil }
            init(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { return nil }
        }
        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            for place in 0..<count { try container.encode(place, forKey: Key(stringValue: "key \(place)")) }
            for place in 0..<count { try container.encode(-1, forKey: Key(stringValue: "key \(place)")) }
        }
    }

    private struct Sample: Codable, Equatable {
        var name = "a\"$"
        var numbers: [Double] = [1, 2]
        var data = Data([7])
    }

    @Test func `The bytes are those of the protocol`() throws {
        // form, size, skeleton's size, count of buffers, (format, start, size) for each, skeleton, padding, buffers
        let skeleton = #"{"name":"a\"$","numbers":{"$":0},"data":{"$b":1}}"#
        var expected: [UInt8] = [7, 121, 0, 0, 0, 0, 0, 0, 0]
        expected += [UInt8(skeleton.utf8.count), 0, 0, 0, 2, 0, 0, 0]
        expected += [0x66, 0x38, 95, 0, 0, 0, 0, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0]
        expected += [0x62, 0x79, 111, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]
        expected += Array(skeleton.utf8)
        let bytes = try Self.encoded(Sample())
        let buffers = bytes.suffix(17)
        #expect(Array(buffers) == [0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0, 0, 0, 0, 0, 0, 0, 0x40, 7])
        #expect(String(decoding: bytes[53..<(53 + skeleton.utf8.count)], as: UTF8.self) == skeleton)
        #expect(Array(bytes[17..<19]) == [0x66, 0x38] && Array(bytes[35..<37]) == [0x62, 0x79])
        #expect(bytes[0] == 7 && Int(bytes[1]) == bytes.count - 9)
        #expect(try Self.encoded(-2) == [1, 0xfe] + [UInt8](repeating: 0xff, count: 7))
        #expect(try Self.encoded(1.0) == [2, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f])
        #expect(try Self.encoded("ü") == [3, 2, 0, 0, 0, 0, 0, 0, 0, 0xc3, 0xbc])
        #expect(try Self.encoded(true) == [4, 1, 0, 0, 0, 0, 0, 0, 0])
        #expect(try Self.encoded([UInt8]([9])) == [5, 1, 0, 0, 0, 0, 0, 0, 0, 9])
        let array = try Self.encoded([Float(1)])
        #expect(Array(array[..<12]) == [6, 59, 0, 0, 0, 0, 0, 0, 0, 0x66, 0x34, 52])
        #expect(array.count == 68 && Array(array[64...]) == [0, 0, 0x80, 0x3f])
    }

    @Test func `Numbers become those of the type that is asked for, where nothing but precision is lost`() throws {
        #expect(try Self.decoded(Self.encoded([Int](1...3)), as: [Double].self) == [1, 2, 3])
        #expect(try Self.decoded(Self.encoded([1.1]), as: [Float].self) == [1.1])
        #expect(try Self.decoded(Self.encoded([Int]([-1, 300])), as: [Int16].self) == [-1, 300])
        #expect(
            try Self.decoded(Self.encoded([[1.0, 2], [3, 4]]), as: Tensor<Double>.self)
                == Tensor(rows: [[1, 2], [3, 4]]))
        #expect(try Self.decoded(Self.encoded(Tensor<Double>(rows: [[1], [2]])), as: [[Double]].self) == [[1], [2]])
        #expect(try Self.decoded(Self.encoded([1.5, 2]), as: [Double?].self) == [1.5, 2])
        #expect(throws: PortableCodingError.self) { try Self.decoded(Self.encoded([300]), as: [Int8].self) }
        #expect(throws: PortableCodingError.self) { try Self.decoded(Self.encoded([1.5]), as: [Int].self) }
        #expect(throws: PortableCodingError.self) { try Self.decoded(Self.encoded(2.5), as: Int.self) }
        #expect(throws: PortableCodingError.self) { try Self.decoded(Self.encoded([UInt8]([2])), as: [Bool].self) }
    }

    @Test func `An error says where in the value it is`() throws {
        struct Outer: Codable { var list: [Inner] }
        struct Inner: Codable { var name: String }
        struct OtherOuter: Codable { var list: [OtherInner] }
        struct OtherInner: Codable { var name: Int }
        let bytes = try Self.encoded(OtherOuter(list: [OtherInner(name: 1), OtherInner(name: 2)]))
        let error = #expect(throws: PortableCodingError.self) { try Self.decoded(bytes, as: Outer.self) }
        #expect(
            error?.description
                == "test: value 1, which should be of type Outer, can't be decoded: at list[0].name: there is "
                + "an integer where a value of type String is needed")
    }

    @Test func `Classes with a superclass, and types that code a single value, cross`() throws {
        class Base: Codable { var a = 1 }
        final class Derived: Base {
            var b = [1.5]
            override init() { super.init() }
            private enum CodingKeys: CodingKey { case b }
            required init(from decoder: any Decoder) throws {
                b = try decoder.container(keyedBy: CodingKeys.self).decode([Double].self, forKey: .b)
                try super.init(from: decoder.container(keyedBy: CodingKeys.self).superDecoder())
            }
            override func encode(to encoder: any Encoder) throws {
                var container = encoder.container(keyedBy: CodingKeys.self)
                try container.encode(b, forKey: .b)
                try super.encode(to: container.superEncoder())
            }
        }
        let value = Derived()
        (value.a, value.b) = (7, [2.5, 3])
        let back = try Self.decoded(Self.encoded(value), as: Derived.self)
        #expect(back.a == 7 && back.b == [2.5, 3])
        enum Raw: String, Codable { case one }
        #expect(try Self.decoded(Self.encoded(Raw.one), as: Raw.self) == .one)
        #expect(try Self.decoded(Self.encoded(NoValue()), as: NoValue.self) == NoValue())
        #expect(try Self.decoded(Self.encoded(Optional<[Int]>.none), as: [Int]?.self) == nil)
    }

    @Test func `A tensor is two lists for other encoders`() throws {
        let tensor = Tensor<Int>(rows: [[1, 2], [3, 4]])
        let json = try JSONEncoder().encode(tensor)
        #expect(try JSONDecoder().decode(Tensor<Int>.self, from: json) == tensor)
        #expect(tensor[1, 0] == 3 && tensor.reshaped([4])[3] == 4)
        let wrong = Data(#"{"shape":[3],"scalars":[1]}"#.utf8)
        #expect(throws: DecodingError.self) { try JSONDecoder().decode(Tensor<Int>.self, from: wrong) }
    }
}
