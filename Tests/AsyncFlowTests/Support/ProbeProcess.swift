import AsyncFlowBase
import Foundation

/// A run of the `signal-probe` program.
final class ProbeProcess: Sendable {
    private let process: Process
    private let output = Lock("")
    private let errorOutput = Lock("")
    private let errorsEnded: AsyncStream<Void>
    private let lines: AsyncStream<String>
    private let ended: AsyncStream<Void>

    var processID: Int32 { process.processIdentifier }
    /// What it has written so far.
    var text: String { output.withLock { $0 } }
    /// What it has written to standard error so far.
    var errorText: String { errorOutput.withLock { $0 } }

    /// - Parameter shell: makes a command line for `sh` from the program's path, to start it in a special way.
    init(_ arguments: [String] = [], shell: ((String) -> String)? = nil) throws {
        let program = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
            .deletingLastPathComponent().appendingPathComponent("signal-probe").path
        process = Process()
        process.executableURL = URL(fileURLWithPath: shell == nil ? program : "/bin/sh")
        process.arguments = shell.map { ["-c", $0(program)] } ?? arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        let errors = Pipe()
        process.standardError = errors
        let (errorsEnded, endErrors) = AsyncStream.makeStream(of: Void.self)
        self.errorsEnded = errorsEnded
        let (ended, end) = AsyncStream.makeStream(of: Void.self)
        let (lines, line) = AsyncStream.makeStream(of: String.self)
        (self.ended, self.lines) = (ended, lines)
        process.terminationHandler = { _ in end.finish() }
        try process.run()
        Thread.detachNewThread { [self] in
            var rest = ""
            while case let data = pipe.fileHandleForReading.availableData, !data.isEmpty {
                let text = String(decoding: data, as: UTF8.self)
                output.withLock { $0 += text }
                var parts = (rest + text).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
                rest = parts.removeLast()
                for part in parts { line.yield(part) }
            }
            line.finish()
        }
        Thread.detachNewThread { [self] in
            while case let data = errors.fileHandleForReading.availableData, !data.isEmpty {
                errorOutput.withLock { $0 += String(decoding: data, as: UTF8.self) }
            }
            endErrors.finish()
        }
    }

    /// Returns when the program has written this line, or has ended.
    func waitForLine(_ wanted: String) async {
        for await line in lines where line == wanted { return }
    }

    func send(_ signal: Int32) { kill(processID, signal) }

    /// Returns when the program has ended and all that it wrote is read.
    ///
    /// - Returns: how it ended.
    func waitForEnd() async -> (reason: Process.TerminationReason, status: Int32) {
        for await _ in ended {}
        if process.isRunning { kill(processID, SIGKILL) }  // the test was cancelled, by its time limit
        process.waitUntilExit()
        for await _ in lines {}
        for await _ in errorsEnded {}
        return (process.terminationReason, process.terminationStatus)
    }
}
