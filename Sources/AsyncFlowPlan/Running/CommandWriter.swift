import AsyncFlow
import AsyncFlowBase
import Crypto

/// Makes the commands of a step's process from the values of its expressions.
///
/// The words of a command are also what a journal knows it by. What a task has of this machine, such as its number of
/// cores, and where its script lies, are left out of that.
struct CommandWriter: Sendable {
    let step: Step
    let files: any FileReading
    let options: RunOptions
    let secrets: SecretStore

    /// The longest script that is given as an argument; a longer one is written into a file.
    private static let longestArgument = 100_000

    /// - Parameters:
    ///   - names: the names in the process's directory of the files that were brought there, by path.
    ///   - directory: the process's own directory, if it has one.
    ///   - port: the port of a service.
    func command(
        _ outer: Environment, names: [String: String], directory: String?, port: Int? = nil
    ) throws -> Command {
        let attempt = TaskContext.current?.attempt ?? 1
        let environment = outer.with(["task": .record(try task(outer, attempt: attempt, port: port))])
        var evaluator = environment.evaluator(files)
        let variables = try self.variables(environment, names)
        var line = CommandLineBuilder()
        try begin(&line, environment, names, directory, variables: variables.keys.sorted())
        switch step.action {
        case .command(let template): try append(template, to: &line, environment, names)
        case .service(let service): try append(service.command, to: &line, environment, names)
        case .script(let script, let shell):
            let isBash = shell == .bash || shell == .any && (Self.hasBash || isInContainer)
            let words = isBash ? ["bash", "-euo", "pipefail"] : ["sh", "-eu"]
            let text = setup + (try self.text(of: script, environment, names, isBash: isBash))
            var stable: String?
            if script.template.roots.contains("task") {
                let fixed = outer.with(["task": .record(try task(outer, attempt: 1, port: nil))])
                stable = setup + (try self.text(of: script, fixed, names, isBash: isBash))
            }
            try append(script: text, stable: stable, words, directory, to: &line)
        case .python(let code, let interpreter):
            var fields: [(String, Value)] = []
            for binding in step.with {
                fields.append((binding.name, local(environment.value(of: binding.name) ?? .null, names)))
            }
            line.append(interpreter + ["-c", PythonScript.loader, step.name])
            let script = try append(argument: code.text, "script.py", directory, to: &line)
            let values = try append(
                argument: JSONText.text(of: .record(Record(fields))), "values.json", directory, to: &line)
            // Not read by the script, which has three arguments.
            line.append([script, values].compactMap { $0 })
        case .value, .group, .module, .prompt, .ask: throw ValueError("'\(step.name)' starts no process")
        }
        var command = line.command.environment(variables)
        if let stdin = step.stdin { command = command.standardInput(try input(evaluator.value(of: stdin))) }
        return directory == nil ? command.workingDirectory(files.base) : command
    }

    /// `task` in expressions. A task that is only looked up in a journal has no resources yet, and jobs of a cluster
    /// never have some here: there it is what the step asks for.
    private func task(_ environment: Environment, attempt: Int, port: Int?) throws -> Record {
        let allocation = TaskContext.current?.resources
        let asked = step.policy
        var cores = allocation?.coresPerRank ?? 0
        if cores == 0, let setting = asked.cores { cores = try Settings.count(setting, environment, files) }
        var memory = allocation.map { Int(clamping: $0.memory.bytes) } ?? 0
        if memory == 0, let setting = asked.memory,
            case .memory(let bytes) = try Settings.amount(setting, environment, files)
        {
            memory = Int(clamping: bytes)
        }
        var fields: [(String, Value)] = [
            ("cores", .int(max(1, cores))), ("memory", .int(memory)), ("attempt", .int(attempt)),
        ]
        if let port { fields.append(("port", .int(port))) }
        return Record(fields)
    }

    private func variables(_ environment: Environment, _ names: [String: String]) throws -> [String: String] {
        if step.policy.environment.isEmpty { return [:] }
        let named = step.policy.environment.flatMap(\.value.expressions).flatMap(\.expression.paths)
        var evaluator = environment.with(try secrets.names(in: named)).evaluator(files)
        var variables: [String: String] = [:]
        for binding in step.policy.environment {
            let value = local(try evaluator.value(of: binding.value), names)
            variables[binding.name] = try ShellText.word(of: value)
        }
        return variables
    }

    private func append(
        _ template: Template, to line: inout CommandLineBuilder, _ environment: Environment, _ names: [String: String]
    ) throws {
        var evaluator = environment.evaluator(files)
        for part in template.parts {
            switch part {
            case .text(let text): line.append(literal: text.text)
            case .expression(let placed):
                let value = local(try evaluator.value(of: placed.expression), names)
                if case .list = value {
                    line.append(list: try ShellText.words(of: value))
                } else {
                    line.append(part: try ShellText.word(of: value), isInKey: !placed.roots.contains("task"))
                }
            }
        }
    }

    private func text(
        of script: ShellScript, _ environment: Environment, _ names: [String: String], isBash: Bool
    ) throws -> String {
        var evaluator = environment.evaluator(files)
        var values: [Value] = []
        for placed in script.template.expressions {
            values.append(local(try evaluator.value(of: placed.expression), names))
        }
        return try script.text(values: values, isBash: isBash)
    }

