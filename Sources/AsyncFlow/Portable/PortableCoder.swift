/// The error of a value that couldn't be passed between two processes.
public struct PortableCodingError: WorkflowError, Hashable {
    public let message: String
    public var code: WorkflowErrorCode { .invalidValue }

    package init(_ message: String) { self.message = message }
}

/// The form in which a value is written. Numbers, strings and arrays of numbers, which are most of the traffic, are
/// written as they are; everything else as JSON, which names its parts and so detects that the two ends mean different
/// types, followed by the arrays in it. See ``StructuredValue``.
private enum PortableForm: UInt8 {
    case integer = 1, number, text, boolean, bytes, array, structured
}

/// An encoder of the arguments or the value of a portable task.
package struct PortableEncoder {
    package private(set) var bytes: [UInt8] = []
    private let owner: String

    /// - Parameter owner: the signature of the task, for errors.
    package init(of owner: String) {
        self.owner = owner
        bytes.reserveCapacity(32)
    }

    package mutating func append<Value: Encodable>(_ value: Value) throws(PortableCodingError) {
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
            appendElements(value as! [Double])
        } else if type == [Int].self {
            appendElements(value as! [Int])
        } else if type == [Float].self {
            appendElements(value as! [Float])
        } else {
            do {
                let buffers = StructuredEncoder.Buffers()
                let encoded = try StructuredEncoder.encode(value, buffers, at: nil)
                try StructuredWriter.append(
                    encoded, buffers, to: &bytes,
                    head: { bytes, size in
                        bytes.append(PortableForm.structured.rawValue)
                        withUnsafeBytes(of: UInt64(size).littleEndian) { bytes.append(contentsOf: $0) }
                    }, headSize: 9)
            } catch {
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

    /// Reserves memory for a large value at once, instead of moving the value as its memory grows.
    private mutating func reserve(_ count: Int) {
        if count > 4096 { bytes.reserveCapacity(bytes.count + count + 128) }
    }

    /// Appends numbers so that they are aligned to 64 bytes, counted from the first byte of all values.
    private mutating func appendElements<Element: TensorScalar>(_ elements: [Element]) {
        elements.withUnsafeBytes { content in
            reserve(content.count)
            let unpadded = bytes.count + 12
            let padding = (64 - unpadded % 64) % 64
            append(.array, UInt64(3 + padding + content.count))
            let code = Element._format.code
            bytes.append(code.0)
            bytes.append(code.1)
            bytes.append(UInt8(padding))
            bytes.append(contentsOf: repeatElement(0, count: padding))
            bytes.append(contentsOf: content)
        }
    }
}

/// A decoder of the output of a ``PortableEncoder``. Whatever the bytes are, it throws or returns a value.
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

    package mutating func next<Value: Decodable>(_ type: Value.Type) throws(PortableCodingError) -> Value {
        count += 1
        guard bytes.endIndex - position >= 9, let form = PortableForm(rawValue: bytes[position]) else {
            throw problem(type, "it is missing")
        }
        let word = bytes.withUnsafeBytes {
            UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: position - bytes.startIndex + 1, as: UInt64.self))
        }
        position += 9
        let value: StructuredValue
        switch form {
        case .integer:
            if type == Int.self { return Int(Int64(bitPattern: word)) as! Value }
            value = .integer(Int64(bitPattern: word))
        case .number:
            if type == Double.self { return Double(bitPattern: word) as! Value }
            value = .number(Double(bitPattern: word))
        case .boolean: value = .boolean(word != 0)
        case .text:
            guard let text = String(validating: try content(word, type), as: UTF8.self) else {
                throw problem(type, "a string isn't UTF-8")
            }
            value = .text(text)
        case .bytes: value = .bytes(try content(word, type))
        case .array: value = .numbers(try numbers(try content(word, type), type))
        case .structured:
            let content = try content(word, type)
            do { value = try StructuredParser.value(of: content) } catch { throw problem(type, "\(error)") }
        }
        do { return try StructuredDecoder.decode(type, from: value, at: nil) } catch {
            throw problem(type, (error as? DecodingError)?.sentence ?? "\(error)")
        }
    }

    private func numbers(
        _ content: ArraySlice<UInt8>, _ type: Any.Type
    ) throws(PortableCodingError) -> NumberBuffer {
        let head = Array(content.prefix(3))
        guard head.count == 3, let format = TensorFormat(code: head[0], head[1]), Int(head[2]) <= content.count - 3,
            let buffer = NumberBuffer(format, content.dropFirst(3 + Int(head[2])))
        else { throw problem(type, "an array is cut off") }
        return buffer
    }

    /// Checks that all values have been read.
    ///
    /// - Throws: ``PortableCodingError`` if there are more.
    package func finish() throws(PortableCodingError) {
        guard position == bytes.endIndex else {
            throw PortableCodingError("\(owner): there are more values than the \(count) that are expected")
        }
    }

    private mutating func content(_ count: UInt64, _ type: Any.Type) throws(PortableCodingError) -> ArraySlice<UInt8> {
        guard count <= UInt64(bytes.endIndex - position) else { throw problem(type, "it is cut off") }
        defer { position += Int(count) }
        return bytes[position..<(position + Int(count))]
    }

    private func problem(_ type: Any.Type, _ what: String) -> PortableCodingError {
        PortableCodingError("\(owner): value \(count), which should be of type \(type), can't be decoded: \(what)")
    }
}
