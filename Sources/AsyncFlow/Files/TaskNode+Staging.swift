extension TaskNode {
    /// The path of the task's working directory; nil for a task that has none.
    var workingDirectory: String? { definition.usesFiles ? directoryPath : nil }

    /// The path that the working directory has if there is one.
    var directoryPath: String { "\(engine.runDirectory)/\(id)" }

    /// Makes the task's working directory, new and empty, and stages its files. To be called once per attempt.
    ///
    /// - Throws: ``FileError`` or an error that a file source throws; `CancellationError`.
    func bringIn(_ plan: StagingPlan) async throws {
        let directory = directoryPath
        _ = try engine.makeRunDirectory()
        try TaskDirectory.prepareAttempt(at: directory)
        for output in plan.outputs { try makeFolders(of: output.path, in: directory) }
        for entry in plan.inputs {
            try Task.checkCancellation()
            try makeFolders(of: entry.name, in: directory)
            try await bringIn(entry, to: "\(directory)/\(entry.name)")
        }
        if engine.events.isObserved {
            let inputs = plan.inputs.map { entry in
                TaskExecution.File(
                    path: "\(entry.file)", size: FileSystem.size(of: "\(directory)/\(entry.name)"))
            }
            note { $0.inputs = inputs }
        }
        if definition.linksDependencyDirectories {
            try DependencyDirectories(engine.files.dependencies(of: self), for: plan).link(into: directory)
        }
    }

    /// Notes whose directories the task sees. To be called before it is submitted.
    func noteDependencyDirectories() {
        guard definition.linksDependencyDirectories else { return }
        engine.files.note(dependencyNodes.filter(\.definition.usesFiles), asDependenciesOf: self)
    }

    private func makeFolders(of name: String, in directory: String) throws(FileError) {
        for folder in StagedNames.folders(of: name) { try FileSystem.makeDirectory("\(directory)/\(folder)") }
    }

    private func bringIn(_ entry: StagingPlan.Entry, to target: String) async throws {
        let source: String
        switch entry.location {
        case .local(let path): source = path.absolutePath
        case .remote(let scheme): source = try await engine.files.transfers.fetch(entry.file, scheme: scheme, for: self)
        case .malformed(let reason): preconditionFailure("a malformed location was planned: \(reason)")
        }
        try check(entry.file, at: source)
        let staging = entry.file.staging ?? definition.options.files.staging ?? engine.files.configuration.staging
        switch staging.kind {
        case .link: try FileSystem.link(target, to: source)
        case .copy: try await engine.files.copier.copy(source, to: target)
        case .hardlink:
            // A directory can't have a second name.
            if entry.file.isDirectory { return try await engine.files.copier.copy(source, to: target) }
            if try !FileSystem.hardlink(target, to: source) { try await engine.files.copier.copy(source, to: target) }
        }
    }

    private func check(_ file: InputFile, at path: String) throws(FileError) {
        switch (try FileSystem.kind(of: path), file.isDirectory) {
        case (nil, _):
            let advice =
                path == file.location
                ? "" : "; '\(file.location)' begins at this process's current directory"
            // The path follows, so that a label that contains it would repeat it.
            let label = file.producer == nil ? "'\(file.name)'" : file.label
            throw FileError(.notFound, [path], "the input \(label) isn't there: \(path)\(advice)")
        case (.directory?, false):
            throw FileError(
                .isDirectory, [path],
                "the input \(file.label) is a directory; to pass a directory, write InputFile(directory: …)")
        case (.file?, true), (.other?, true):
            throw FileError(.notADirectory, [path], "the input \(file.label) isn't a directory")
        case (.directory?, true), (.file?, false), (.other?, false): break
        }
    }
}
