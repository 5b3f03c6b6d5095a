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
        _ checked: CheckedStep, _ context: RunContext, _ files: any FileReading, backends: Set<String>
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
        let writer = CommandWriter(step: checked.step, files: files)
        let name = "\(checked.step.name).\(checked.step.action.keyword)"
        if checked.usesDirectory {
            let task = context.engine.executableTask(
                name, producing: { (call: StagedCall) in StepOutputs(outputs: call.outputs) }
            ) {
                (call: StagedCall) in
                try writer.command(
                    call.call.environment, names: call.names, directory: TaskContext.current?.workingDirectory)
            }
            kind = .staged(try policy.fixedOptions().reduce(task) { $0.with($1) })
        } else {
            let task = context.engine.executableTask(name) { (call: ElementCall) in
                try writer.command(call.environment, names: [:], directory: nil)
            }
            kind = .plain(try policy.fixedOptions().reduce(task) { $0.with($1) })
        }
    }

    /// Runs the process for one element.
    ///
    /// - Returns: the values of its fields: files, the parts of a record, and the value itself.
    func run(_ outer: Environment) async throws -> [Value] {
        var evaluator = outer.evaluator(files)
        var names: [String: Value] = [:]
        for binding in step.with { names[binding.name] = try evaluator.value(of: binding.value) }
        let environment = outer.with(names)
        let options = try policy.changingOptions(environment)
        switch kind {
        case .plain(let task):
            let text = try await options.reduce(task) { $0.with($1) }(ElementCall(environment)).valueOrCancel()
            return try fields(of: value(text))
        case .staged(let task):
            let call = try stagedCall(environment)
            let made = try await options.reduce(task) { $0.with($1) }(call).valueOrCancel()
            return try collect(made, environment)
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
        switch step.action {
        case .command(let template): expressions += template.expressions
        case .script(let script, _): expressions += script.template.expressions
        case .python, .value, .group, .module: break
        }
        expressions += step.policy.environment.flatMap(\.value.expressions)
        expressions += step.bring.flatMap(\.expressions)
        var evaluator = environment.evaluator(files)
        // What is known of the task only when it runs is no file.
        for placed in expressions where !placed.roots.contains("task") {
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

    /// The fields that come of the output.
    private func fields(of value: Value) throws -> [Value] {
        guard case .typed(let type) = step.output, case .record(let fields) = type.withoutNull else { return [value] }
        guard case .record(let record) = value else { return fields.map { _ in .null } + [value] }
        return record.values + [value]
    }
}

/// The names under which files come into a step's directory.
struct StagedFiles {
    private(set) var files: [InputFile] = []
    private(set) var names: [String: String] = [:]
    private var taken: Set<String>

    /// - Parameter taken: the paths of what the step is to make.
    init(taken: Set<String>) {
        // The folders that those lie in aren't files either.
        self.taken = Set(
            taken.flatMap { path in [path] + (path.split(separator: "/").first.map { [String($0)] } ?? []) })
    }

    mutating func add(_ value: Value) {
        switch value {
        case .file(let path): add(path, isDirectory: false)
        case .directory(let path): add(path, isDirectory: true)
        case .list(let elements): for element in elements { add(element) }
        case .record(let record): for value in record.values { add(value) }
        case .null, .bool, .int, .float, .string: break
        }
    }

    /// The last component is kept, since programs go by extensions; of several with the same one, each further one lies
    /// in a folder of its own.
    private mutating func add(_ path: String, isDirectory: Bool) {
        guard names[path] == nil else { return }
        let base = PathText.name(of: path)
        var name = base
        var number = 2
        while !taken.insert(name).inserted {
            name = "in\(number)/\(base)"
            number += 1
        }
        if name != base { taken.insert(PathText.parent(of: name)) }
        names[path] = name
        files.append(isDirectory ? InputFile(directory: path, as: name) : InputFile(path, as: name))
    }
}

/// Links to files in places that people chose.
enum SavedFile {
    /// Makes a second name for a file, or a symbolic link where that can't be. A file that is there is replaced.
    static func link(_ path: String, at place: String) throws(ValueError) {
        do throws(SystemError) {
            try makeFolder(PathText.parent(of: place))
            let temporary = "\(place).\(getpid()).new"
            unlink(temporary)
            if AsyncFlowBase.link(path, temporary) != 0 { try retrying { symlink(path, temporary) } }
            do throws(SystemError) { try retrying { rename(temporary, place) } } catch {
                unlink(temporary)
                throw error
            }
        } catch {
            throw ValueError("\(path) can't be saved as \(place): \(error)")
        }
    }

    private static func makeFolder(_ path: String) throws(SystemError) {
        do throws(SystemError) { try retrying { mkdir(path, 0o777) } } catch {
            switch error.code {
            case EEXIST: return
            case ENOENT where PathText.parent(of: path) != path:
                try makeFolder(PathText.parent(of: path))
                do throws(SystemError) { try retrying { mkdir(path, 0o777) } } catch {
                    if error.code != EEXIST { throw error }
                }
            default: throw error
            }
        }
    }
}
