import AsyncFlowBase

/// The files of this machine, for expressions.
package struct LocalFiles: FileReading {
    package let base: String
    /// The most bytes of a file that is read as a whole.
    private static let longest = Fuel.longestText

    package init(base: String) { self.base = base }

    package func read(_ path: String) throws(ValueError) -> String {
        do throws(SystemError) {
            return String(decoding: try Self.bytes(of: path), as: UTF8.self)
        } catch {
            throw ValueError(
                "\(path) can't be read: \(error.code == EFBIG ? "it is larger than \(Self.longest >> 20) MiB" : error.description)"
            )
        }
    }

    /// The bytes of a file.
    private static func bytes(of path: String) throws(SystemError) -> [UInt8] {
        let descriptor = try retrying { open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
        defer { close(descriptor) }
        var status = stat()
        try retrying { fstat(descriptor, &status) }
        if status.st_mode & S_IFMT == S_IFDIR { throw SystemError(code: EISDIR) }
        if status.st_mode & S_IFMT != S_IFREG { throw SystemError(code: EINVAL) }
        var result: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = try retrying { AsyncFlowBase.read(descriptor, &buffer, buffer.count) }
            if count == 0 { return result }
            result += buffer[..<count]
            if result.count > longest { throw SystemError(code: EFBIG) }
        }
    }

    package func size(_ path: String) throws(ValueError) -> Int? {
        var status = stat()
        do throws(SystemError) { try retrying { stat(path, &status) } } catch {
            if error.code == ENOENT || error.code == ENOTDIR { return nil }
            throw ValueError("\(path) can't be looked at: \(error)")
        }
        return Int(status.st_size)
    }

    package func glob(_ directory: String, _ pattern: String) throws(ValueError) -> [String] {
        if pattern.utf8.contains(0) { throw ValueError("the pattern has a NUL character in it") }
        var result = glob_t()
        defer { globfree(&result) }
        // The directory's own characters are none of the pattern.
        var whole = ""
        for scalar in directory.unicodeScalars {
            if ["*", "?", "[", "\\"].contains(scalar) { whole += "\\" }
            whole.unicodeScalars.append(scalar)
        }
        if pattern.utf8.first == UInt8(ascii: "/") { whole = pattern } else { whole += "/" + pattern }
        switch AsyncFlowBase.glob(whole, 0, nil, &result) {
        case 0: break
        case GLOB_NOMATCH: return []
        default: throw ValueError("the files of '\(pattern)' in \(directory) can't be found")
        }
        var paths: [String] = []
        for index in 0..<Int(result.gl_pathc) {
            guard let path = result.gl_pathv[index] else { continue }
            guard let text = String(validatingCString: path) else {
                throw ValueError(
                    "a file in \(directory) has a name that isn't UTF-8: \(String(cString: path).harmless())")
            }
            paths.append(text)
        }
        return paths.sorted { $0.unicodeScalars.lexicographicallyPrecedes($1.unicodeScalars) }
    }
}
