import Foundation

/// A folder in which the command is run.
final class FlowFolder {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("asyncflow-\(UUID().uuidString)").path
    init() { try! FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ text: String, to name: String = "x.flow.yaml") throws {
        try text.write(toFile: "\(path)/\(name)", atomically: true, encoding: .utf8)
    }

    func start(
        _ words: [String], _ variables: [String: String] = [:], input: String? = nil
    ) throws -> (Process, Pipe, Pipe) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: CommandProgram.path)
        process.arguments = words
        process.currentDirectoryURL = URL(fileURLWithPath: path)
        var environment = ProcessInfo.processInfo.environment
        for name in ["ASYNCFLOW_RUNS", "ASYNCFLOW_PROFILE", "GITHUB_ACTIONS"] { environment[name] = nil }
        environment["XDG_CONFIG_HOME"] = path
        environment.merge(variables) { _, new in new }
        process.environment = environment
        let (output, errors) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = errors
        if let input {
            let pipe = Pipe()
            process.standardInput = pipe
            try process.run()
            pipe.fileHandleForWriting.write(Data(input.utf8))
            try pipe.fileHandleForWriting.close()
        } else {
            process.standardInput = FileHandle.nullDevice
            try process.run()
        }
        return (process, output, errors)
    }

    func read(_ name: String) -> String? { try? String(contentsOfFile: "\(path)/\(name)", encoding: .utf8) }

    func run(
        _ words: String..., input: String? = nil, with variables: [String: String] = [:]
    ) throws -> (code: Int32, output: String, errors: String) {
        let (process, output, errors) = try start(words, variables, input: input)
        let written = output.fileHandleForReading.readDataToEndOfFile()
        let said = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (
            process.terminationStatus, String(decoding: written, as: UTF8.self), String(decoding: said, as: UTF8.self)
        )
    }
}
