/// The result of a task with files: the value that its body returned, and its declared files, in order of declaration.
struct FileTaskResult<Value> {
    let value: Value
    let files: [[InputFile]]
}

extension FileTaskResult: Sendable where Value: Sendable {}

extension TaskNode {
    /// Runs a command of this task in the task's own working directory, with its files.
    ///
    /// - Returns: the standard output, or the path of the file that holds it; and the declared files.
    func executeWithFiles<each Input: Sendable>(
        _ input: repeat each Input, outputs: [OutputFile], dryRunValue: String? = nil,
        command: (repeat each Input) async throws -> Command
    ) async throws -> FileTaskResult<String> {
        let plan = try StagingPlan(inputs: FilesWithin.collect(repeat each input), outputs: outputs)
        let directory = directoryPath
        let isDryRun = engine.configuration.dryRun
        // With a memory, files are staged only for a call whose outcome isn't known.
        let bringsInLater = engine.memory != nil
        if !isDryRun, !bringsInLater { try await bringIn(plan) }
        let asArguments = { (file: InputFile) in file.brought(into: directory, asArgument: true) }
        var line = try await command(repeat FilesWithin.replace(each input, asArguments))
        line.workingDirectory = Self.directory(of: line, in: directory)
        try line.validate()
        if isDryRun {
            engine.noteMissing(FilesWithin.collect(repeat each input), of: id)
            let text = dryRun(dryRunValue ?? "", detail: dryRunDetail(of: line) + plan.summary)
            return FileTaskResult(value: text, files: placeholders(for: plan))
        }
        let call = { line.recallable(for: self, plan) }
        return try await remembered(call(), as: definition.options.filesForm) { [line] terms in
            // A command that an interrupted run started works in that run's directory.
            if let found = try await reattach(line, terms) {
                return try collect(found.text, plan, in: found.directory ?? directory)
            }
            if bringsInLater { try await bringIn(plan) }
            if let folder = line.workingDirectory, folder.hasBytePrefix(directory + "/") {
                try FileSystem.makeDirectory(folder)
            }
            let target = outputs.first { $0.kind == .standardOutput }.map { "\(directory)/\($0.path)" }
            let text = try await execute(line, standardOutput: target, terms)
            return try collect(text, plan, in: directory)
        }
    }

    /// Runs a function of this task in the task's own working directory, with its files.
    ///
    /// - Parameter dryRunValue: the value that stands in for the function's own in a dry run, which doesn't call it.
    func callWithFiles<Value: Sendable, each Input: Sendable>(
        _ input: repeat each Input, outputs: [OutputFile], dryRunValue: Value?,
        body: (repeat each Input) async throws -> Value
    ) async throws -> FileTaskResult<Value> {
        if let output = outputs.first(where: { $0.kind == .standardOutput }) {
            throw FileError(
                .invalidName, [output.path],
                "a function has no standard output of its own; write '\(output.path)' and declare OutputFile(…)")
        }
        let plan = try StagingPlan(inputs: FilesWithin.collect(repeat each input), outputs: outputs)
        if engine.configuration.dryRun, let dryRunValue {
            engine.noteMissing(FilesWithin.collect(repeat each input), of: id)
            return FileTaskResult(value: dryRunValue, files: placeholders(for: plan))
        }
        try await bringIn(plan)
        let directory = directoryPath
        let inDirectory = { (file: InputFile) in file.brought(into: directory, asArgument: false) }
        let value = try await body(repeat FilesWithin.replace(each input, inDirectory))
        return try collect(value, plan, in: directory)
    }

    /// Returns the task's result, with the files that it may pass on because it has succeeded.
    private func collect<Value>(
        _ value: Value, _ plan: StagingPlan, in directory: String
    ) throws -> FileTaskResult<Value> {
        let owner = TaskDirectory(
            directory, isKept: engine.files.configuration.keepsWorkingDirectories || engine.memory != nil)
        let files: [[InputFile]]
        do {
            files = try DeclaredOutputs(plan: plan, directory: directory).collect(for: self, in: owner)
        } catch {
            owner.keep()
            throw error
        }
        if engine.events.isObserved {
            let outputs = files.joined().map { file in
                TaskExecution.File(path: file.path, size: FileSystem.size(of: file.path))
            }
            note { $0.outputs = outputs }
        }
        let handedOn = FilesWithin.replace(value) { file in
            guard file.path.hasBytePrefix(directory + "/") else { return file }
            var file = file
            file.directory = owner
            return file
        }
        return FileTaskResult(value: handedOn, files: files)
    }

    private func placeholders(for plan: StagingPlan) -> [[InputFile]] {
        plan.outputs.map { output in
            [InputFile(madeAt: "\(directoryPath)/\(output.path)", isDirectory: output.kind == .directory, by: self)]
        }
    }

    /// Returns the directory in which a command runs: the task's own, one within it, or the absolute one that it names.
    private static func directory(of command: Command, in directory: String) -> String {
        guard let own = command.workingDirectory else { return directory }
        return own.hasBytePrefix("/") || own.isEmpty ? own : "\(directory)/\(own)"
    }
}

extension StagingPlan {
    /// For the report of a dry run: ` (in: reads.fq, ref.fa; out: aligned.sam)`.
    var summary: String {
        var parts: [String] = []
        if !inputs.isEmpty { parts.append("in: " + inputs.map(\.name).joined(separator: ", ")) }
        if !outputs.isEmpty { parts.append("out: " + outputs.map(\.path).joined(separator: ", ")) }
        return parts.isEmpty ? "" : " (\(parts.joined(separator: "; ")))"
    }
}
