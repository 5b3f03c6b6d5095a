import AsyncFlowBase

/// The conversion of file names to text and back, in which every name survives: the system's names are bytes without
/// any encoding, Swift's strings are UTF-8.
///
/// A byte that isn't part of valid UTF-8 becomes one of the last 128 characters for private use, from `U+10FF80` for
/// the byte 0x80 to `U+10FFFF` for 0xFF. Wherever a text goes to the system as a path or an argument, such a character
/// becomes that byte again. A name that contains such a character itself is written as its bytes, so that it comes back
/// unchanged. Python does the same with surrogates, which Swift's strings can't contain.
package enum FileNameText {
    private static let firstScalar: UInt32 = 0x10FF00
    /// The first byte of all these characters in UTF-8, which are `F4 8F BE BF xx` to `F4 8F BF BF`.
    private static let leadingByte: UInt8 = 0xF4

    /// Returns a name from the system as text.
    package static func text(_ name: some Collection<UInt8>) -> String {
        let bytes = Array(name)
        if !bytes.contains(leadingByte), let text = String(validating: bytes, as: UTF8.self) { return text }
        var text = String.UnicodeScalarView()
        var rest = bytes[...]
        while let first = rest.first {
            let length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
            if let scalar = String(validating: rest.prefix(length), as: UTF8.self)?.unicodeScalars.first,
                byte(of: scalar) == nil
            {
                text.append(scalar)
                rest = rest.dropFirst(UTF8.width(scalar))
            } else {
                text.append(Unicode.Scalar(firstScalar + UInt32(first))!)
                rest = rest.dropFirst()
            }
        }
        return String(text)
    }

    /// Returns the bytes that a text represents as a path or an argument.
    package static func bytes(_ text: String) -> [UInt8] {
        guard hasEscapes(text) else { return Array(text.utf8) }
        var bytes: [UInt8] = []
        for scalar in text.unicodeScalars {
            if let byte = byte(of: scalar) {
                bytes.append(byte)
            } else {
                bytes.append(contentsOf: UTF8.encode(scalar)!)
            }
        }
        return bytes
    }

    /// Calls a function with a path in the form that the system takes. Everything after a NUL byte is cut off.
    package static func withPath<Result>(_ path: String, _ body: (UnsafePointer<CChar>) -> Result) -> Result {
        guard hasEscapes(path) else { return path.withCString(body) }
        let characters = bytes(path).map { CChar(bitPattern: $0) } + [0]
        return characters.withUnsafeBufferPointer { body($0.baseAddress!) }
    }

    /// Returns whether a text may contain bytes that aren't UTF-8.
    package static func hasEscapes(_ text: String) -> Bool { text.utf8.contains(leadingByte) }

    private static func byte(of scalar: Unicode.Scalar) -> UInt8? {
        (0x10FF80...0x10FFFF).contains(scalar.value) ? UInt8(scalar.value - firstScalar) : nil
    }
}

extension String {
    /// Returns whether a path begins with another text, byte by byte: to the system, a `/` with a combining mark after
    /// it is a `/`.
    package func hasBytePrefix(_ prefix: String) -> Bool { utf8.starts(with: prefix.utf8) }

    /// The path itself if it is absolute; otherwise the path in the current directory.
    package var absolutePath: String {
        if hasBytePrefix("/") { return self }
        guard let current = getcwd(nil, 0) else { return self }
        defer { free(current) }
        return FileNameText.text(UnsafeRawBufferPointer(start: current, count: strlen(current))) + "/" + self
    }

    /// The components of a path, byte by byte, including empty ones.
    package var pathComponents: [Substring] {
        utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map(Substring.init)
    }
}

/// A file name as a key. Two names that look the same are different files to most systems, so their bytes are compared,
/// where `String` compares characters.
package struct FileNameKey: Hashable {
    package let name: String

    package init(_ name: some StringProtocol) { self.name = String(name) }

    package static func == (a: FileNameKey, b: FileNameKey) -> Bool { a.name.utf8.elementsEqual(b.name.utf8) }

    package func hash(into hasher: inout Hasher) {
        var name = name
        name.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}
