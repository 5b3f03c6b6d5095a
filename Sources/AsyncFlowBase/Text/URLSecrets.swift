extension String {
    /// The text with the user info and every query value of each URL in it replaced by ``SecretRedactor/mark``:
    /// passwords, tokens and the signatures of presigned URLs. All query values are hidden, because it can't be known
    /// which are secret.
    ///
    /// A URL begins with a scheme and `://` and ends before white space, a control character, a quotation mark or an
    /// angle bracket. It is found by its bytes, so that no combining mark hides one.
    package var redactingURLSecrets: String {
        let bytes = Array(utf8)
        var result: [UInt8] = []
        var copied = 0
        var position = 0
        while position + 2 < bytes.count {
            guard bytes[position] == UInt8(ascii: ":"), bytes[position + 1] == UInt8(ascii: "/"),
                bytes[position + 2] == UInt8(ascii: "/"), position > 0, Self.isOfScheme(bytes[position - 1])
            else {
                position += 1
                continue
            }
            let start = position + 3
            let end = bytes[start...].firstIndex(where: Self.endsURL) ?? bytes.count
            result.append(contentsOf: bytes[copied..<start])
            Self.append(rest: bytes[start..<end], to: &result)
            copied = end
            position = end
        }
        if copied == 0 { return self }
        result.append(contentsOf: bytes[copied...])
        return String(decoding: result, as: UTF8.self)
    }

    /// Appends the part after `scheme://`.
    private static func append(rest: ArraySlice<UInt8>, to result: inout [UInt8]) {
        let authorityEnd =
            rest.firstIndex { [UInt8(ascii: "/"), UInt8(ascii: "?"), UInt8(ascii: "#")].contains($0) } ?? rest.endIndex
        var authority = rest[..<authorityEnd]
        if let at = authority.lastIndex(of: UInt8(ascii: "@")) {
            result.append(contentsOf: SecretRedactor.mark.utf8)
            authority = authority[at...]
        }
        result.append(contentsOf: authority)
        let tail = rest[authorityEnd...]
        guard let question = tail.firstIndex(of: UInt8(ascii: "?")) else {
            result.append(contentsOf: tail)
            return
        }
        result.append(contentsOf: tail[...question])
        let queryEnd = tail[question...].firstIndex(of: UInt8(ascii: "#")) ?? tail.endIndex
        let items = tail[(question + 1)..<queryEnd].split(
            separator: UInt8(ascii: "&"), omittingEmptySubsequences: false)
        for (index, item) in items.enumerated() {
            if index > 0 { result.append(UInt8(ascii: "&")) }
            guard let equals = item.firstIndex(of: UInt8(ascii: "=")) else {
                // A query without `=` may be a token as a whole.
                if !item.isEmpty { result.append(contentsOf: SecretRedactor.mark.utf8) }
                continue
            }
            result.append(contentsOf: item[...equals])
            if equals + 1 < item.endIndex { result.append(contentsOf: SecretRedactor.mark.utf8) }
        }
        result.append(contentsOf: tail[queryEnd...])
    }

    private static func isOfScheme(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
            true
        default: false
        }
    }

    private static func endsURL(_ byte: UInt8) -> Bool {
        byte <= 0x20 || byte == 0x7F || [UInt8(ascii: "\""), UInt8(ascii: "<"), UInt8(ascii: ">")].contains(byte)
    }
}
