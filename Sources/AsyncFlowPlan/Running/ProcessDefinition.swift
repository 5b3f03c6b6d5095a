import AsyncFlow
import AsyncFlowBase

/// A call of a step's process, with the names that its expressions read.
final class ElementCall: TaskValue {
    let environment: Environment

    init(_ environment: Environment) { self.environment = environment }
}

/// A call of a process that runs in a directory of its own, with the files to bring there.
struct StagedCall: TaskValue, FileContainer {
    let call: ElementCall
    var files: [InputFile]
    /// The names in the directory of the paths outside.
    let names: [String: String]
    let outputs: [OutputFile]

    func mapFiles(_ transform: (InputFile) throws -> InputFile) rethrows -> StagedCall {
        StagedCall(call: call, files: try files.map(transform), names: names, outputs: outputs)
    }
}

/// The files that a process has made, of each declaration in order.
struct MadeFiles: Sendable {
    let files: [[InputFile]]
}

/// Declares files whose task's value isn't itself a list of files to bring.
private struct StepOutputs: OutputDeclaration {
    let outputs: [OutputFile]
    func files(_ made: [[InputFile]]) -> MadeFiles { MadeFiles(files: made) }
}

/// A step's process as a task of the engine, defined once and called for each element.
final class ProcessDefinition: Sendable {
    private enum Kind: Sendable {
        case plain(ExecutableTask<ElementCall>)
        case staged(WorkflowTask<ExecutableKind, MadeFiles, StagedCall>)
        /// The same for steps that use services, which end with them.
        case plainServed(ExecutableTask<ElementCall, [ServiceHandle]>)
        case stagedServed(WorkflowTask<ExecutableKind, MadeFiles, StagedCall, [ServiceHandle]>)
    }

    private let kind: Kind
    private let checked: CheckedStep
    private let context: RunContext
    private let files: any FileReading
    private let policy: PolicyOptions
    private var step: Step { checked.step }

    /// The file that gets the standard output where no other one does.
    private static let outputName = ".stdout"

    init(
        _ checked: CheckedStep, _ context: RunContext, _ files: any FileReading, _ secrets: SecretStore,
        backends: Set<String>, usesServices: Bool
    ) throws {
        self.checked = checked
        self.context = context
        self.files = files
        policy = PolicyOptions(checked.step.policy, files, context.options)
        if let backend = checked.step.policy.backend, !backends.contains(backend.name) {
            throw ValueError(
                "'\(checked.step.name)' runs on '\(backend.name)', which this run hasn't: it has \(backends.sorted().joined(separator: ", "))"
            )
        }
        let writer = CommandWriter(step: checked.step, files: files, options: context.options, secrets: secrets)
        let name = "\(checked.step.name).\(checked.step.action.keyword)"
        let engine = context.engine
        let makePlain = { @Sendable (call: ElementCall) in
            try writer.command(call.environment, names: [:], directory: nil)
        }
        let makeStaged = { @Sendable (call: StagedCall) in
            try writer.command(
                call.call.environment, names: call.names, directory: TaskContext.current?.workingDirectory)
        }
        let options = try policy.fixedOptions()
        switch (checked.usesDirectory, usesServices) {
        case (false, false):
            let task = engine.executableTask(name) { (call: ElementCall) in try makePlain(call) }
            kind = .plain(options.reduce(task) { $0.with($1) })
        case (false, true):
            let task = engine.executableTask(name) { (call: ElementCall, _: [ServiceHandle]) in try makePlain(call) }
            kind = .plainServed(options.reduce(task) { $0.with($1) })
        case (true, false):
            let task = engine.executableTask(
                name, producing: { (call: StagedCall) in StepOutputs(outputs: call.outputs) }
            ) { (call: StagedCall) in try makeStaged(call) }
            kind = .staged(options.reduce(task) { $0.with($1) })
        case (true, true):
            let task = engine.executableTask(
                name, producing: { (call: StagedCall, _: [ServiceHandle]) in StepOutputs(outputs: call.outputs) }
            ) { (call: StagedCall, _: [ServiceHandle]) in try makeStaged(call) }
            kind = .stagedServed(options.reduce(task) { $0.with($1) })
        }
    }

