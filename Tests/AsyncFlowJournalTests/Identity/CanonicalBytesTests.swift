import AsyncFlow
import Foundation
import Testing

@testable import AsyncFlowJournal

@Suite("The identity of values")
struct CanonicalBytesTests {
    struct Point: Codable, Hashable {
        var x = 1
        var y = 2.5
        var name: String? = "a"
    }
    struct Reversed: Encodable {
        enum Keys: String, CodingKey { case x, y, name }
        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Keys.self)
            try container.encode("a", forKey: .name)
            try container.encode(2.5, forKey: .y)
            try container.encode(Int8(1), forKey: .x)
        }
    }
    struct Nested: Encodable {
        enum Keys: String, CodingKey { case a, b }
        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Keys.self)
            var list = container.nestedUnkeyedContainer(forKey: .b)
            try list.encode(1)
            var inner = container.nestedContainer(keyedBy: Keys.self, forKey: .a)
            try inner.encode(true, forKey: .b)
            try list.encode("later")
            try inner.encodeNil(forKey: .a)
        }
    }
    class Base: Encodable, @unchecked Sendable { var base = 1 }
    final class Derived: Base, @unchecked Sendable {
        enum Keys: CodingKey { case own }
        override func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Keys.self)
            try container.encode(2, forKey: .own)
            try super.encode(to: container.superEncoder())
        }
    }

    /// They must never change: what was recorded under them would be lost.
    static let golden: [(any Encodable & Sendable, String)] = [
        (1, "19f6a95f9c5703c4d8fc0f0bb1b11f7a"),
        (-1, "f6a88ed4f2f437734f157fa42f5ab988"),
        (UInt64.max, "7b67e71ea73011a4d181da598695f50e"),
        (2.5, "3a607e9b5248cf68d561de70e8ab27e1"),
        (Float(2.5), "2903638916542284ab4a73fc74c94d74"),
        (true, "d4735e3a265e16eee03f59718b9b5d03"),
        ("text", "50b3a1c63a523b7b5607b87fbaefe69e"),
        (Optional<Int>.none, "5feceb66ffc86f38d952786c6d696c79"),
        ([1, 2, 3], "2f7392971dcc4020ebeedd274d5e147c"),
        ([1.5, -0.0], "7edab675289a7b2924609691b052c0cf"),
        ([UInt8(1), 2], "ba371b0370418e6b6019f2fdf5707bfe"),
        (["a", "b"], "edb8f427f694a3625fb78c1a497427d4"),
        (["b": 2, "a": 1], "540c899c255f83a3abbb9e565afb0222"),
        (Set(["x", "y", "z"]), "835dde35f98b94361637a62395fbc81a"),
        (Point(), "19b36d3a07242133f414b0c83e1cd440"),
        (Nested(), "e933e2815c5c32794e54500ff2322398"),
        (Derived(), "e8fa030cc687ecbbd2ff25ba792a7e7c"),
        (Date(timeIntervalSinceReferenceDate: 0), "ac2ee5432174b75280d4da01bff7b513"),
        (Duration.seconds(3), "aeea5c81fa8398be5cfad4d7600d17f5"),
        (InputFile("/data/reads.fq"), "49baa56e15c2fd435bcbaec451a77c74"),
        (NoValue(), "621fa5ae7c7175722ebd90f9606b313d"),
    ]

    @Test("Stays what it was when it was written down", arguments: 0..<golden.count)
    func vectors(row: Int) throws {
        let (value, digest) = Self.golden[row]
        let found = try ValueIdentity.digest(of: value)
        #expect(found == digest, "\(value)")
    }

    private func bytes(_ value: some Encodable) throws -> [UInt8] {
        var bytes = CanonicalBytes()
        try bytes.append(value)
        return bytes.bytes
    }

    @Test("Doesn't depend on the order in which a type writes its parts")
    func order() throws {
        #expect(try bytes(Point()) == bytes(Reversed()))
        #expect(try bytes(Point()) != bytes(Point(name: nil)))
        #expect(try bytes(Point()) != bytes(Point(x: 2)))
    }

    @Test("Tells apart what JSON doesn't, and not what is the same")
    func differences() throws {
        #expect(try bytes(1) == bytes(Int8(1)))
        #expect(try bytes(1) == bytes(UInt64(1)))
        #expect(try bytes(UInt64.max) != bytes(-1))
        #expect(try bytes(1.0) != bytes(1))
        #expect(try bytes(0.0) != bytes(-0.0))
        #expect(try bytes(Double.nan) == bytes(-Double.nan))
        #expect(try bytes([Double.nan, 1]) == bytes([-Double.nan, 1]))
        #expect(try bytes("1") != bytes(1))
        #expect(try bytes(["a", "b"]) != bytes(["ab"]))
        #expect(try bytes(["a", ""]) != bytes(["", "a"]))
        #expect(try bytes([[1], []]) != bytes([[], [1]]))
        #expect(try bytes(Set([1, 2])) != bytes([1, 2]))
        #expect(try bytes(Data([1, 2])) == bytes([UInt8(1), 2]))
        #expect(try bytes(Optional<Int>.none) != bytes(0))
    }

    @Test("Puts sets and dictionaries in order, wherever they are")
    func unordered() throws {
        var (forward, backward) = (Set<String>(minimumCapacity: 4), Set<String>(minimumCapacity: 400))
        for number in 0..<100 { forward.insert("\(number)") }
        for number in (0..<100).reversed() { backward.insert("\(number)") }
        #expect(try bytes(forward) == bytes(backward))
        #expect(try bytes(["a": forward]) == bytes(["a": backward]))
        #expect(try bytes([Point(): 1, Point(x: 7): 2]) == bytes([Point(x: 7): 2, Point(): 1]))
        #expect(try bytes([Point(): 1, Point(x: 7): 2]) != bytes([Point(x: 7): 1, Point(): 2]))
    }

    @Test("Names files by their role alone, and says which there are")
    func files() throws {
        var bytes = CanonicalBytes()
        try bytes.append(["a": InputFile("/x/reads.fq"), "b": InputFile("/y/reads.fq")])
        var other = CanonicalBytes()
        try other.append(["a": InputFile("/z/reads.fq"), "b": InputFile("/x/reads.fq")])
        #expect(bytes.bytes == other.bytes)
        #expect(Set(bytes.files.map(\.path)) == ["/x/reads.fq", "/y/reads.fq"])
        // Which file is in which place counts as soon as they have names.
        func named(_ value: some Encodable) throws -> [UInt8] {
            var bytes = CanonicalBytes(naming: .identity { Array($0.path.utf8) })
            try bytes.append(value)
            return bytes.bytes
        }
        #expect(
            try named(["a": InputFile("/x/f"), "b": InputFile("/y/f")])
                != named(["a": InputFile("/y/f"), "b": InputFile("/x/f")]))
    }

    @Test("Is the same in processes with different hash seeds")
    func hashSeeds() throws {
        let outputs = try (0..<4).map { _ in try JournalProbeProcess(["keys"]).output }
        #expect(outputs[0].split(separator: "\n").count == 3)
        #expect(Set(outputs).count == 1)
    }
}
