extension Command {
    /// The problem with the text from which a command was made.
    package struct Problem: Sendable, Hashable {
        package var text: String
        package var message: String
    }

    /// Checks everything about the command that can be known before it is started.
    ///
    /// - Throws: ``CommandError`` with the reason ``CommandError/Reason/malformed``,
    ///   ``CommandError/Reason/emptyCommand`` or ``CommandError/Reason/invalidArgument``.
    package func validate() throws(CommandError) {
        if let problem {
            throw CommandError(.malformed, self, detail: problem.message)
        }
        if executable.isEmpty {
            throw CommandError(.emptyCommand, self)
        }
        if executable.utf8.contains(0) { throw nul(in: "the program's name") }
        for (index, argument) in arguments.enumerated() where argument.utf8.contains(0) {
            throw nul(in: "argument \(index + 1)")
        }
        for (name, value) in environment {
            guard !name.isEmpty, !name.utf8.contains(0), !name.utf8.contains(UInt8(ascii: "=")) else {
                throw invalid("an environment variable's name can't be \(ShellQuoting.quoted(name))")
            }
            if value.utf8.contains(0) { throw nul(in: "the environment variable \(name)") }
        }
        if let workingDirectory {
            if workingDirectory.isEmpty { throw invalid("the working directory's path is empty") }
            if workingDirectory.utf8.contains(0) { throw nul(in: "the working directory's path") }
        }
        if case .file(let path) = standardInput.source {
            try validate(path: path, of: "the standard input's path")
        }
    }

    /// Checks a path that will be opened for the command.
    package func validate(path: String, of subject: String) throws(CommandError) {
        if path.isEmpty { throw invalid("\(subject) is empty") }
        if path.utf8.contains(0) { throw nul(in: subject) }
    }

    private func nul(in subject: String) -> CommandError {
        invalid("\(subject) contains a NUL byte, which the system can't pass on")
    }

    private func invalid(_ detail: String) -> CommandError {
        CommandError(.invalidArgument, self, detail: detail)
    }
}
