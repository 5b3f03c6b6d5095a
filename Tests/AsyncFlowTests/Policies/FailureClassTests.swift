import TestSupport
import Testing

@testable import AsyncFlow
@testable import AsyncFlowProcesses
@testable import AsyncFlowPolicies

@Suite("Which failures are tried again")
struct FailureClassTests {
    /// An error of a backend, as backends outside of the library define them.
    struct BackendError: WorkflowError {
        let code: WorkflowErrorCode
        var taskID: TaskID? { nil }
        var taskName: String? { nil }
        var message: String { "backend error" }
        var cause: (any Error)?
    }

    /// An error of a library that knows nothing of tasks.
    struct OwnError: ClassifiedError {
        let failureCode: WorkflowErrorCode?
    }

    static func command(_ reason: CommandError.Reason) -> CommandError { CommandError(reason, "false") }

    struct Row: Sendable, CustomStringConvertible {
        let failure: FailureClass
        let error: any Error
        let matches: Bool
        var description: String { "\(failure) \(matches ? "is" : "isn't") \(type(of: error))" }

        init(_ failure: FailureClass, _ error: any Error, _ matches: Bool) {
            (self.failure, self.error, self.matches) = (failure, error, matches)
        }
    }

    static let timeout = TaskTimeoutError(timeout: .seconds(1), attempt: 1, maximumAttempts: 1)
    static let deadline = DeadlineExceededError(deadline: .seconds(1), attempts: 1, lastError: nil)

    static let rows: [Row] = [
        Row(.any, TestError(), true),
        Row(.any, command(.exited(code: 1)), true),
        Row(.commandFailed, command(.exited(code: 1)), true),
        Row(.commandFailed, command(.notFound), true),
        Row(.commandFailed, TestError(), false),
        Row(.exitCode(75), command(.exited(code: 75)), true),
        Row(.exitCode(1, 75), command(.exited(code: 75)), true),
        Row(.exitCode(75), command(.exited(code: 1)), false),
        Row(.exitCode(9), command(.signalled(signal: 9)), false),
        Row(.exitCode(), command(.exited(code: 0)), false),
        Row(.signalled, command(.signalled(signal: 11)), true),
        Row(.signalled, command(.exited(code: 139)), false),
        Row(.outOfMemory, command(.signalled(signal: 9)), true),
        Row(.outOfMemory, command(.exited(code: 137)), true),
        Row(.outOfMemory, command(.launchFailed(errno: 12)), true),
        Row(.outOfMemory, command(.signalled(signal: 15)), false),
        Row(.outOfMemory, BackendError(code: .outOfMemory), true),
        Row(.outOfMemory, BackendError(code: .workerLost), false),
        Row(.timedOut, timeout, true),
        Row(.timedOut, deadline, true),
        Row(.timedOut, TestError(), false),
        Row(.timedOut, OwnError(failureCode: .timedOut), true),
        Row(.timedOut, OwnError(failureCode: nil), false),
        Row(.outOfMemory, OwnError(failureCode: .outOfMemory), true),
        Row(.workerLost, OwnError(failureCode: .workerLost), true),
        Row(.backendUnavailable, OwnError(failureCode: .backendUnavailable), true),
        Row(.backendUnavailable, OwnError(failureCode: .timedOut), false),
        Row(.workerLost, BackendError(code: .workerLost), true),
        Row(.workerLost, BackendError(code: .backendUnavailable), false),
        Row(.backendUnavailable, EngineError(.backendUnavailable, "didn't start"), true),
        Row(.backendUnavailable, TestError(), false),
        Row(.thrown(TestError.self), TestError(), true),
        Row(.thrown(TestError.self), timeout, false),
        Row(.matching { ($0 as? TestError)?.description == "busy" }, TestError("busy"), true),
        Row(.matching { ($0 as? TestError)?.description == "busy" }, TestError("broken"), false),
    ]

    @Test("each class knows its failures", arguments: rows)
    func matches(row: Row) {
        #expect(row.failure.matches(row.error) == row.matches)
    }

    @Test("a failure is also of the class of what caused it", arguments: rows)
    func matchesCause(row: Row) {
        let outer = BackendError(code: .taskFailed, cause: BackendError(code: .dependencyFailed, cause: row.error))
        #expect(row.failure.matches(outer) == row.matches)
    }

    static let unrepeatable: [any Error] = [
        CancellationError(),
        BackendError(code: .taskFailed, cause: CancellationError()),
    ]

    @Test("a cancellation is never tried again, not even as a cause", arguments: unrepeatable)
    func neverRetried(error: any Error) {
        let classes: [FailureClass] = [.any, .matching { _ in true }, .thrown((any Error).self)]
        for failure in classes { #expect(!failure.matches(error), "\(failure)") }
        #expect(!RetryPolicy(maximumRetries: 3).covers(error))
        #expect(!RetryPolicy(maximumRetries: 3, on: classes).covers(error))
    }

    @Test("refused and cancelled tasks are never tried again by a block that awaits them")
    func refusedMember() async throws {
        try await withTestEngine { flow in
            let nowhere = flow.functionTask("nowhere", .on("no such backend")) {}
            let refused = try #require(await nowhere().error)
            #expect(refused is TaskRefusedError)
            #expect(!FailureClass.any.matches(refused))

            let gate = Gate()
            let waiting = flow.functionTask("waiting") { try await gate.wait() }()
            waiting.cancel()
            let cancelled = try #require(await waiting.error)
            #expect(cancelled is TaskCancelledError)
            #expect(!FailureClass.any.matches(cancelled))
        }
    }

    @Test("a failed member is of the class of its command's error")
    func failedMember() async throws {
        try await withTestEngine { flow in
            let leave = flow.executableTask("leave") { (code: Int) in "sh -c \("exit \(code)")" }
            let length = flow.functionTask("length") { (text: String) in text.count }
            let error = try #require(await length(leave(75)).error)
            #expect(error is DependencyFailureError)
            #expect(FailureClass.exitCode(75).matches(error))
            #expect(!FailureClass.exitCode(1).matches(error))
        }
    }

    @Test("several classes match what one of them matches; none at all means every failure")
    func combined() {
        let policy = RetryPolicy(maximumRetries: 1, on: [.exitCode(75), .thrown(TestError.self)])
        #expect(policy.covers(TestError()))
        #expect(policy.covers(Self.command(.exited(code: 75))))
        #expect(!policy.covers(Self.command(.exited(code: 1))))
        #expect(RetryPolicy(maximumRetries: 1).covers(Self.command(.exited(code: 1))))
    }

    @Test("a class says what it is")
    func description() {
        #expect(FailureClass.exitCode(1, 75).description == "exitCode(1, 75)")
        #expect(FailureClass.thrown(TestError.self).description == "thrown(TestError)")
    }
}