    private func input(_ value: Value) throws -> Command.StandardInput {
        switch value {
        case .file(let path): return .file(path)
        case .list(let lines):
            var text = ""
            for line in lines { text += try ShellText.word(of: line) + "\n" }
            return .text(text)
        default:
            guard let text = value.scalarText else {
                throw ValueError("\(Conversion.shown(value)) can't be the standard input")
            }
            return .text(text)
        }
    }

    /// The value with files under the names that they have in the process's directory.
    private func local(_ value: Value, _ names: [String: String]) -> Value {
        if names.isEmpty { return value }
        switch value {
        // With "./", so that it can be a program, and isn't an option.
        case .file(let path): return .file(names[path].map { "./\($0)" } ?? path)
        case .directory(let path): return .directory(names[path].map { "./\($0)" } ?? path)
        case .list(let elements): return .list(elements.map { local($0, names) })
        case .record(let record):
            return .record(Record(names: record.names, values: record.values.map { local($0, names) }))
        case .null, .bool, .int, .float, .string: return value
        }
    }

    // MARK: Around the command

    private static let hasBash = (getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin")
        .split(separator: ":").contains { access("\($0)/bash", X_OK) == 0 }

    private var setup: String { step.policy.setup.map { $0.text + "\n" }.joined() }

    private var isInContainer: Bool {
        step.policy.container != nil && options.containerEngine != .none
    }

    /// Begins with the words of a container, and of a shell for the lines of `setup` before a command.
    private func begin(
        _ line: inout CommandLineBuilder, _ environment: Environment, _ names: [String: String], _ directory: String?,
        variables: [String]
    ) throws {
        if let image = step.policy.container, options.containerEngine != .none {
            var evaluator = environment.evaluator(files)
            let container = ContainerCommand(
                engine: options.containerEngine, image: try evaluator.text(of: image),
                paths: [files.base, options.saveDirectory] + [directory].compactMap { $0 }
                    + names.keys.map { PathText.parent(of: $0) },
                directory: directory ?? files.base, variables: variables + ["ASYNCFLOW_CALL_ID"],
                user: getuid(), group: getgid())
            for word in try container.words() { line.append(word: word.text, isInKey: word.isInKey) }
        }
        if case .script = step.action { return }
        if !step.policy.setup.isEmpty {
            let shell = Self.hasBash || isInContainer ? "bash" : "sh"
            line.append([shell, "-euc", setup + "exec \"$@\"", step.name])
        }
    }

    // MARK: Scripts

    /// Appends a shell with a script, as an argument if it isn't too long.
    ///
    /// - Parameter stable: the script that stands for it in the journal; the script itself if nil.
    private func append(
        script text: String, stable: String?, _ words: [String], _ directory: String?,
        to line: inout CommandLineBuilder
    ) throws {
        line.append(words + ["-c"])
        let isLong = text.utf8.count > Self.longestArgument
        // In a task's own directory nothing of the script lies, since each attempt begins with an empty one.
        let path = isLong || directory != nil ? try write(text, "script.sh") : nil
        if isLong, let path {
            line.append([". \"$1\"", step.name])
            line.append(word: path, isInKey: false)
            line.append([Self.digest(of: stable ?? text)])
        } else if let stable {
            line.append(word: text, isInKey: false)
            line.append([step.name, Self.digest(of: stable)])
        } else {
            line.append([text, step.name])
        }
    }

    /// Appends a text as an argument or, if it is too long for one, as `@` and the path of a file with it.
    ///
    /// - Returns: what the file is known by.
    private func append(
        argument text: String, _ name: String, _ directory: String?, to line: inout CommandLineBuilder
    ) throws -> String? {
        let isArgument = text.utf8.count <= Self.longestArgument && !text.hasPrefix("@")
        let path = directory != nil || !isArgument ? try write(text, name) : nil
        guard !isArgument, let path else {
            line.append([text])
            return nil
        }
        line.append(word: "@\(path)", isInKey: false)
        return Self.digest(of: text)
    }

    private static func digest(of text: String) -> String {
        SHA256.hash(data: Array(text.utf8)).map { byte in
            String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
        }
        .joined()
    }

    /// - Returns: the path of a file with this text, beside the task's directory, for people to read and run again.
    private func write(_ text: String, _ name: String) throws(ValueError) -> String {
        guard let context = TaskContext.current else { throw ValueError("a script can only be written for a task") }
        let path: String
        do { path = "\(try context.makeRunDirectory())/\(context.taskID).\(context.attempt).\(name)" } catch {
            throw ValueError("the script of '\(step.name)' can't be written: \(error)")
        }
        // One that is only looked up may never run.
        if context.isRecalling { return path }
        do throws(SystemError) {
            unlink(path)
            let descriptor = try PrivateFile.create(path)
            defer { close(descriptor) }
            try DescriptorOutput.write(text, to: descriptor)
        } catch {
            throw ValueError("the script of '\(step.name)' can't be written as \(path): \(error)")
        }
        return path
    }
}
