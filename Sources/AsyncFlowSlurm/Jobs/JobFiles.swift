import AsyncFlow
import Foundation

/// What a task is as files in the folder that all nodes see: its script, its claim, its output and how it ended.
struct JobFiles: Sendable {
    let folder: String

    func path(_ key: UInt64, _ suffix: String) -> String { "\(folder)/\(key).\(suffix)" }

    /// Writes what runs the command of a task.
    func write(_ key: UInt64, _ request: CommandRequest, cores: Int) throws {
        let command = request.command
        var lines = ["#!/bin/sh"]
        let (output, error) = outputPaths(key, request.output)
        lines.append("exec >\(quoted(output)) 2>\(quoted(error))")
        lines.append("cd \(quoted(absolute(command.workingDirectory ?? "."))) || exit 126")
        lines.append("exec <\(quoted(try input(key, command)))")
        // What belongs to the task goes before what the job inherits.
        var words = ["env"]
        if !command.inheritsEnvironment { words.append("-i") }
        var environment = command.environment
        if request.resources.cores != nil, environment["OMP_NUM_THREADS"] == nil {
            environment["OMP_NUM_THREADS"] = "\(cores)"
        }
        words += environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        if request.isParallel {
            words += [
                "srun", "--ntasks=\(request.resources.ranks)", "--cpus-per-task=\(cores)", "--kill-on-bad-exit=1",
            ]
        }
        words += [command.executable] + command.arguments
        lines.append("exec " + words.map(quoted).joined(separator: " "))
        try Self.write(lines.joined(separator: "\n") + "\n", to: path(key, "sh"))
    }

    /// Writes the script of a submission and the list of its tasks.
    ///
    /// - Returns: the script's path.
    func writeSubmission(_ name: String, _ keys: [UInt64]) throws -> String {
        try Self.write(keys.map { "\($0)\n" }.joined(), to: "\(folder)/\(name).tasks")
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
        let path = "\(folder)/\(name).sh"
        try Self.write(script, to: path)
        return path
    }

    /// Where the output of a task goes.
    func outputPaths(_ key: UInt64, _ output: CommandRequest.Output) -> (output: String, error: String) {
        switch output {
        case .memory: (path(key, "out"), path(key, "err"))
        case .files(let output, let error): (absolute(output), absolute(error))
        }
    }

    private func input(_ key: UInt64, _ command: Command) throws -> String {
        switch command.standardInput.source {
        case .none: return "/dev/null"
        case .file(let file): return absolute(file)
        case .bytes(let bytes):
            try Self.write(Data(bytes), to: path(key, "in"))
            return path(key, "in")
        }
    }

    /// What a job has left.
    func evidence(_ key: UInt64) -> JobEvidence {
        if let data = FileManager.default.contents(atPath: path(key, "end")),
            let end = Self.end(String(decoding: data, as: UTF8.self))
        {
            return .ended(end)
        }
        return FileManager.default.fileExists(atPath: path(key, "claim")) ? .claimed : .untouched
    }

    /// Nil for anything but what the script writes.
    static func end(_ text: String) -> JobEnd? {
        guard text.hasSuffix("\n") else { return nil }
        let words = text.dropLast().split(separator: " ")
        guard words.count == 2, let number = Int32(words[1]), (0...255).contains(number) else { return nil }
        switch words[0] {
        case "exit": return .exited(number)
        case "signal": return .signalled(number)
        default: return nil
        }
    }

    /// Takes the claim of a task, so that no job runs it.
    func void(_ key: UInt64) {
        try? FileManager.default.createDirectory(atPath: path(key, "claim"), withIntermediateDirectories: false)
    }

    /// Removes what nobody needs after the end. The claim stays: a job that comes late must find it.
    func remove(_ key: UInt64) {
        for suffix in ["sh", "in", "out", "err", "end", "end.new", "note"] {
            try? FileManager.default.removeItem(atPath: path(key, suffix))
        }
        void(key)
    }

    private static func write(_ text: String, to path: String) throws { try write(Data(text.utf8), to: path) }

    private static func write(_ data: Data, to path: String) throws {
        // Environments and input are nobody else's business.
        guard FileManager.default.createFile(atPath: path, contents: data, attributes: [.posixPermissions: 0o600])
        else {
            throw SlurmJobError(.unusable, detail: "the file \(path) couldn't be written")
        }
    }

    private func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : "\(FileManager.default.currentDirectoryPath)/\(path)"
    }

    private func quoted(_ word: String) -> String { ShellQuoting.quoted(word) }
}
