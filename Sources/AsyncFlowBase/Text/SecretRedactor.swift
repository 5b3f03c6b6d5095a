/// A redactor that removes secrets from text before it is shown, shortened or written anywhere.
///
/// It never shows its secrets, however its owner is printed. A text must be shortened only after it has been redacted.
/// A text that somebody else has cut off within a secret is redacted there, too: at its end, and before an ellipsis, if
/// at least ``shortestBeginning`` bytes of the secret are left.
package struct SecretRedactor: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The text that replaces a secret.
    package static let mark = "[redacted]"

    /// The number of bytes from which the beginning of a secret that was cut off is redacted.
    package static let shortestBeginning = 8

    /// The forms of all secrets, as bytes, longest first: a secret may begin with another one.
    private let forms: [[UInt8]]
    /// Whether any form begins with a byte, so that most bytes of a text need only one check.
    private let begins: [Bool]

    /// Creates a redactor.
    ///
    /// - Parameter secrets: the secrets. Each is also found percent-encoded, as part of a JSON string, and in Base64 as
    ///   a Basic credential that consists of nothing else. Empty ones are ignored.
    package init(_ secrets: [String]) {
        var forms: Set<[UInt8]> = []
        for secret in secrets where !secret.isEmpty {
            for form in [
                secret, secret.percentEncoded, secret.jsonEscaped, secret.jsonEscaped.replacing("/", with: "\\/"),
            ] {
                forms.insert(Array(form.utf8))
            }
            forms.insert(Array(secret.base64Encoded.utf8))
        }
        self.forms = forms.sorted { $0.count == $1.count ? $0.lexicographicallyPrecedes($1) : $0.count > $1.count }
        var begins = [Bool](repeating: false, count: 256)
        for form in forms { begins[Int(form[0])] = true }
        self.begins = begins
    }

    /// Whether there are no secrets.
    package var isEmpty: Bool { forms.isEmpty }

    /// Returns the text with ``mark`` in place of each secret.
    package func redact(_ text: String) -> String {
        if forms.isEmpty { return text }
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var isChanged = false
        var position = 0
        while position < bytes.count {
            if begins[Int(bytes[position])], let count = secretCount(in: bytes[position...]) {
                result.append(contentsOf: Self.mark.utf8)
                position += count
                isChanged = true
            } else {
                result.append(bytes[position])
                position += 1
            }
        }
        return isChanged ? String(decoding: result, as: UTF8.self) : text
    }

    /// The number of bytes of the secret, or of the beginning of one that was cut off, at the start of a text.
    private func secretCount(in text: ArraySlice<UInt8>) -> Int? {
        if let form = forms.first(where: { text.starts(with: $0) }) { return form.count }
        let shared = forms.lazy.map { zip($0, text).prefix { $0 == $1 }.count }.max() ?? 0
        guard shared >= Self.shortestBeginning else { return nil }
        let rest = text.dropFirst(shared)
        return rest.isEmpty || rest.starts(with: "…".utf8) || rest.starts(with: "...".utf8) ? shared : nil
    }

    package var description: String { isEmpty ? "no secrets" : "secrets" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

extension String {
    /// The text with every byte percent-encoded except RFC 3986's unreserved characters.
    package var percentEncoded: String {
        var result = ""
        for byte in utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default: result += "%" + Self.hexadecimal(byte)
            }
        }
        return result
    }

    private static func hexadecimal(_ byte: UInt8) -> String {
        let text = String(byte, radix: 16, uppercase: true)
        return text.count == 1 ? "0" + text : text
    }

    /// The text as it appears between the quotes of a JSON string.
    fileprivate var jsonEscaped: String {
        var result = ""
        for scalar in unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where scalar.value < 0x20: result += "\\u00" + Self.hexadecimal(UInt8(scalar.value)).lowercased()
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// The Base64 form (RFC 4648, section 4) of the text's UTF-8 bytes.
    package var base64Encoded: String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        let bytes = Array(utf8)
        var result: [UInt8] = []
        result.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var value = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            value <<= UInt32(8 * (3 - group.count))
            for index in 0..<4 {
                let isFilled = index <= group.count
                result.append(isFilled ? alphabet[Int(value >> UInt32(18 - 6 * index)) & 63] : UInt8(ascii: "="))
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
