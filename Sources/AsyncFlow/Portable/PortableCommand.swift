import AsyncFlowBase

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The running of a command as a portable task of the workers of pilots: a worker runs commands for its pool in the
/// same way as this process does, with the same outcomes.
package enum PortableCommand {
    package static let task: any PortableTaskDefinition = portable

    private static let portable = PortableTask("asyncflow.command") { (order: Order) async -> Outcome in
        await order.carryOut()
    }

    /// The tasks that belong to the library. A worker has the one that runs commands only if its launcher says so.
    package static let builtIn: [any PortableTaskDefinition] = [task, presence]

    /// A task that ends when its worker does, or when it is cancelled: a pool's owner learns from it at once that a
    /// worker is gone.
    package static let presence: any PortableTaskDefinition = PortableTask("asyncflow.presence") {
        () async throws -> Bool in
        while true { try await Task.sleep(for: .seconds(3600)) }
    }

    /// Returns a call of the presence task.
    ///
    /// - Parameter owner: the name of the caller, for the worker's own messages.
    package static func presenceCall(of owner: String) -> PortableCall {
        let task = RemoteTask(
            taskID: TaskID(engine: 0, number: 0), taskName: owner, engineID: owner, workflowID: nil, attempt: 1,
            environment: [:], send: { _ in })
        return PortableCall(
            portableName: presence.name, signature: presence.signature, input: [], task: TaskContext(of: task),
            environment: [:], gracePeriod: .seconds(10))
    }

    /// The order that a worker gets.
    struct Order: Codable, Sendable {
        var words: [String]
        var environment: [String: String]
        var inheritsEnvironment: Bool
        var directory: String
        var inputPath: String?
        var input: Data?
        var outputPath: String?
        var errorPath: String?
        /// The time from `SIGTERM` to `SIGKILL`, in seconds.
        var gracePeriod: Double
        var inheritsSecrets: Bool
        /// The maximum size of the standard output that is kept in memory, in bytes.
        var outputLimit: Int64
    }

    /// The outcome of the command.
    struct Outcome: Codable, Sendable {
        /// The resources that the command used.
        struct Usage: Codable, Sendable {
            var userTime: Duration
            var systemTime: Duration
            var peakMemory: Int64?
            var elapsed: Duration
        }
        var output = Data()
        var errorTail = ""
        var outputTail = ""
        var processID: Int32 = 0
        var usage: Usage?
        /// The failure; nil for exit code 0.
        var failure: CommandError.Reason.Kind?
        var detail = ""
        var ranOutOfMemory = false
        var isCancelled = false
    }

    /// The time after which, in addition to its grace period, a cancelled command counts as overdue, which costs the
    /// worker.
    private static let extraGrace: Duration = .seconds(15)

    /// Returns the call by which a worker runs a command.
    ///
    /// - Parameter variables: variables added to those of the command, which take precedence.
    package static func call(
        for request: CommandRequest, adding variables: [String: String] = [:]
    ) throws -> PortableCall {
        let command = request.command
        var order = Order(
            words: [command.executable] + command.arguments,
            environment: command.environment.merging(variables) { own, _ in own },
            inheritsEnvironment: command.inheritsEnvironment,
            directory: (command.workingDirectory ?? ".").absolutePath,
            gracePeriod: request.gracePeriod / .seconds(1), inheritsSecrets: command.inheritsSecrets,
            outputLimit: request.outputLimit.bytes)
        switch command.standardInput.source {
        case .none: break
        case .bytes(let bytes): order.input = Data(bytes)
        case .file(let path): order.inputPath = path.absolutePath
        }
        if case .files(let output, let error) = request.output {
            order.outputPath = output.absolutePath
            order.errorPath = error.absolutePath
        }
        var encoder = PortableEncoder(of: task.signature)
        try encoder.append(order)
        return PortableCall(
            portableName: task.name, signature: task.signature, input: encoder.bytes, task: request.task,
            environment: [:], gracePeriod: request.gracePeriod + extraGrace)
    }

    /// Returns the result of the command from the worker's answer.
    ///
    /// - Throws: the same errors as ``CommandBackend/execute(_:)``; ``PortableCodingError`` if the answer is malformed.
    package static func result(_ result: PortableResult, of request: CommandRequest) throws -> CommandResult {
        var decoder = PortableDecoder(result.content, of: task.signature)
        let outcome = try decoder.next(Outcome.self)
        try decoder.finish()
        if outcome.processID > 0 { request.task.reportPlace(CommandPlace(processID: outcome.processID)) }
        if outcome.isCancelled { throw CancellationError() }
        let output = [UInt8](outcome.output)
        if case .memory = request.output {
            output.withUnsafeBytes { if !$0.isEmpty { request.tap.receive($0, from: .standardOutput) } }
            var tail = outcome.errorTail
            tail.withUTF8 { if !$0.isEmpty { request.tap.receive(UnsafeRawBufferPointer($0), from: .standardError) } }
        }
        request.tap.end()
        let usage = outcome.usage.map(ResourceUsage.init)
        if let failure = outcome.failure {
            throw CommandError(
                CommandError.Reason(kind: failure), request.command, detail: outcome.detail,
                standardErrorTail: outcome.errorTail, standardOutputTail: outcome.outputTail, usage: usage,
                ranOutOfMemory: outcome.ranOutOfMemory)
        }
        return CommandResult(
            standardOutput: output, standardErrorTail: outcome.errorTail, processID: outcome.processID, usage: usage)
    }
}

