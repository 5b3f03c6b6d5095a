import TestSupport
import AsyncFlow

/// Runs functions one after the other, and notes which.
final class RecordingFunctionBackend: FunctionBackend {
    let name: String
    let executed = Recorder<String>()
    let life = Recorder<String>()

    init(_ name: String) { self.name = name }

    func start() async throws { life.append("start") }
    func shutdown() async { life.append("shutdown") }

    func execute(_ body: @escaping @Sendable () async throws -> Void, for task: TaskContext) async throws {
        executed.append(task.taskName)
        try await body()
    }
}

/// Answers prompts after a gate has opened.
final class RecordingPromptBackend: PromptBackend {
    let name: String
    let gate = Gate()
    let asked = Recorder<String>()
    let received = Gate()

    init(_ name: String = "model", isOpen: Bool = true) {
        self.name = name
        if isOpen { gate.open() }
    }

    func complete(_ request: PromptRequest) async throws -> String {
        asked.append(request.text)
        received.open()
        try await gate.wait()
        return "answer to \(request.task.taskName): \(request.text)"
    }
}

/// A backend that can't do anything.
struct IdleBackend: Backend { let name: String }

/// A backend whose start fails, or waits for a gate first.
final class UnreadyBackend: FunctionBackend, PromptBackend {
    let name = "unready"
    let started = Gate()
    private let gate: Gate?

    /// - Parameter gate: opened to let the start go on; without one the start fails.
    init(_ gate: Gate? = nil) { self.gate = gate }

    func start() async throws {
        started.open()
        guard let gate else { throw TestError("no licence") }
        try await gate.wait()
    }

    func execute(_ body: @escaping @Sendable () async throws -> Void, for task: TaskContext) async throws {
        try await body()
    }
    func complete(_ request: PromptRequest) async throws -> String { request.text }
}
