import ArgumentParser
import AsyncFlowBase
import AsyncFlowTelemetry
import Foundation

struct PythonCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "python",
        abstract: "Writes the Swift declarations of a Python module's functions, from its type hints.",
        discussion: """
            The module is imported, and each of its functions with hints becomes a PythonTask; dataclasses, pydantic models, \
            typed dictionaries, named tuples and enumerations become types. A function without hints, or with one that has \
            no type in Swift, is left out, and the standard error says why.

            Exit codes: 0 done; 64 wrong usage; 65 the module can't be imported or has nothing to write; 69 there is no such \
            Python; 73 the output can't be written.
            """)

    @Argument(help: "The module, for example models.train.")
    var module: String

    @Flag(help: "Writes Swift, the only supported language.")
    var swift = false

    @Option(help: "The interpreter, with the packages that the module needs.", completion: .file())
    var python = "python3"

    @Option(
        help: "A folder in which modules are looked for; the current one by default. May be given several times.",
        completion: .directory)
    var path: [String] = []

    @OptionGroup var target: OutputArguments

    func validate() throws {
        guard swift else { throw ValidationError("give --swift, for declarations in Swift.") }
        let parts = module.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.allSatisfy(SwiftName.isIdentifier) else {
            throw ValidationError("'\(module.harmless())' isn't the name of a module, such as models.train.")
        }
    }

    func run() throws {
        try endingWithCode {
            let description = try describe()
            for note in description.notes { Messages.note(note) }
            let stubs = PythonStubs(of: description, in: module)
            for note in stubs.notes { Messages.note(note) }
            guard !stubs.isEmpty else {
                throw Failure("no function of \(module) can be written", code: EX_DATAERR)
            }
            try report(to: target.output) { output in
                var output = output
                output.write(text: stubs.text)
                return output
            }
        }
    }

    /// Asks the interpreter what is in the module.
    private func describe() throws -> ModuleDescription {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        let script = String(decoding: PackageResources.asyncflow_stubs_py, as: UTF8.self)
        process.arguments = ["--", python, "-c", script, module] + path
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardInput = FileHandle.nullDevice
        do { try process.run() } catch {
            throw Failure("'\(python)' can't be started: \(error)", code: EX_UNAVAILABLE)
        }
        let content = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard let description = try? JSONDecoder().decode(ModuleDescription.self, from: content) else {
            throw Failure(
                "'\(python)' isn't a Python that can be asked: it ended with code \(process.terminationStatus)",
                code: EX_UNAVAILABLE)
        }
        if let problem = description.problem {
            throw Failure("the module \(module) can't be imported: \(problem)", code: EX_DATAERR)
        }
        return description
    }
}

/// The functions and types of a module, as its hints tell.
struct ModuleDescription: Decodable {
    indirect enum Kind: Decodable {
        case simple(String)
        case tensor(String)
        case optional(Kind)
        case list(Kind)
        case table(key: String, Kind)
        case named(String)

        private enum CodingKeys: CodingKey { case kind, of, key, name, scalar }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            let kind = try container.decode(String.self, forKey: .kind)
            switch kind {
            case "tensor": self = .tensor(try container.decode(String.self, forKey: .scalar))
            case "optional": self = .optional(try container.decode(Kind.self, forKey: .of))
            case "list": self = .list(try container.decode(Kind.self, forKey: .of))
            case "table":
                self = .table(
                    key: try container.decode(String.self, forKey: .key), try container.decode(Kind.self, forKey: .of))
            case "named": self = .named(try container.decode(String.self, forKey: .name))
            default: self = .simple(kind)
            }
        }
    }
    struct Field: Decodable {
        var name: String
        var type: Kind
        var isKeyword: Bool?
        var isPositional: Bool?
    }
    struct Function: Decodable {
        var name: String
        var parameters: [Field]
        var returns: Kind
        var summary: String
    }
    struct Record: Decodable {
        var name: String
        var fields: [Field]
    }
    struct Enumeration: Decodable {
        struct Case: Decodable {
            var name: String
            var value: String
        }
        var name: String
        var kind: String
        var cases: [Case]
    }

    var functions: [Function] = []
    var records: [Record] = []
    var enums: [Enumeration] = []
    var notes: [String] = []
    var problem: String?

    private enum CodingKeys: CodingKey { case functions, records, enums, notes, problem }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        problem = try container.decodeIfPresent(String.self, forKey: .problem)
        guard problem == nil else { return }
        functions = try container.decode([Function].self, forKey: .functions)
        records = try container.decode([Record].self, forKey: .records)
        enums = try container.decode([Enumeration].self, forKey: .enums)
        notes = try container.decode([String].self, forKey: .notes)
    }
}
