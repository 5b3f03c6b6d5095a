import AsyncFlow
import AsyncFlowBase
import Foundation

/// The files of tasks in the folder that all nodes see: script, claim, output and end of each. Only their owner can
/// read them.
struct JobFiles: Sendable {
    let folder: String

    func path(_ key: UInt64, _ suffix: String) -> String { "\(folder)/\(key).\(suffix)" }

    /// Writes the script that runs the command of a task.
    func write(_ key: UInt64, _ request: CommandRequest, cores: Int) throws {
        let command = request.command
        if command.executable.utf8.first == UInt8(ascii: "-") {
            throw SlurmJobError(
                .unusable, detail: "'\(command.executable)' would be taken for an option: write the program's path")
        }
        var lines = ["#!/bin/sh"]
        let (output, error) = outputPaths(key, request.output)
        // The output is readable by its owner only; files that the command creates itself follow its umask.
        lines.append("mask=$(umask); umask 077; exec >\(quoted(output)) 2>\(quoted(error)); umask \"$mask\"")
        lines.append("cd \(quoted((command.workingDirectory ?? ".").absolutePath)) || exit 126")
        lines.append("exec <\(quoted(try input(key, command)))")
        // The task's own variables take precedence over those that the job inherits.
        var environment = command.environment
        if request.resources.cores != nil, environment["OMP_NUM_THREADS"] == nil {
            environment["OMP_NUM_THREADS"] = "\(cores)"
        }
        var program = [command.executable] + command.arguments
        if request.isParallel {
            if SrunScript.isNeeded(for: program) {
                try WholeFile.create(path(key, "rank"), SrunScript.text(running: program))
                program = ["/bin/sh", path(key, "rank")]
            }
            let options = ["--ntasks=\(request.resources.ranks)", "--cpus-per-task=\(cores)", "--kill-on-bad-exit=1"]
            program = ["srun"] + options + ["--"] + program
        }
        let words = EnvironmentPrefix.words(
            setting: environment, inheritsEnvironment: command.inheritsEnvironment, running: program)
        lines.append("exec " + words.map(quoted).joined(separator: " "))
        try WholeFile.create(path(key, "sh"), lines.joined(separator: "\n") + "\n")
    }

    /// Writes the script of a submission and the list of its tasks, unless they exist already: a failed submission is
    /// repeated with the same files.
    ///
    /// - Returns: the script's path.
    func writeSubmission(_ name: String, _ keys: [UInt64]) throws -> String {
        let path = "\(folder)/\(name).sh"
        if FileManager.default.fileExists(atPath: path) { return path }
        let tasks = "\(folder)/\(name).tasks"
        try WholeFile.create(tasks, keys.map { "\($0)\n" }.joined())
        let script = """
            #!/bin/sh
            # Runs one task of an array. Who can't claim it isn't the first to try, or too late.
            cd \(quoted(folder)) || exit 126
            task=$(sed -n "$((SLURM_ARRAY_TASK_ID + 1))p" \(name).tasks)
            mkdir "$task.claim" || exit 75
            exec 2>"$task.note"
            /bin/sh "$task.sh"
            code=$?
            # A shell tells a signal from an exit code above 128 only by the words that it writes about it.
            if [ $code -gt 128 ] && [ -s "$task.note" ]; then end="signal $((code - 128))"; else end="exit $code"; fi
            echo "$end" >"$task.end.new" && mv "$task.end.new" "$task.end"
            rm -f "$task.note"
            exit $code

            """
        do { try WholeFile.create(path, script) } catch {
            // The next attempt must find neither of them.
            try? FileManager.default.removeItem(atPath: tasks)
            throw error
        }
        return path
    }

    /// Returns the files that the output of a task goes to.
    func outputPaths(_ key: UInt64, _ output: CommandOutput) -> (output: String, error: String) {
        switch output {
        case .memory: (path(key, "out"), path(key, "err"))
        case .files(let output, let error): (output.absolutePath, error.absolutePath)
        }
    }

    private func input(_ key: UInt64, _ command: Command) throws -> String {
        switch command.standardInput.source {
        case .none: return "/dev/null"
        case .file(let file): return file.absolutePath
        case .bytes(let bytes):
            try WholeFile.create(path(key, "in"), Data(bytes))
            return path(key, "in")
        }
    }

    /// Returns the traces that a job has left.
    func evidence(_ key: UInt64) -> JobEvidence {
        if let file = FileHandle(forReadingAtPath: path(key, "end")), let data = try? file.read(upToCount: 64),
            let end = Self.end(String(decoding: data, as: UTF8.self))
        {
            return .ended(end)
        }
        return FileManager.default.fileExists(atPath: path(key, "claim")) ? .claimed : .untouched
    }

    /// Parses the file that the script writes at its end; nil for any other text.
    static func end(_ text: String) -> JobEnd? {
        guard text.hasSuffix("\n") else { return nil }
        let words = text.dropLast().split(separator: " ")
        guard words.count == 2, let number = SlurmNumber.digits(words[1], in: 0...255).map(Int32.init) else {
            return nil
        }
        switch words[0] {
        case "exit": return .exited(number)
        case "signal": return .signalled(number)
        default: return nil
        }
    }

    /// Claims a task, so that no job runs it.
    func void(_ key: UInt64) { _ = claim(key) }

    /// Takes the claim of a task.
    ///
    /// - Returns: whether nobody had it.
    func claim(_ key: UInt64) -> Bool { (try? PrivateDirectory.create(path(key, "claim"))) != nil }

    /// Removes the files that aren't needed after the end. The claim stays, because a late job must find it.
    func remove(_ key: UInt64) {
        for suffix in ["sh", "rank", "in", "out", "err", "end", "end.new", "note"] {
            try? FileManager.default.removeItem(atPath: path(key, suffix))
        }
        void(key)
    }

    private func quoted(_ word: String) -> String { ShellQuoting.quoted(word) }
}
