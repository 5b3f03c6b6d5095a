import AsyncFlow
import AsyncFlowBase

/// Makes the commands of a step's process from the values of its expressions.
struct CommandWriter: Sendable {
    let step: Step
    let files: any FileReading

    /// The longest script that is given as an argument; a longer one is written into a file.
    private static let longestArgument = 100_000

    /// - Parameters:
    ///   - names: the names in the process's directory of the files that were brought there, by path.
    ///   - directory: the process's own directory, if it has one.
    func command(_ outer: Environment, names: [String: String], directory: String?) throws -> Command {
        let environment = outer.with(["task": .record(task)])
        var evaluator = environment.evaluator(files)
        func value(_ expression: Expression) throws(ValueError) -> Value {
            local(try evaluator.value(of: expression), names)
        }
        var command: Command
        switch step.action {
        case .command(let template):
            var line = Command.StringInterpolation(literalCapacity: 0, interpolationCount: 0)
            for part in template.parts {
                switch part {
                case .text(let text): line.appendLiteral(text.text)
                case .expression(let placed):
                    let value = try value(placed.expression)
                    if case .list = value {
                        line.appendInterpolation(try ShellText.words(of: value))
                    } else {
                        line.appendInterpolation(try ShellText.word(of: value))
                    }
                }
            }
            command = wrapped(Command(stringInterpolation: line))
        case .script(let script, let shell):
            var values: [Value] = []
            for placed in script.template.expressions { values.append(try value(placed.expression)) }
            let isBash = shell == .bash || shell == .any && Self.hasBash
            let text = setup + (try script.text(values: values, isBash: isBash))
            let words = isBash ? ["bash", "-euo", "pipefail"] : ["sh", "-eu"]
            command = try run(text, words, option: ["-c"], name: "script.sh", directory)
        case .python(let code, let interpreter):
            var fields: [(String, Value)] = []
            for binding in step.with {
                fields.append((binding.name, local(environment.value(of: binding.name) ?? .null, names)))
            }
            let values = try argument(JSONText.text(of: .record(Record(fields))), "values.json", directory)
            let script = try argument(code.text, "script.py", directory)
            command = wrapped(
                Command(
                    interpreter[0],
                    arguments: interpreter.dropFirst() + ["-c", PythonScript.loader, step.name, script, values]))
        case .value, .group, .module: throw ValueError("'\(step.name)' starts no process")
        }
        var variables: [String: String] = [:]
        for binding in step.policy.environment {
            let value = local(try evaluator.value(of: binding.value), names)
            variables[binding.name] = try ShellText.word(of: value)
        }
        command = command.environment(variables)
        if let stdin = step.stdin { command = command.standardInput(try input(evaluator.value(of: stdin))) }
        return directory == nil ? command.workingDirectory(files.base) : command
    }

    /// `task` in expressions.
    private var task: Record {
        let context = TaskContext.current
        return Record([
            ("cores", .int(max(1, context?.resources?.coresPerRank ?? 1))),
            ("memory", .int(Int(clamping: context?.resources?.memory.bytes ?? 0))),
            ("attempt", .int(context?.attempt ?? 1)),
        ])
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

    // MARK: Scripts

    private static let hasBash = (getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin")
        .split(separator: ":").contains { access("\($0)/bash", X_OK) == 0 }

    private var setup: String { step.policy.setup.map { $0.text + "\n" }.joined() }

    /// The command, started by a shell that goes through the lines of `setup` before.
    private func wrapped(_ command: Command) -> Command {
        guard !step.policy.setup.isEmpty, command.problem == nil else { return command }
        let shell = Self.hasBash ? "bash" : "sh"
        return Command(
            shell, arguments: ["-euc", setup + "exec \"$@\"", step.name, command.executable] + command.arguments)
    }

    /// A shell with a script: in the process's directory, where it can be read and run again, else as an argument.
    private func run(_ text: String, _ words: [String], option: [String], name: String, _ directory: String?) throws
        -> Command
    {
        if directory == nil, text.utf8.count <= Self.longestArgument {
            return Command(words[0], arguments: words.dropFirst() + option + [text, step.name])
        }
        return Command(words[0], arguments: words.dropFirst() + [try write(text, name, directory)])
    }

    /// A text as an argument, or, if it is too long for one, `@` and the path of a file with it.
    private func argument(_ text: String, _ name: String, _ directory: String?) throws -> String {
        if directory == nil, text.utf8.count <= Self.longestArgument, !text.hasPrefix("@") { return text }
        return "@" + (try write(text, name, directory))
    }

    /// - Returns: the path of a file with this text, beside what else belongs to the task.
    private func write(_ text: String, _ name: String, _ directory: String?) throws(ValueError) -> String {
        guard let context = TaskContext.current else { throw ValueError("a script can only be written for a task") }
        let path: String
        let attempt = context.attempt
        if let directory {
            path = "\(directory)/.\(name)"
        } else {
            do { path = "\(try context.makeRunDirectory())/\(context.taskID).\(attempt).\(name)" } catch {
                throw ValueError("the script of '\(step.name)' can't be written: \(error)")
            }
        }
        do throws(SystemError) {
            let descriptor = try PrivateFile.create(path)
            defer { close(descriptor) }
            try DescriptorOutput.write(text, to: descriptor)
        } catch {
            throw ValueError("the script of '\(step.name)' can't be written as \(path): \(error)")
        }
        return path
    }
}
