import AsyncFlowBase

/// The lookup and examination of programs, before they are executed or after that failed.
enum ProgramFile {
    /// The kind of thing at a path.
    package enum Kind: Hashable {
        case executable
        case notExecutable
        case directory
        case absent(CInt)
    }

    /// Returns the kind of thing at a path.
    static func kind(at path: String) -> Kind {
        var status = stat()
        guard FileNameText.withPath(path, { stat($0, &status) }) == 0 else { return .absent(errno) }
        if status.st_mode & S_IFMT == S_IFDIR { return .directory }
        return FileNameText.withPath(path) { access($0, X_OK) } == 0 ? .executable : .notExecutable
    }

    /// Returns the path of the program that a command names.
    ///
    /// A name without a `/` is looked up in the directories of `PATH`. Entries that aren't absolute are skipped, so
    /// that the program that runs doesn't depend on the current directory. A path isn't examined: that is left to the
    /// system, and to ``LaunchDiagnosis`` if the system refuses it.
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

    /// Returns a path that means the same here as in the command's directory.
    private static func inWorkingDirectory(of command: Command, _ path: String) -> String {
        guard let directory = command.workingDirectory, path.utf8.first != UInt8(ascii: "/") else { return path }
        if directory.utf8.first == UInt8(ascii: "/") { return "\(directory)/\(path)" }
        guard let current = getcwd(nil, 0) else { return path }
        defer { free(current) }
        return "\(FileSystem.text(current))/\(directory)/\(path)"
    }
}
