/// Paths as texts; nothing is looked up.
package enum PathText {
    /// The path from the root, for one that may begin at `base`.
    package static func absolute(_ path: String, base: String) -> String {
        if path.utf8.first == UInt8(ascii: "/") { return path }
        var path = path[...]
        while path.hasPrefix("./") { path = path.dropFirst(2).drop { $0 == "/" } }
        if path.isEmpty || path == "." { return base }
        return base.utf8.last == UInt8(ascii: "/") ? base + path : "\(base)/\(path)"
    }

    /// The last component, without slashes at its end.
    package static func name(of path: String) -> String {
        let bytes = Array(path.utf8)
        var end = bytes.count
        while end > 1, bytes[end - 1] == UInt8(ascii: "/") { end -= 1 }
        let start = bytes[..<end].lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0
        return String(decoding: bytes[min(start, end)..<end], as: UTF8.self)
    }

    /// Everything before the last component; `.` for a single one.
    package static func parent(of path: String) -> String {
        let bytes = Array(path.utf8)
        var end = bytes.count
        while end > 1, bytes[end - 1] == UInt8(ascii: "/") { end -= 1 }
        guard var slash = bytes[..<end].lastIndex(of: UInt8(ascii: "/")) else { return "." }
        while slash > 0, bytes[slash - 1] == UInt8(ascii: "/") { slash -= 1 }
        return slash == 0 ? "/" : String(decoding: bytes[..<slash], as: UTF8.self)
    }

    /// The last extension of the name with its dot; empty if there is none.
    package static func ext(of path: String) -> String {
        let bytes = Array(name(of: path).utf8)
        guard let dot = bytes.lastIndex(of: UInt8(ascii: ".")),
            bytes[..<dot].contains(where: { $0 != UInt8(ascii: ".") })
        else { return "" }
        return String(decoding: bytes[dot...], as: UTF8.self)
    }

    /// The name without its last extension.
    package static func stem(of path: String) -> String {
        let name = name(of: path)
        return String(decoding: Array(name.utf8).dropLast(ext(of: path).utf8.count), as: UTF8.self)
    }
}
