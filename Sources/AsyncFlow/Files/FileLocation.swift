/// The meaning of the text that names a file: a path on this machine, a URL, or nothing usable.
enum FileLocation: Hashable, Sendable {
    case local(path: String)
    /// A file to be fetched by the ``FileSource`` for its scheme, which is in lower case.
    case remote(scheme: String)
    case malformed(reason: String)

    init(_ text: String) {
        if text.isEmpty {
            self = .malformed(reason: "it is empty")
        } else if text.utf8.contains(0) {
            self = .malformed(reason: "it contains a NUL byte")
        } else if let scheme = Self.scheme(of: text) {
            self = scheme == "file" ? Self.local(fileURL: text) : .remote(scheme: scheme)
        } else {
            self = .local(path: text)
        }
    }

    /// Returns the last component of a path, or of a URL without its query, decoded. Empty if there is none.
    static func lastComponent(of text: String) -> String {
        // Bytes: a character with a combining mark differs from its base character, but not to the system.
        var rest = Substring(text).utf8
        let isURL = scheme(of: text) != nil
        if isURL {
            rest = rest.prefix { $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }
            rest = rest.drop { $0 != UInt8(ascii: ":") }.dropFirst()
            if rest.starts(with: "//".utf8) { rest = rest.dropFirst(2).drop { $0 != UInt8(ascii: "/") } }
        }
        while rest.last == UInt8(ascii: "/") { rest.removeLast() }
        let component = String(
            Substring(rest.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).last ?? "".utf8[...]))
        return isURL ? percentDecoded(component) ?? component : component
    }

    /// Returns the scheme of a URL, in lower case; nil for a path. Only `file:` may lack the two slashes.
    private static func scheme(of text: String) -> String? {
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        let scheme = text.utf8[..<colon]
        guard let first = scheme.first, isLetter(first),
            scheme.allSatisfy({
                isLetter($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || "+-.".utf8.contains($0)
            })
        else { return nil }
        let name = String(Substring(scheme)).lowercased()
        let rest = text.utf8[colon...]
        return rest.starts(with: "://".utf8) || (name == "file" && rest.starts(with: ":/".utf8)) ? name : nil
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    private static func local(fileURL text: String) -> FileLocation {
        var rest = text.utf8.dropFirst("file:".utf8.count)
        if rest.starts(with: "//".utf8) {
            rest = rest.dropFirst(2)
            let host = String(Substring(rest.prefix { $0 != UInt8(ascii: "/") }))
            guard host.isEmpty || host.lowercased() == "localhost" else {
                return .malformed(reason: "a file URL with the machine name '\(host)' isn't on this machine")
            }
            rest = rest.dropFirst(host.utf8.count)
        }
        rest = rest.prefix { $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }
        guard let path = percentDecoded(String(Substring(rest))), !path.utf8.contains(0) else {
            return .malformed(reason: "its percent encoding is wrong")
        }
        return path.isEmpty ? .malformed(reason: "it has no path") : .local(path: path)
    }

    /// Decodes a text; nil if a percent sign isn't followed by two hexadecimal digits. The result is a name, which need
    /// not be UTF-8.
    private static func percentDecoded(_ text: String) -> String? {
        var bytes: [UInt8] = []
        var rest = FileNameText.bytes(text)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            // `UInt8` would accept a sign as a digit.
            guard rest.count >= 2, rest.prefix(2).allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }),
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            else { return nil }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return FileNameText.text(bytes)
    }
}

/// The name that a file has within a task's working directory: a relative path that doesn't leave it.
enum RelativeName {
    /// Returns the problem with a name; nil if there is none.
    static func problem(of name: String) -> String? {
        if name.isEmpty { return "it is empty" }
        if name.utf8.contains(0) { return "it contains a NUL byte" }
        if name.hasBytePrefix("/") { return "it must be relative to the task's working directory" }
        for component in name.pathComponents {
            // Texts that consist only of ASCII characters are equal only if their bytes are.
            switch component {
            case "": return "it has an empty component"
            case ".", "..": return "it has the component '\(component)'"
            default: break
            }
        }
        return nil
    }

    /// Returns a name as an argument of a command: with a leading hyphen it would be taken for an option.
    static func asArgument(_ name: String) -> String { name.hasBytePrefix("-") ? "./" + name : name }
}
