/// Functions that name or read files.
enum FileFunctions {
    private static func pathType(_ types: [ValueType], _ name: String) throws(ValueError) {
        guard types[0].isText || types[0] == .file || types[0] == .directory || types[0] == .json else {
            throw ValueError("'\(name)' takes a file or a path, not \(types[0])")
        }
    }

    private static func reader(
        _ name: String, _ signature: String, _ help: String, _ result: ValueType,
        _ body: @escaping @Sendable (String, any FileReading, inout Fuel) throws(ValueError) -> Value
    ) -> Function {
        Function(name, signature, help, 1...1, readsFiles: true) { types throws(ValueError) in
            try pathType(types, name)
            return result
        } _: { arguments, files, fuel throws(ValueError) in
            try body(Arguments.path(arguments[0], name, files), files, &fuel)
        }
    }

    static let all: [Function] = [
        Function("file", "file(path)", "The file at a path, relative to the flow file.", 1...1) {
            types throws(ValueError) in
            try pathType(types, "file")
            return .file
        } _: { arguments, files, _ throws(ValueError) in
            .file(try Arguments.path(arguments[0], "file", files))
        },
        Function("dir", "dir(path)", "The directory at a path, relative to the flow file.", 1...1) {
            types throws(ValueError) in
            try pathType(types, "dir")
            return .directory
        } _: { arguments, files, _ throws(ValueError) in
            .directory(try Arguments.path(arguments[0], "dir", files))
        },
        Function(
            "glob", "glob(pattern) or glob(directory, pattern)",
            "The files that match a pattern of '*', '?' and '[…]', sorted.", 1...2, readsFiles: true
        ) { types throws(ValueError) in
            if types.count == 2 { try pathType(types, "glob") }
            try ArgumentTypes.require(types[types.count - 1], .string, "glob")
            return .list(.file)
        } _: { arguments, files, fuel throws(ValueError) in
            let pattern = try Arguments.text(arguments[arguments.count - 1], "glob")
            let directory = arguments.count == 2 ? try Arguments.path(arguments[0], "glob", files) : files.base
            let paths = try files.glob(directory, pattern)
            try fuel.use(list: paths.count)
            return .list(paths.map(Value.file))
        },
        reader("read", "read(file)", "The text of a file.", .string) { path, files, fuel throws(ValueError) in
            let text = try files.read(path)
            try fuel.use(text: text.utf8.count)
            return .string(text)
        },
        reader("lines", "lines(file)", "The lines of a file, as a list.", .list(.string)) {
            path, files, fuel throws(ValueError) in
            let lines = TextMethods.lines(of: try files.read(path))
            try fuel.use(list: lines.count)
            return .strings(lines)
        },
        reader("read_json", "read_json(file)", "The value in a file of JSON.", .json) {
            path, files, fuel throws(ValueError) in
            let text = try files.read(path)
            try fuel.use(text: text.utf8.count)
            do throws(ValueError) { return try JSONText.value(of: text) } catch {
                throw ValueError("\(path): \(error)")
            }
        },
        reader(
            "csv", "csv(file)",
            "The rows of a table with commas (or, in a .tsv, tabs) as records of strings by its header.",
            .list(.json)
        ) { path, files, fuel throws(ValueError) in
            let text = try files.read(path)
            try fuel.use(text: text.utf8.count)
            let separator = PathText.ext(of: path) == ".tsv" ? UInt8(ascii: "\t") : UInt8(ascii: ",")
            do throws(ValueError) {
                return .list(try SeparatedValues.rows(of: text, separator: separator, &fuel))
            } catch {
                throw ValueError("\(path): \(error)")
            }
        },
        Function("size", "size(file)", "The size of a file in bytes.", 1...1, readsFiles: true) {
            types throws(ValueError) in
            try pathType(types, "size")
            return .int
        } _: { arguments, files, _ throws(ValueError) in
            let path = try Arguments.path(arguments[0], "size", files)
            guard let size = try files.size(path) else { throw ValueError("there is no file \(path)") }
            return .int(size)
        },
        Function("exists", "exists(file)", "Whether there is a file or directory.", 1...1, readsFiles: true) {
            types throws(ValueError) in
            try pathType(types, "exists")
            return .bool
        } _: { arguments, files, _ throws(ValueError) in
            .bool(try files.size(Arguments.path(arguments[0], "exists", files)) != nil)
        },
    ]
}

/// Tables as RFC 4180 describes them.
enum SeparatedValues {
    /// The rows below the header, each as a record of strings.
    static func rows(of text: String, separator: UInt8, _ fuel: inout Fuel) throws(ValueError) -> [Value] {
        var lines = try fields(of: text, separator)
        guard !lines.isEmpty else { return [] }
        let header = lines.removeFirst()
        if let twice = Dictionary(grouping: header, by: { $0 }).first(where: { $1.count > 1 })?.key {
            throw ValueError("the header names '\(twice)' twice")
        }
        try fuel.use(list: lines.count)
        var rows: [Value] = []
        for (number, line) in lines.enumerated() {
            if line.count != header.count {
                throw ValueError("row \(number + 1) below the header has \(line.count) fields, not \(header.count)")
            }
            try fuel.use(line.count)
            rows.append(.record(Record(names: header, values: line.map(Value.string))))
        }
        return rows
    }

    private static func fields(of text: String, _ separator: UInt8) throws(ValueError) -> [[String]] {
        var bytes = Array(text.utf8)[...]
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
        var lines: [[String]] = []
        var line: [String] = []
        var field: [UInt8] = []
        var isQuoted = false
        var hasQuotes = false
        var isBlank = true
        var position = bytes.startIndex
        func isAtEnd() -> Bool { position == bytes.endIndex }
        func endField() {
            line.append(String(decoding: field, as: UTF8.self))
            field = []
            hasQuotes = false
        }
        func endLine() {
            endField()
            // A blank line is no row; one with a pair of quotes is.
            if !isBlank { lines.append(line) }
            (line, isBlank) = ([], true)
        }
        while !isAtEnd() {
            let byte = bytes[position]
            position += 1
            if isQuoted {
                guard byte == UInt8(ascii: "\"") else {
                    field.append(byte)
                    continue
                }
                if !isAtEnd(), bytes[position] == UInt8(ascii: "\"") {
                    field.append(byte)
                    position += 1
                } else {
                    isQuoted = false
                }
            } else if byte == UInt8(ascii: "\""), field.isEmpty, !hasQuotes {
                (isQuoted, hasQuotes, isBlank) = (true, true, false)
            } else if byte == separator {
                endField()
                isBlank = false
            } else if byte == UInt8(ascii: "\n") {
                endLine()
            } else if byte == UInt8(ascii: "\r"), isAtEnd() || bytes[position] == UInt8(ascii: "\n") {
                continue
            } else {
                field.append(byte)
                isBlank = false
            }
        }
        if isQuoted { throw ValueError("a field in quotes has no end") }
        if !field.isEmpty || hasQuotes || !line.isEmpty { endLine() }
        return lines
    }
}
