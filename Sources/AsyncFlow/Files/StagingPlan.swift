/// The plan of a task's working directory: the files that are staged, with their names, and the files to be made.
///
/// Two files with the same name are refused, and so is one that would be within a file or directory that is staged.
/// A pure value: the file system isn't read.
struct StagingPlan: Sendable {
    struct Entry: Sendable {
        let file: InputFile
        let location: FileLocation
        var name: String { file.name }
    }
    /// The files to be staged, in the order of the arguments; a file that is given twice is staged once.
    private(set) var inputs: [Entry] = []
    let outputs: [OutputFile]
    private var names = StagedNames()

    /// - Throws: ``FileError`` about a name, a clash of two names, or a location that makes no sense.
    init(inputs: [InputFile], outputs: [OutputFile]) throws(FileError) {
        self.outputs = outputs
        var known: Set<InputFile> = []
        for file in inputs where !file.isUnknown && known.insert(file).inserted { try add(file) }
        for output in outputs { try add(output) }
        if outputs.count(where: { $0.kind == .standardOutput }) > 1 {
            throw FileError(
                .invalidName, outputs.map(\.path), "the standard output can go into one file only; declare one")
        }
    }

    private mutating func add(_ file: InputFile) throws(FileError) {
        let location = FileLocation(file.location)
        if case .malformed(let reason) = location {
            throw FileError(
                .invalidName, [file.shownLocation], "'\(file.shownLocation)' doesn't name a file: \(reason)")
        }
        if let problem = RelativeName.problem(of: file.name) {
            let subject = file.name == file.location ? "" : " for \(file.shownLocation)"
            throw FileError(
                .invalidName, [file.shownLocation],
                "'\(file.name)' can't be the name of an input\(subject): \(problem); "
                    + "give it another one with InputFile(…, as: \"name\")")
        }
        try Self.checkSum(of: file, at: location)
        try names.insert(file.name, "input \(file.label)")
        inputs.append(Entry(file: file, location: location))
    }

    private static func checkSum(of file: InputFile, at location: FileLocation) throws(FileError) {
        guard let sum = file.sha256 else { return }
        guard case .remote = location else {
            throw FileError(
                .invalidChecksum, [file.shownLocation],
                "only files that are downloaded are compared with a checksum, and \(file.shownLocation) isn't one; "
                    + "leave out sha256:")
        }
        guard sum.utf8.count == 64, sum.allSatisfy({ $0.isASCII && $0.isHexDigit }) else {
            throw FileError(
                .invalidChecksum, [file.shownLocation],
                "the checksum '\(sum)' of \(file.shownLocation) isn't SHA-256: that has 64 hexadecimal digits")
        }
    }

    private mutating func add(_ output: OutputFile) throws(FileError) {
        if let problem = RelativeName.problem(of: output.path) {
            throw FileError(
                .invalidName, [output.path], "'\(output.path)' can't be the path of an output: \(problem)")
        }
        // The matches of a pattern are known only afterwards; staged files are then excluded.
        if output.kind != .pattern { try names.insert(output: output.path, "output '\(output.path)'") }
    }

    /// Returns whether something with this name, or within it, is staged or to be made.
    func has(_ name: String) -> Bool { names.isTaken(name) }
}

/// The names in one directory, which may contain folders.
struct StagedNames: Sendable {
    private var labels: [FileNameKey: String] = [:]
    private var outputs: Set<FileNameKey> = []
    /// The folders that contain names, each with the label of one of those.
    private var folders: [FileNameKey: String] = [:]

    func isTaken(_ name: String) -> Bool { labels[FileNameKey(name)] != nil || folders[FileNameKey(name)] != nil }

    /// - Parameter label: the owner of the name, for the error.
    mutating func insert(_ name: String, _ label: String) throws(FileError) {
        let key = FileNameKey(name)
        if let other = labels[key] ?? folders[key] { throw clash(name, label, other) }
        for folder in Self.folders(of: name) {
            if let other = labels[FileNameKey(folder)] { throw clash(folder, label, other) }
        }
        note(name, label)
    }

    /// Inserts an output, which may be in a directory that is an output itself.
    mutating func insert(output name: String, _ label: String) throws(FileError) {
        let key = FileNameKey(name)
        if let other = labels[key] { throw clash(name, label, other) }
        if let other = folders[key], !outputsOnly(within: name) { throw clash(name, label, other) }
        for folder in Self.folders(of: name) {
            let folderKey = FileNameKey(folder)
            if let other = labels[folderKey], !outputs.contains(folderKey) { throw clash(folder, label, other) }
        }
        note(name, label)
        outputs.insert(key)
    }

    private func outputsOnly(within folder: String) -> Bool {
        labels.keys.allSatisfy { !$0.name.hasBytePrefix(folder + "/") || outputs.contains($0) }
    }

    private mutating func note(_ name: String, _ label: String) {
        labels[FileNameKey(name)] = label
        for folder in Self.folders(of: name) { folders[FileNameKey(folder)] = label }
    }

    /// Returns the folders that contain a name: `a` and `a/b` for `a/b/c`.
    static func folders(of name: String) -> [String] {
        name.utf8.indices.filter { name.utf8[$0] == UInt8(ascii: "/") }.map { String(Substring(name.utf8[..<$0])) }
    }

    private func clash(_ name: String, _ label: String, _ other: String) -> FileError {
        FileError(
            .nameClash, [name],
            "\(other) and \(label) would have the same place in the task's working directory, '\(name)'; give one of "
                + "them another name: InputFile(…, as: \"name\"), or future.staged(as: \"name\") for the file of a task"
        )
    }
}
