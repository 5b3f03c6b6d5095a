import AsyncFlowBase

/// What can be learned about a path before it is executed, or after that failed.
enum ProgramFile {
    /// What is at a path.
    enum Kind: Hashable {
        case executable
        case notExecutable
        case directory
        case absent(CInt)
    }

    /// Looks at what is at a path.
    static func kind(at path: String) -> Kind {
        var status = stat()
        guard FileNameText.withPath(path, { stat($0, &status) }) == 0 else { return .absent(errno) }
        if status.st_mode & S_IFMT == S_IFDIR { return .directory }
        return FileNameText.withPath(path) { access($0, X_OK) } == 0 ? .executable : .notExecutable
    }

    /// Finds the program a command names.
    ///
    /// A name without a `/` is looked up in the directories of `PATH`. Entries that aren't absolute are left out, so
    /// that what runs doesn't depend on the directory somebody is in. A path isn't looked at: that is left to the
    /// system, and to ``LaunchDiagnosis`` when it refuses.
    ///
    /// - Throws: ``CommandError`` with the reason `notFound` or `notExecutable`.
    static func path(for command: Command) throws(CommandError) -> String {
        let name = command.executable
        if name.utf8.contains(UInt8(ascii: "/")) { return inWorkingDirectory(of: command, name) }
        let searchPath = ProcessEnvironment.path(for: command)
        var refused: String?
        for directory in searchPath.utf8.split(separator: UInt8(ascii: ":")) {
            guard directory.first == UInt8(ascii: "/") else { continue }
            let candidate = "\(Substring(directory))/\(name)"
            switch kind(at: candidate) {
            case .executable: return candidate
            case .notExecutable: refused = refused ?? candidate
            case .directory, .absent: break
            }
        }
        if let refused { throw CommandError(.notExecutable, command, detail: LaunchDiagnosis.notExecutable(refused)) }
        var detail = "'\(name)' is not in PATH (\(searchPath))"
        if name.utf8.contains(UInt8(ascii: " ")), command.arguments.isEmpty {
            detail += "; to split a line into words use Command(parsing:)"
        }
        throw CommandError(.notFound, command, detail: detail)
    }

    /// A path that means the same here as in the command's directory.
    private static func inWorkingDirectory(of command: Command, _ path: String) -> String {
        guard let directory = command.workingDirectory, path.utf8.first != UInt8(ascii: "/") else { return path }
        if directory.utf8.first == UInt8(ascii: "/") { return "\(directory)/\(path)" }
        guard let current = getcwd(nil, 0) else { return path }
        defer { free(current) }
        return "\(FileSystem.text(current))/\(directory)/\(path)"
    }
}
