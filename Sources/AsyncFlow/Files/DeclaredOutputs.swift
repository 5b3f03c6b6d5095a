/// A search for the declared files of a task in the directory in which it has succeeded.
struct DeclaredOutputs {
    let plan: StagingPlan
    let directory: String

    private struct Found {
        var path: String
        var isDirectory = false
    }

    /// - Returns: the files of each declared output, in the order of declaration.
    /// - Throws: ``FileError`` that names every file that is missing or of another kind.
    func collect(for task: TaskNode, in owner: TaskDirectory) throws(FileError) -> [[InputFile]] {
        var missing: [String] = []
        var result: [[InputFile]] = []
        for output in plan.outputs {
            let found = try find(output)
            if found.isEmpty { missing.append(output.path) }
            result.append(
                found.map { found in
                    var file = InputFile(
                        madeAt: "\(directory)/\(found.path)", isDirectory: found.isDirectory, by: task)
                    file.directory = owner
                    return file
                })
        }
        if !missing.isEmpty {
            let names = missing.map { "'\($0)'" }.joined(separator: ", ")
            throw FileError(
                .missingOutput, missing,
                "the task ended without error, but didn't make \(names); its working directory \(directory) has: "
                    + listing)
        }
        return result
    }

    private func find(_ output: OutputFile) throws(FileError) -> [Found] {
        if output.kind == .pattern { return try matches(of: output.path) }
        guard let kind = try FileSystem.kind(of: "\(directory)/\(output.path)") else { return [] }
        let path = "\(directory)/\(output.path)"
        switch (output.kind, kind) {
        case (.directory, .directory): return [Found(path: output.path, isDirectory: true)]
        case (.directory, _):
            throw FileError(
                .notADirectory, [output.path],
                "the task declares '\(output.path)' as a directory, but made something else: \(path)")
        case (_, .directory):
            throw FileError(
                .isDirectory, [output.path],
                "the task declares '\(output.path)' as a file, but made a directory: \(path); declare it with "
                    + "OutputFile.directory(\"\(output.path)\")")
        default: return [Found(path: output.path)]
        }
    }

    private func matches(of pattern: String) throws(FileError) -> [Found] {
        let broughtIn = Set(plan.inputs.map { FileNameKey($0.name) })
        var found: [Found] = []
        for name in try FileSystem.matches(of: pattern, in: directory) where !broughtIn.contains(FileNameKey(name)) {
            let kind = try FileSystem.kind(of: "\(directory)/\(name)")
            if let kind { found.append(Found(path: name, isDirectory: kind == .directory)) }
        }
        return found
    }

    /// The maximum number of names in an error.
    private static let longestListing = 20

    private var listing: String {
        guard let names = try? FileSystem.contents(of: directory) else { return "(it can't be listed)" }
        if names.isEmpty { return "nothing" }
        let shown = names.prefix(Self.longestListing).map { name in
            (try? FileSystem.kind(of: "\(directory)/\(name)")) ?? nil == nil ? "\(name) (a link to nothing)" : name
        }
        let rest = names.count - shown.count
        return shown.joined(separator: ", ") + (rest > 0 ? ", and \(rest) more" : "")
    }
}
