extension Command {
    /// Creates a command that passes a line to `bash -e -o pipefail -c`: it ends at the first command in the line that
    /// fails, and a pipeline fails if any part of it does.
    ///
    /// In ``shell(_:)`` a pipeline fails only with its last part, as POSIX specifies. With `pipefail`, a part that is
    /// ended by `SIGPIPE` because the next one has read enough, as in `yes | head`, is a failure too: the line exits
    /// with code 141.
    ///
    /// Everything in the line is interpreted by bash. Pass values that come from elsewhere through
    /// ``environment(_:)`` and write `"$NAME"` in the line.
    ///
    /// - Parameter line: The line for bash, which is looked up in `PATH`.
    public static func bash(_ line: String) -> Command {
        Command("bash", arguments: ["-e", "-o", "pipefail", "-c", line])
    }

    /// Returns a command that runs this one and another one side by side; the other one reads this one's output.
    ///
    /// ```swift
    /// let count: Command = "samtools view \(file)"
    /// let lines = count.piped(to: "wc -l")
    /// ```
    ///
    /// The pipeline fails when either command fails, with the first one's exit code if both do, and names the failed
    /// one on its standard error. A first command that `SIGPIPE` ends because the second has read enough has not
    /// failed. No word is interpreted by a shell, although `/bin/sh` starts the two. Each keeps its own environment and
    /// working directory; settings of the result apply to both.
    ///
    /// - Parameter next: The command that reads. It can't have a ``standardInput``.
    public func piped(to next: Command) -> Command {
        var pipeline = Command("/bin/sh", arguments: ["-c", PipelineScript.text(self, next), "pipeline"])
        pipeline.standardInput = standardInput
        pipeline.inheritsSecrets = inheritsSecrets || next.inheritsSecrets
        pipeline.shellWord = shellWord ?? next.shellWord
        let keyed =
            keyWords == nil && next.keyWords == nil
            ? nil : ["/bin/sh", "-c", PipelineScript.text(withKeyWords, next.withKeyWords), "pipeline"]
        pipeline.setIdentity(words: keyed, secrets: secrets + next.secrets)
        for part in [self, next] where pipeline.problem == nil {
            do throws(CommandError) { try part.validate() } catch {
                let message = part.problem?.message ?? "a part of the pipeline: \(error.summary)"
                pipeline.problem = Problem(text: part.description, message: message)
            }
        }
        if next.standardInput != Command.StandardInput.none, pipeline.problem == nil {
            pipeline.problem = Problem(
                text: next.description,
                message: "it reads what the command before it writes, so it can't have a standard input itself")
        }
        return pipeline
    }
}

extension Command {
    /// The same command with only the words that decide its outcome.
    fileprivate var withKeyWords: Command {
        guard let keyWords else { return self }
        return with {
            $0.executable = keyWords.first ?? ""
            $0.arguments = Array(keyWords.dropFirst())
        }
    }
}

/// The line for the POSIX shell that runs two commands as a pipeline and evaluates how both ended.
private enum PipelineScript {
    static func text(_ first: Command, _ second: Command) -> String {
        let name = ShellQuoting.quoted(first.executable)
        return """
            exec 4>&1
            first=$({ { \(part(first)) 3>&- 4>&-; echo "$?" >&3; } | \(part(second)) >&4 3>&- 4>&-; } 3>&1)
            second=$?
            case $first in
            0 | 141) exit "$second" ;;
            '') first=1 ;;
            esac
            printf 'pipeline: %s exited with code %s\\n' \(name) "$first" >&2
            exit "$first"
            """
    }

    private static func part(_ command: Command) -> String {
        let words = EnvironmentPrefix.words(
            setting: command.environment, inheritsEnvironment: command.inheritsEnvironment,
            running: [command.executable] + command.arguments)
        // Neither `exec` nor `env` accepts a program name with a leading hyphen unless options are ended with `--`.
        let isOption = words.first?.hasBytePrefix("-") == true
        let line = (isOption ? "exec env -- " : "exec ") + words.map(ShellQuoting.quoted).joined(separator: " ")
        guard let directory = command.workingDirectory else { return "( \(line) )" }
        // A relative path that begins with a hyphen, or CDPATH, must not lead elsewhere.
        let path = directory.hasBytePrefix("/") ? directory : "./\(directory)"
        return "( cd -- \(ShellQuoting.quoted(path)) && \(line) )"
    }
}
