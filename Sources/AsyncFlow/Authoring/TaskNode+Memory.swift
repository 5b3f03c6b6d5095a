extension TaskNode {
    /// Returns the recorded outcome of a call of this task from the engine's memory, or performs the call.
    ///
    /// - Parameters:
    ///   - call: the description of the call; nil for one that isn't recorded. Evaluated only if there is a memory.
    ///   - form: the form in which its value is kept; nil for a value that can't be kept.
    nonisolated(nonsending) func remembered<Value: Sendable>(
        _ call: @autoclosure () -> RecallableCall?, as form: @autoclosure () -> ValueForm<Value>?,
        perform: nonisolated(nonsending) (CallTerms) async throws -> Value
    ) async throws -> Value {
        guard let memory = engine.memory else { return try await perform(CallTerms()) }
        let context = TaskContext(self)
        guard let call = call(), let form = form() else {
            if context.isRecalling { throw NotRecalled() }
            return try await perform(CallTerms())
        }
        return try await memory.outcome(of: call, as: form, in: context, perform: perform)
    }
}

extension TaskContext {
    /// The kind of the task.
    package var kind: TaskKind {
        switch subject {
        case .task(let node): node.definition.kind
        case .elsewhere(let subject): subject.localDefinition?.kind ?? .portable
        }
    }

    /// The task's options for recording its outcomes.
    package var recording: RecordingOptions { options?.recording ?? RecordingOptions() }
}

extension TaskOption {
    /// Changes the options for recording the outcomes of the task.
    package static func recording(_ change: @escaping @Sendable (inout RecordingOptions) -> Void) -> Self {
        Self { change(&$0.recording) }
    }
}

extension Command {
    /// Returns the same command with the environment that a recorded call is given.
    func adding(_ terms: CallTerms) -> Command {
        guard !terms.environment.isEmpty else { return self }
        return with { $0.environment.merge(terms.environment) { own, _ in own } }
    }

    /// Describes the command by everything that decides its outcome; nil if something that decides it can't be named.
    ///
    /// - Parameter plan: the files that the command takes and makes.
    func recallable(for task: TaskNode, _ plan: StagingPlan? = nil) -> RecallableCall? {
        let options = task.definition.options
        // The command sees the dependencies' directories, although they aren't among its arguments.
        if task.definition.linksDependencyDirectories { return nil }
        // The task's own directory has a different name in each run.
        let directory = plan == nil ? nil : task.directoryPath
        func stable(_ text: String) -> String {
            directory.map { text.replacing($0, with: "{task directory}") } ?? text
        }
        let words = keyWords ?? [executable] + arguments
        var parts = [RecallableCall.Part("words", words.map(stable), secrets: secrets)]
        if !environment.isEmpty {
            let secrets = Array(environment.values)
            parts.append(RecallableCall.Part("environment", environment.mapValues(stable), secrets: secrets))
        }
        if !inheritsEnvironment { parts.append(RecallableCall.Part("inherits the environment", false)) }
        switch standardInput.source {
        case .none: break
        case .bytes(let bytes): parts.append(RecallableCall.Part("standard input", bytes))
        case .file(let path): parts.append(RecallableCall.Part("standard input", InputFile(path)))
        }
        if let workingDirectory, workingDirectory != directory {
            parts.append(RecallableCall.Part("directory", stable(workingDirectory)))
        }
        if options.isParallel {
            parts.append(RecallableCall.Part("ranks", task.request.ranks))
        }
        for input in plan?.inputs ?? [] { parts.append(RecallableCall.Part("file \(input.name)", input.file)) }
        for output in plan?.outputs ?? [] {
            parts.append(RecallableCall.Part("makes \(output.path)", "\(output.kind)"))
        }
        return RecallableCall(parts)
    }
}

extension TaskOptions {
    /// The form in which a command's value is kept: its text, or the file that holds it.
    var textForm: ValueForm<String> {
        let form = ValueForm<String>.codable(of: "a command's output")
        guard capturesStdio else { return form }
        let file = ValueForm<InputFile>.codable(of: "a command's output")
        return ValueForm {
            try file.encode(InputFile($0))
        } decode: {
            try file.decode($0).location
        } files: {
            [InputFile($0)]
        }
    }

    /// The form in which a command's text, or the file that holds it, is kept together with the files that it made.
    var filesForm: ValueForm<FileTaskResult<String>> {
        let form = ValueForm<[[InputFile]]>.codable(of: "a task's files")
        let isPath = capturesStdio
        return ValueForm { made in
            // The text travels as a name that no file has.
            try form.encode([[InputFile("text", as: made.value)]] + made.files)
        } decode: { bytes in
            let files = try form.decode(bytes)
            guard let text = files.first?.first?.name else {
                throw PortableCodingError("a task's files: there is no text with them")
            }
            return FileTaskResult(value: text, files: Array(files.dropFirst()))
        } files: { made in
            Array(made.files.joined()) + (isPath ? [InputFile(made.value)] : [])
        }
    }
}

extension PromptBackend {
    /// Describes a question by everything that decides its answer; nil if that isn't known.
    func recallable<Question: Sendable, Output>(
        _ question: Question, text: String, for task: TaskContext, _ output: Output.Type
    ) -> RecallableCall? {
        var parts: [RecallableCall.Part]
        if let backend = self as? any IdentifyingPromptBackend {
            guard let request = backend.identity(of: question, for: task) else { return nil }
            parts = [RecallableCall.Part("request", request), RecallableCall.Part("prompt", text)]
        } else {
            guard question is String else { return nil }
            parts = [RecallableCall.Part("prompt", text), RecallableCall.Part("backend", name)]
        }
        if Output.self != String.self { parts.append(RecallableCall.Part("type", String(reflecting: Output.self))) }
        return RecallableCall(parts)
    }
}
