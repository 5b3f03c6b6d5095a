import Foundation

/// The command as it is built.
enum CommandProgram {
    struct Outcome {
        let code: Int32
        let reason: Process.TerminationReason
        let output: [UInt8]
        let errors: [UInt8]
    }

    /// Next to the bundle of the tests.
    static var path: String {
        let products = Bundle.main.executableURL!.deletingLastPathComponent()
        for folder in [products, products.deletingLastPathComponent()] {
            let path = folder.appendingPathComponent("asyncflow").path
            if FileManager.default.isExecutableFile(atPath: path) { return path }
        }
        return Bundle.allBundles.map {
            $0.bundleURL.deletingLastPathComponent().appendingPathComponent("asyncflow").path
        }
        .first { FileManager.default.isExecutableFile(atPath: $0) } ?? "asyncflow"
    }

    /// Runs it with words that no shell has seen. What it writes to standard error has to fit into a pipe.
    static func run(_ words: [String]) throws -> Outcome {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = words
        let (output, errors) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = errors
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let written = output.fileHandleForReading.readDataToEndOfFile()
        let said = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return Outcome(
            code: process.terminationStatus, reason: process.terminationReason, output: Array(written),
            errors: Array(said))
    }
}
