import AsyncFlowBase

/// The diagnosis of the reasons for which the system refuses to start a command.
///
/// One error number has several causes: "no such file" is the answer for the working directory, for the program and for
/// the interpreter in a script's first line. So each of them is examined.
enum LaunchDiagnosis {
    /// Returns the error of a command that couldn't be started.
    ///
    /// - Parameters:
    ///   - command: The command.
    ///   - path: The path of the program that was to be executed.
    ///   - code: The system's error number.
    static func error(for command: Command, path: String, code: CInt) -> CommandError {
        if let directory = command.workingDirectory, let problem = problem(withDirectory: directory) {
            return CommandError(.badWorkingDirectory, command, detail: problem)
        }
        switch code {
        case ENOENT, ENOTDIR, EACCES, EPERM, ELOOP, ENAMETOOLONG, ENOEXEC, EISDIR:
            return error(for: command, path: path, refusedWith: code)
        default:
            return CommandError(.launchFailed(errno: code), command, detail: advice(for: code))
        }
    }

    static func notExecutable(_ path: String) -> String {
        "'\(path)' isn't executable (chmod +x \(ShellQuoting.quoted(path)))"
    }

    /// Returns advice about an error that isn't about the program itself.
    static func advice(for code: CInt) -> String {
        switch code {
        case EMFILE: "this process has too many open files; run fewer commands at a time or raise 'ulimit -n'"
        case ENFILE: "the system has too many open files"
        case EAGAIN: "too many processes; run fewer commands at a time or raise 'ulimit -u'"
        case ENOMEM: "there isn't enough memory"
        case ETXTBSY: "another process is still writing to the program; wait until it is complete"
        case ENOSPC, EDQUOT: "no space is left; free some, or choose another workDirectory"
        case EROFS: "choose a workDirectory that can be written to"
        case E2BIG: "arguments and environment are too long; pass long lists in a file or as standard input"
        default: ""
        }
    }

    private static func error(for command: Command, path: String, refusedWith code: CInt) -> CommandError {
        switch ProgramFile.kind(at: path) {
        case .absent(let reason):
            let message = reason == ENOENT ? "no such file" : String(cString: strerror(reason))
            return CommandError(.notFound, command, detail: "'\(path)': \(message)")
        case .directory:
            return CommandError(.notExecutable, command, detail: "'\(path)' is a directory")
        case .notExecutable:
            return CommandError(.notExecutable, command, detail: notExecutable(path))
        case .executable:
            break
        }
        let interpreter = interpreter(ofScript: path)
        if code == ENOENT || code == ENOTDIR {
            let missing = interpreter.map { "'\($0)', the interpreter in the first line of '\(path)', doesn't exist" }
            return CommandError(
                .interpreterMissing, command,
                detail: missing ?? "'\(path)' needs a loader that this system doesn't have; was it built for another?"
            )
        }
        if let interpreter, code == EACCES {
            return CommandError(
                .notExecutable, command,
                detail: "'\(interpreter)', the interpreter in the first line of '\(path)', isn't executable"
            )
        }
        if code == ENOEXEC {
            return CommandError(
                .notExecutable, command,
                detail: "'\(path)' is neither a program for this system nor a script with a '#!' first line"
            )
        }
        return CommandError(.launchFailed(errno: code), command, detail: "'\(path)'")
    }

    private static func problem(withDirectory path: String) -> String? {
        switch ProgramFile.kind(at: path) {
        case .directory:
            FileNameText.withPath(path) { access($0, X_OK) } == 0
                ? nil : "working directory '\(path)' can't be entered: permission denied"
        case .executable, .notExecutable:
            "working directory '\(path)' isn't a directory"
        case .absent(ENOENT):
            "working directory '\(path)' doesn't exist"
        case .absent(let code):
            "working directory '\(path)' can't be entered: \(String(cString: strerror(code)))"
        }
    }

    /// Returns the interpreter that a script's first line names, if the file is a readable script.
    private static func interpreter(ofScript path: String) -> String? {
        guard let file = try? Descriptor.open(path, O_RDONLY) else { return nil }
        var start = [UInt8](repeating: 0, count: 256)
        let count = read(file.number, &start, start.count)
        guard count > 2, start.starts(with: "#!".utf8) else { return nil }
        let line = start[2..<count].prefix { $0 != UInt8(ascii: "\n") }
        let word = line.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
            .prefix { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }
        return word.isEmpty ? nil : String(decoding: word, as: UTF8.self)
    }
}
