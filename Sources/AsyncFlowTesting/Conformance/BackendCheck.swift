public import AsyncFlow
import AsyncFlowBase
import Logging

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A check of one thing that an engine expects of a backend. It applies to any backend.
///
/// ```swift
/// @Test(arguments: BackendCheck.all)
/// func conforms(check: BackendCheck) async throws {
///     try await check.run(on: BackendSubject { MyBackend(name: "mine") })
/// }
/// ```
///
/// The checks are independent of any test library: a failed one throws a ``BackendCheckFailure``. Each makes its own
/// backend and engine, so they can run side by side.
public struct BackendCheck: Sendable, CustomStringConvertible {
    /// The expectation in words.
    public let description: String
    private let ability: Ability
    private let body: @Sendable (BackendCheckRun) async throws -> Void

    /// The kind of backend to which a check applies.
    enum Ability {
        case any, functions, commands, portable, prompts
        /// A command backend with a capacity.
        case sharing

        func isOne(_ backend: any Backend) -> Bool {
            switch self {
            case .any: true
            case .functions: backend is any FunctionBackend
            case .commands: backend is any CommandBackend
            case .portable: backend is any PortableBackend
            case .prompts: backend is any PromptBackend
            case .sharing: backend is any CommandBackend && backend.capacity != nil
            }
        }
    }

    /// The outcome of a check that didn't fail.
    public enum Outcome: Sendable, Hashable {
        case passed
        /// The check is about a kind of task that the backend doesn't run.
        case doesNotApply
    }

    init(
        _ ability: Ability, _ description: String, _ body: @escaping @Sendable (BackendCheckRun) async throws -> Void
    ) {
        self.ability = ability
        self.description = description
        self.body = body
    }

    /// All checks, for all kinds of backend.
    public static let all: [BackendCheck] =
        life + functions + portableTasks + prompts + commands + commandEnds + resources

    /// Checks a backend.
    ///
    /// - Returns: whether the check applies to this kind of backend.
    /// - Throws: ``BackendCheckFailure`` if the backend doesn't behave as an engine expects, or takes longer than
    ///   ``BackendSubject/limit``; an error from making the backend.
    @discardableResult
    public func run(on subject: BackendSubject) async throws -> Outcome {
        let backend = try await subject.makeBackend()
        guard ability.isOne(backend) else { return .doesNotApply }
        let folder = "\(subject.sharedFolder)/asyncflow-check-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let run = BackendCheckRun(check: description, subject: subject, backend: backend, folder: folder)
        try await withLimit(subject.limit, run)
        return .passed
    }

    /// Runs the check within a time limit. A check that hangs can't be waited for: it is cancelled and left behind.
    private func withLimit(_ limit: Duration, _ run: BackendCheckRun) async throws {
        let (ends, end) = AsyncStream.makeStream(of: Result<Void, any Error>.self)
        let work = Task { [body] in
            do { end.yield(.success(try await body(run))) } catch { end.yield(.failure(error)) }
        }
        let watch = Task {
            try await Task.sleep(for: limit)
            end.yield(.failure(run.failure("it takes longer than \(limit.shortText), the limit of the subject")))
        }
        defer {
            work.cancel()
            watch.cancel()
        }
        for await result in ends { return try result.get() }
        throw CancellationError()
    }
}

/// The error of a backend that doesn't behave as an engine expects.
public struct BackendCheckFailure: WorkflowError {
    /// The check that failed.
    public let check: String
    /// The way in which it failed.
    public let problem: String

    public var code: WorkflowErrorCode { .unsupportedByBackend }
    public var message: String { "\(check): \(problem)" }
}
