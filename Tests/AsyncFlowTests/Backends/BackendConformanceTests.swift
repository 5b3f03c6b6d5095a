import TestSupport
import AsyncFlow
import AsyncFlowTesting
import Testing

@Suite("What an engine expects of a backend", .timeLimit(.minutes(10)))
struct BackendConformanceTests {
    @Test("the local backend is as expected", arguments: BackendCheck.all)
    func local(check: BackendCheck) async throws {
        try await check.run(on: BackendSubject { LocalBackend(name: "subject") })
    }

    @Test("a scripted backend without faults runs functions as expected", arguments: BackendCheck.all)
    func scripted(check: BackendCheck) async throws {
        try await check.run(on: BackendSubject { ScriptedFunctions() })
    }

    /// The functions of a scripted backend, without its commands, which are no processes.
    private struct ScriptedFunctions: FunctionBackend {
        let name = "scripted"
        private let backend = ScriptedBackend(seed: 1)

        func execute(_ body: @escaping @Sendable () async throws -> Void, for task: TaskContext) async throws {
            try await backend.execute(body, for: task)
        }
    }

    // MARK: - The checks find what is wrong

    /// Runs commands in a way that is wrong.
    struct WrongBackend: CommandBackend {
        enum Fault: CaseIterable {
            case swallowsFailures, losesOutput, losesEnvironment, losesInput, losesDirectory, ignoresCancellation
            case endsWithFirstEngine
        }
        let name = "wrong"
        let fault: Fault
        private let backend = LocalBackend()
        private let hasEnded = Gate()

        init(_ fault: Fault) { self.fault = fault }

        var capacity: ResourceCapacity? { nil }

        func shutdown() async { hasEnded.open() }

        func execute(_ request: CommandRequest) async throws -> CommandResult {
            if fault == .endsWithFirstEngine, hasEnded.isOpen { throw TestError("it was shut down") }
            let runner = CommandRunner()
            var command = request.command
            switch fault {
            case .losesEnvironment: command.environment = command.environment.filter { $0.key == "NOTES" }
            case .losesInput: command.standardInput = .none
            case .losesDirectory: command.workingDirectory = nil
            case .swallowsFailures, .losesOutput, .ignoresCancellation, .endsWithFirstEngine: break
            }
            do {
                if fault == .ignoresCancellation {
                    let running = Task.detached { [command] in try await runner.run(command, capture: request.output) }
                    return try await withTaskCancellationHandler {
                        try await running.value
                    } onCancel: {
                        Task.detached {  // much too late
                            try? await Task.sleep(for: .seconds(8))
                            running.cancel()
                        }
                    }
                }
                var result = try await runner.run(command, capture: request.output, gracePeriod: request.gracePeriod)
                if fault == .losesOutput { result.standardOutput = [] }
                return result
            } catch let error as CommandError where fault == .swallowsFailures {
                return CommandResult(standardOutput: [], standardErrorTail: error.standardErrorTail)
            }
        }
    }

    @Test("a backend that isn't as expected fails a check, which says why", arguments: WrongBackend.Fault.allCases)
    func wrong(fault: WrongBackend.Fault) async throws {
        var failures: [BackendCheckFailure] = []
        for check in BackendCheck.all where Self.isAbout(fault, check) {
            var subject = BackendSubject { WrongBackend(fault) }
            if fault == .ignoresCancellation { subject.limit = .seconds(3) }
            do { try await check.run(on: subject) } catch let failure as BackendCheckFailure {
                failures.append(failure)
            }
        }
        #expect(!failures.isEmpty)
        #expect(failures.allSatisfy { !$0.problem.isEmpty })
    }

    private static func isAbout(_ fault: WrongBackend.Fault, _ check: BackendCheck) -> Bool {
        let word =
            switch fault {
            case .swallowsFailures: "an exit code"
            case .losesOutput: "standard output is the value"
            case .losesEnvironment: "environment variables"
            case .losesInput: "standard input"
            case .losesDirectory: "in the directory that it names"
            case .ignoresCancellation: "while it runs"
            case .endsWithFirstEngine: "two engines"
            }
        return check.description.contains(word)
    }
}