    /// Runs the process for one element.
    ///
    /// - Parameter services: the services that it uses.
    /// - Returns: the values of its fields: files, the parts of a record, and the value itself.
    func run(_ outer: Environment, _ services: [ServiceHandle]) async throws -> [Value] {
        var evaluator = outer.evaluator(files)
        var names: [String: Value] = [:]
        for binding in step.with { names[binding.name] = try evaluator.value(of: binding.value) }
        let environment = outer.with(names)
        let options = try policy.changingOptions(environment)
        switch kind {
        case .plain(let task):
            let text = try await options.reduce(task) { $0.with($1) }(ElementCall(environment)).valueOrCancel()
            return try fields(of: value(text))
        case .plainServed(let task):
            let call = ElementCall(environment)
            let text = try await options.reduce(task) { $0.with($1) }(call, services).valueOrCancel()
            return try fields(of: value(text))
        case .staged(let task):
            let call = try stagedCall(environment)
            return try collect(await options.reduce(task) { $0.with($1) }(call).valueOrCancel(), environment)
        case .stagedServed(let task):
            let call = try stagedCall(environment)
            return try collect(await options.reduce(task) { $0.with($1) }(call, services).valueOrCancel(), environment)
        }
    }

    // MARK: Files

    private func stagedCall(_ environment: Environment) throws -> StagedCall {
        var evaluator = environment.evaluator(files)
        var outputs: [OutputFile] = []
        for file in step.files {
            let path = try evaluator.text(of: file.path)
            let output: OutputFile =
                switch file.kind {
                case .file: OutputFile(path)
                case .directory: .directory(path)
                case .matching: .matching(path)
                case .standardOutput: .standardOutput(path)
                }
            outputs.append(output)
        }
        if !step.files.contains(where: { $0.kind == .standardOutput }) {
            outputs.append(.standardOutput(Self.outputName))
        }
        var staging = StagedFiles(taken: Set(outputs.map(\.path)))
        for value in try filesRead(environment) { staging.add(value) }
        return StagedCall(call: ElementCall(environment), files: staging.files, names: staging.names, outputs: outputs)
    }

    /// The values of all expressions of the action, for the files in them.
    private func filesRead(_ environment: Environment) throws -> [Value] {
        var expressions: [PlacedExpression] = step.stdin?.expressions ?? []
        var values: [Value] = []
        expressions += step.action.expressions
        expressions += step.policy.environment.flatMap(\.value.expressions)
        expressions += step.bring.flatMap(\.expressions)
        var evaluator = environment.evaluator(files)
        // What is known of the task only when it runs is no file.
        for placed in expressions where placed.roots.isDisjoint(with: ["task", "secrets"]) {
            values.append(try evaluator.value(of: placed.expression))
        }
        for binding in step.with { values.append(environment.value(of: binding.name) ?? .null) }
        return values
    }

    private func collect(_ made: MadeFiles, _ environment: Environment) throws -> [Value] {
        var values: [Value] = []
        for (file, found) in zip(step.files, made.files) {
            let paths = found.map(\.location)
            switch file.kind {
            case .matching: values.append(.list(paths.map(Value.file)))
            case .directory: values.append(.directory(paths[0]))
            case .file, .standardOutput: values.append(.file(paths[0]))
            }
            if let save = file.save {
                var evaluator = environment.evaluator(files)
                let target = PathText.absolute(try evaluator.text(of: save), base: context.options.saveDirectory)
                for path in paths {
                    let place = file.kind == .matching ? "\(target)/\(PathText.name(of: path))" : target
                    try context.claim(place, for: path)
                    try SavedFile.link(path, at: place)
                }
            }
        }
        let isDeclared = step.files.firstIndex { $0.kind == .standardOutput }
        let output = made.files[isDeclared ?? step.files.count][0].location
        // What went into a file of its own is read only if it is asked for.
        let text = isDeclared != nil && step.output == .text ? "" : try files.read(output)
        return values + (try fields(of: value(text)))
    }

    private func value(_ text: String) throws -> Value {
        if case .python = step.action { return try PythonScript.value(of: text, as: step.output, base: files.base) }
        return try ProcessOutput.value(of: text, as: step.output, base: files.base)
    }

    private func fields(of value: Value) throws -> [Value] { step.output.fields(of: value) }
}
