import AsyncFlow
import AsyncFlowBase
import Logging

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// One check of one backend while it runs.
struct BackendCheckRun: Sendable {
    let check: String
    let subject: BackendSubject
    let backend: any Backend
    /// A new folder that the backend's commands see too.
    let folder: String

    /// Runs `body` with an engine that has only this backend, logs nothing, and leaves signals alone.
    func withEngine<Result: Sendable>(
        _ body: @Sendable (WorkflowEngine) async throws -> Result
    ) async throws -> Result {
        try await withWorkflowEngine(configuration, backends: [backend], signals: .ignored, body)
    }

    func makeEngine() throws -> WorkflowEngine { try WorkflowEngine(configuration, backends: [backend]) }

    private var configuration: WorkflowEngine.Configuration {
        var logger = Logger(label: "asyncflow.check") { _ in SwiftLogNoOpLogHandler() }
        logger.logLevel = .critical
        return WorkflowEngine.Configuration(workers: 2, workDirectory: "\(folder)/work", logger: logger)
    }

    // MARK: - Expectations

    func failure(_ problem: String) -> BackendCheckFailure { BackendCheckFailure(check: check, problem: problem) }

    func expect(_ condition: Bool, _ problem: @autoclosure () -> String) throws {
        if !condition { throw failure(problem()) }
    }

    func expect<Value: Equatable>(_ value: Value, is expected: Value, _ what: String) throws {
        try expect(value == expected, "\(what) is \(value), not \(expected)")
    }

    /// Returns the value of a task.
    func value<Value>(of future: TaskFuture<Value>, _ what: String) async throws -> Value {
        do { return try await future.result.get() } catch { throw failure("\(what) failed: \(error)") }
    }

    /// Returns the error of the task's body or command.
    func cause<Value>(of future: TaskFuture<Value>, _ what: String) async throws -> any Error {
        switch await future.result {
        case .success(let value): throw failure("\(what) should have failed, but its value is \(value)")
        case .failure(let error): return (error as? any WorkflowError)?.rootCause ?? error
        }
    }

    /// Returns the error of the command that a task ran.
    func commandError<Value>(of future: TaskFuture<Value>, _ what: String) async throws -> CommandError {
        let error = try await cause(of: future, what)
        guard let error = error as? CommandError else {
            throw failure(
                "\(what) should have failed with a CommandError, but did so with \(type(of: error)): \(error)")
        }
        return error
    }

    func expectCancelled<Value>(_ future: TaskFuture<Value>, _ what: String) async throws {
        if case .success(let value) = await future.result {
            throw failure("\(what) was cancelled, and its value is \(value) nevertheless")
        }
        try expect(future.state, is: .cancelled, "the state of \(what)")
    }

    /// Returns when a condition holds. The check's own time limit ends the wait.
    func until(_ condition: () throws -> Bool) async throws {
        while try !condition() { try await Task.sleep(for: .milliseconds(5)) }
    }

    // MARK: - Notes of commands

    func path(_ name: String) -> String { "\(folder)/\(name)" }

    func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name)) }

    func text(of name: String) -> String {
        (try? String(contentsOfFile: path(name), encoding: .utf8)) ?? ""
    }

    /// Returns a shell command with the folder of notes as `$NOTES`.
    func shell(_ line: String) -> Command { Command.shell(line).environment(["NOTES": folder]) }

    /// Returns a shell command that writes its process id to a note with this name, and keeps running for ten minutes.
    func sleeper(_ name: String, before line: String = "") -> Command {
        shell("\(line)echo $$ >\"$NOTES/\(name).new\"; mv \"$NOTES/\(name).new\" \"$NOTES/\(name)\"; exec sleep 600")
    }

    /// Fails if the process whose id is in the note with this name still exists a moment after its task's end.
    func expectGone(_ name: String) async throws {
        guard subject.runsOnThisMachine, let id = pid_t(text(of: name).filter(\.isNumber)), id > 1 else { return }
        for _ in 0..<400 where isThere(id) { try await Task.sleep(for: .milliseconds(5)) }
        try expect(!isThere(id), "process \(id) is left behind")
    }

    private func isThere(_ id: pid_t) -> Bool {
        if kill(id, 0) != 0 { return false }
        #if os(Linux)
        // A process that has ended but hasn't been reaped no longer exists.
        guard let stat = try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8),
            let end = stat.lastIndex(of: ")")
        else { return false }
        return !stat[stat.index(after: end)...].hasPrefix(" Z")
        #else
        return true
        #endif
    }
}
