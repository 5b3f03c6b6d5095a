public import AsyncFlow
import AsyncFlowBase
import Logging

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// One thing that an engine expects of a backend, as a check that any backend can be put to.
///
/// ```swift
/// @Test(arguments: BackendCheck.all)
/// func conforms(check: BackendCheck) async throws {
///     try await check.run(on: BackendSubject { MyBackend(name: "mine") })
/// }
/// ```
///
/// The checks are independent of any test library: one that isn't met throws a ``BackendCheckFailure``. Each makes a
/// backend and an engine of its own, so they can run side by side.
public struct BackendCheck: Sendable, CustomStringConvertible {
    /// The expectation in words.
    public let description: String
    private let ability: Ability
    private let body: @Sendable (BackendCheckRun) async throws -> Void

    /// What a backend has to be for a check to make sense.
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

    /// How a check went that didn't fail.
    public enum Outcome: Sendable, Hashable {
        case passed
        /// It is about a kind of task that the backend doesn't run.
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

    /// Puts a backend to the check.
    ///
    /// - Returns: whether it was one for this kind of backend.
    /// - Throws: ``BackendCheckFailure`` if the backend isn't as an engine expects it, or takes longer than
    ///   ``BackendSubject/limit``; what making the backend throws.
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

    /// A check that hangs can't be waited for: it is cancelled and left behind.
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

/// A backend isn't as an engine expects it.
public struct BackendCheckFailure: Error, Sendable, CustomStringConvertible {
    /// The check that isn't met.
    public let check: String
    /// The way in which it isn't.
    public let problem: String

    public var description: String { "\(check): \(problem)" }
}
