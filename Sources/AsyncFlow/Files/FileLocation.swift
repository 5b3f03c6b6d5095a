/// What the text says that names a file: a path on this machine, a URL, or nothing usable.
enum FileLocation: Hashable, Sendable {
    case local(path: String)
    /// To be fetched by the ``FileSource`` for its scheme, which is in lower case.
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

    /// The last component: of a path, or of a URL without its query, decoded. Empty if there is none.
    static func lastComponent(of text: String) -> String {
        var rest = Substring(text)
        let isURL = scheme(of: text) != nil
        if isURL {
            rest = rest.prefix { $0 != "?" && $0 != "#" }
            rest = rest.drop { $0 != ":" }.dropFirst()
            if rest.hasPrefix("//") { rest = rest.dropFirst(2).drop { $0 != "/" } }
        }
        while rest.last == "/" { rest.removeLast() }
        let component = String(rest.split(separator: "/", omittingEmptySubsequences: false).last ?? "")
        return isURL ? percentDecoded(component) ?? component : component
    }

    /// The scheme of a URL, in lower case; nil for a path. `file:` alone may lack the two slashes.
    private static func scheme(of text: String) -> String? {
        guard let colon = text.firstIndex(of: ":") else { return nil }
        let scheme = text[..<colon]
        guard scheme.first?.isLetter == true,
            scheme.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "+-.".contains($0)) })
        else { return nil }
        let name = scheme.lowercased()
        return text[colon...].hasPrefix("://") || (name == "file" && text[colon...].hasPrefix(":/")) ? name : nil
    }

    private static func local(fileURL text: String) -> FileLocation {
        var rest = text.dropFirst("file:".count)
        if rest.hasPrefix("//") {
            rest.removeFirst(2)
            let host = rest.prefix { $0 != "/" }
            guard host.isEmpty || host.lowercased() == "localhost" else {
                return .malformed(reason: "a file URL with the machine name '\(host)' isn't on this machine")
            }
            rest.removeFirst(host.count)
        }
        rest = rest.prefix { $0 != "?" && $0 != "#" }
        guard let path = percentDecoded(String(rest)), !path.utf8.contains(0) else {
            return .malformed(reason: "its percent encoding is wrong")
        }
        return path.isEmpty ? .malformed(reason: "it has no path") : .local(path: path)
    }

    /// Nil if a percent sign isn't followed by two hexadecimal digits, or what comes out isn't UTF-8.
    private static func percentDecoded(_ text: String) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else {
                return nil
            }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}

/// The name that a file has within a task's working directory: a relative path that doesn't leave it.
enum RelativeName {
    /// What is wrong with a name, or nil.
    static func problem(of name: String) -> String? {
        if name.isEmpty { return "it is empty" }
        if name.utf8.contains(0) { return "it contains a NUL byte" }
        if name.hasPrefix("/") { return "it has to be relative to the task's working directory" }
        for component in name.split(separator: "/", omittingEmptySubsequences: false) {
            switch component {
            case "": return "it has an empty component"
            case ".", "..": return "it has the component '\(component)'"
            default: break
            }
        }
        return nil
    }

    /// As an argument of a command: a name with a leading hyphen would be taken for an option.
    static func asArgument(_ name: String) -> String { name.hasPrefix("-") ? "./" + name : name }
}
