#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Why a value didn't cross between two processes.
public struct PortableCodingError: Error, Sendable, Hashable, CustomStringConvertible {
    public let description: String

    package init(_ description: String) { self.description = description }
}

/// How a value is written. Numbers, texts and arrays of numbers, which are most of what is sent and all of what is big, are
/// written as they are; everything else as JSON, which names its parts and so finds out when both ends mean another type.
private enum PortableForm: UInt8 {
    case json, integer, number, text, boolean, bytes, numbers, integers
}

/// Writes the arguments or the value of a portable task.
package struct PortableEncoder {
    package private(set) var bytes: [UInt8] = []
    private let owner: String

    /// - Parameter owner: the signature of the task, for errors.
    package init(of owner: String) {
        self.owner = owner
        bytes.reserveCapacity(32)
    }

    package mutating func append<Value: Codable>(_ value: Value) throws(PortableCodingError) {
        let type = Value.self
        if type == Int.self {
            append(.integer, UInt64(bitPattern: Int64(value as! Int)))
        } else if type == Double.self {
            append(.number, (value as! Double).bitPattern)
        } else if type == Bool.self {
            append(.boolean, value as! Bool ? 1 : 0)
        } else if type == String.self {
            append(.text, (value as! String).utf8)
        } else if type == [UInt8].self {
            append(.bytes, value as! [UInt8])
        } else if type == [Double].self {
            appendElements(.numbers, value as! [Double])
        } else if type == [Int].self {
            appendElements(.integers, value as! [Int])
        } else {
            do { append(.json, try JSONEncoder.portable.encode(value)) } catch {
                throw PortableCodingError("\(owner): a value of type \(type) can't be encoded: \(error)")
            }
        }
    }

    private mutating func append(_ form: PortableForm, _ word: UInt64) {
        bytes.append(form.rawValue)
        withUnsafeBytes(of: word.littleEndian) { bytes.append(contentsOf: $0) }
    }

    private mutating func append(_ form: PortableForm, _ content: some Collection<UInt8>) {
        reserve(content.count)
        append(form, UInt64(content.count))
        bytes.append(contentsOf: content)
    }

    /// What is large is written into memory of its size at once, instead of being moved as that grows.
    private mutating func reserve(_ count: Int) {
        if count > 4096 { bytes.reserveCapacity(bytes.count + count + 64) }
    }

    private mutating func appendElements(_ form: PortableForm, _ elements: [some BitwiseCopyable]) {
        elements.withUnsafeBytes { content in
            reserve(content.count)
            append(form, UInt64(content.count))
            bytes.append(contentsOf: content)
        }
    }
}

/// Reads what a ``PortableEncoder`` wrote. Whatever the bytes are, it throws or returns a value.
package struct PortableDecoder {
    private let bytes: ArraySlice<UInt8>
    private var position: Int
    private let owner: String
    private var count = 0

    /// - Parameter owner: the signature of the task, for errors.
    package init(_ bytes: ArraySlice<UInt8>, of owner: String) {
        self.bytes = bytes
        self.owner = owner
        position = bytes.startIndex
    }

    package mutating func next<Value: Codable>(_ type: Value.Type) throws(PortableCodingError) -> Value {
        count += 1
        guard bytes.endIndex - position >= 9, let form = PortableForm(rawValue: bytes[position]) else {
            throw problem(type, "there is none")
        }
        let word = bytes.withUnsafeBytes {
            UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: position - bytes.startIndex + 1, as: UInt64.self))
        }
        position += 9
        let value: Any?
        switch form {
        case .integer: value = Int(Int64(bitPattern: word))
        case .number: value = Double(bitPattern: word)
        case .boolean: value = word != 0
        case .json: value = try decode(type, try content(word, type))
        case .text: value = String(validating: try content(word, type), as: UTF8.self)
        case .bytes: value = Array(try content(word, type))
        case .numbers: value = elements(try content(word, type), as: Double.self)
        case .integers: value = elements(try content(word, type), as: Int.self)
        }
        guard let value = value as? Value else { throw problem(type, "there is something else, in the form '\(form)'") }
        return value
    }

    /// - Throws: if there is more.
    func finish() throws(PortableCodingError) {
        guard position == bytes.endIndex else {
            throw PortableCodingError("\(owner): there are more values than the \(count) that are expected")
        }
    }

    private mutating func content(_ count: UInt64, _ type: Any.Type) throws(PortableCodingError) -> ArraySlice<UInt8> {
        guard count <= UInt64(bytes.endIndex - position) else { throw problem(type, "it is cut off") }
        defer { position += Int(count) }
        return bytes[position..<(position + Int(count))]
    }

    private func elements<Element: BitwiseCopyable>(_ content: ArraySlice<UInt8>, as: Element.Type) -> [Element]? {
        guard content.count % MemoryLayout<Element>.stride == 0 else { return nil }
        return Array(unsafeUninitializedCapacity: content.count / MemoryLayout<Element>.stride) { buffer, count in
            content.withUnsafeBytes { UnsafeMutableRawBufferPointer(buffer).copyMemory(from: $0) }
            count = buffer.count
        }
    }

    private func decode<Value: Codable>(
        _ type: Value.Type, _ content: ArraySlice<UInt8>
    ) throws(PortableCodingError) -> Value {
        do { return try JSONDecoder.portable.decode(type, from: Data(content)) } catch {
            throw problem(type, "\(error)")
        }
    }

    private func problem(_ type: Any.Type, _ what: String) -> PortableCodingError {
        PortableCodingError("\(owner): value \(count), which should be of type \(type), can't be decoded: \(what)")
    }
}

extension JSONEncoder {
    /// Makes numbers that JSON doesn't have into words.
    fileprivate static var portable: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
        return encoder
    }
}

extension JSONDecoder {
    fileprivate static var portable: JSONDecoder {
        let decoder = JSONDecoder()
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
        return decoder
    }
}