extension PortableCommand.Order {
    fileprivate func carryOut() async -> PortableCommand.Outcome {
        var command = Command(words.first ?? "", arguments: Array(words.dropFirst()))
        command.environment = environment
        command.inheritsEnvironment = inheritsEnvironment
        command.inheritsSecrets = inheritsSecrets
        command.workingDirectory = directory
        if let input { command.standardInput = .bytes([UInt8](input)) }
        if let inputPath { command.standardInput = .file(inputPath) }
        var capture = CommandRunner.Capture.memory
        if let outputPath, let errorPath { capture = .files(standardOutput: outputPath, standardError: errorPath) }
        var outcome = PortableCommand.Outcome()
        do {
            let result = try await CommandRunner().run(
                command, capture: capture, gracePeriod: Duration(roundedToNanoseconds: gracePeriod),
                outputLimit: max(0, Int(clamping: outputLimit)))
            outcome.output = Data(result.standardOutput)
            outcome.errorTail = result.standardErrorTail
            outcome.processID = result.processID
            outcome.usage = result.usage.map(PortableCommand.Outcome.Usage.init)
        } catch let error as CommandError {
            outcome.failure = error.reason.kind
            outcome.errorTail = error.standardErrorTail
            outcome.outputTail = error.standardOutputTail
            outcome.detail = error.detail
            outcome.ranOutOfMemory = error.ranOutOfMemory
            outcome.usage = error.usage.map(PortableCommand.Outcome.Usage.init)
        } catch {
            outcome.isCancelled = true
        }
        return outcome
    }
}

extension ResourceUsage {
    /// Creates a usage from a worker's report, clamped to values that are safe to compute with.
    fileprivate init(_ usage: PortableCommand.Outcome.Usage) {
        self.init(
            userTime: usage.userTime.bounded, systemTime: usage.systemTime.bounded,
            peakMemory: usage.peakMemory.map { MemorySize(bytes: min(1 << 56, max(0, $0))) },
            elapsed: usage.elapsed.bounded)
    }
}

extension PortableCommand.Outcome.Usage {
    fileprivate init(_ usage: ResourceUsage) {
        self.init(
            userTime: usage.userTime, systemTime: usage.systemTime, peakMemory: usage.peakMemory?.bytes,
            elapsed: usage.elapsed)
    }
}
