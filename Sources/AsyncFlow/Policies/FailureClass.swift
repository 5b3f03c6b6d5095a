import AsyncFlowBase

/// A kind of failure, for the decision whether trying again makes sense.
///
/// ```swift
/// .retry(3, on: .exitCode(75), .outOfMemory, .thrown(URLError.self))
/// ```
///
/// A class looks at the error that ended the attempt and then at what caused it: a block whose member's command exited
/// with 75 is retried for `.exitCode(75)` as well.
///
/// Two failures belong to no class, because trying again can't help: a cancellation, and a task that was refused
/// (``TaskRefusedError``). A task that never ran because of a dependency has made no attempt that could be repeated.
public struct FailureClass: Sendable, CustomStringConvertible {
    /// The class as it is written, for example `exitCode(75)`.
    public let description: String
    private let includes: @Sendable (any Error) -> Bool

    package init(_ description: String, _ includes: @escaping @Sendable (any Error) -> Bool) {
        self.description = description
        self.includes = includes
    }

    /// Every failure.
    public static let any = FailureClass("any") { _ in true }

    /// A command failed in whatever way: it couldn't be started, exited with another code than 0, or was ended by a
    /// signal.
    public static let commandFailed = FailureClass("commandFailed") { $0 is CommandError }

    /// A command exited with one of these codes.
    public static func exitCode(_ codes: Int32...) -> FailureClass {
        FailureClass("exitCode(\(codes.map(String.init).joined(separator: ", ")))") { error in
            (error as? CommandError)?.exitCode.map(codes.contains) ?? false
        }
    }

    /// A signal ended a command.
    public static let signalled = FailureClass("signalled") { ($0 as? CommandError)?.signal != nil }

    /// Memory ran out, as far as that can be told: a command was ended by SIGKILL, which is what Linux does to it then,
    /// or exited with 137, which is how shells and containers report the same; or a ``ClassifiedError`` has the code
    /// ``WorkflowErrorCode/outOfMemory``.
    public static let outOfMemory = FailureClass("outOfMemory") { error in
        if let error = error as? CommandError {
            return error.signal == SIGKILL || error.exitCode == 137 || error.systemErrorCode == ENOMEM
        }
        return failureCode(of: error) == .outOfMemory
    }

    /// Time ran out: that of an attempt (``TaskTimeoutError``), the deadline of a task that the attempt awaited, or a
    /// ``ClassifiedError`` has the code ``WorkflowErrorCode/timedOut``, as when a cluster's own time limit was over or
    /// a server didn't answer in time.
    public static let timedOut = FailureClass("timedOut") { failureCode(of: $0) == .timedOut }

    /// The worker that ran the task was lost: a ``ClassifiedError`` has the code ``WorkflowErrorCode/workerLost``.
    public static let workerLost = FailureClass("workerLost") { failureCode(of: $0) == .workerLost }

    /// The backend couldn't take the task: a ``ClassifiedError`` has the code ``WorkflowErrorCode/backendUnavailable``.
    public static let backendUnavailable = FailureClass("backendUnavailable") {
        failureCode(of: $0) == .backendUnavailable
    }

    /// The body threw an error of this type.
    public static func thrown<Failure: Error>(_ type: Failure.Type) -> FailureClass {
        FailureClass("thrown(\(type))") { $0 is Failure }
    }

    /// What the closure says. It gets the error that ended the attempt and then, one after the other, what caused it,
    /// until it returns true.
    ///
    /// - Parameter predicate: called on the thread where an attempt failed, at most once for each error.
    public static func matching(_ predicate: @escaping @Sendable (any Error) -> Bool) -> FailureClass {
        FailureClass("matching(…)", predicate)
    }

    /// Whether a failure is of this class, by itself or by one of its causes. Calls users' code.
    func matches(_ error: any Error) -> Bool {
        let causes = Self.causes(of: error)
        return !causes.contains(where: Self.isFinal) && causes.contains(where: includes)
    }

    /// The error, what caused it, what caused that, and so on.
    private static func causes(of error: any Error) -> some Sequence<any Error> {
        sequence(first: error) { ($0 as? any WorkflowError)?.cause }
    }

    private static func failureCode(of error: any Error) -> WorkflowErrorCode? {
        (error as? any ClassifiedError)?.failureCode
    }

    /// Whether an error says that trying again can't help.
    private static func isFinal(_ error: any Error) -> Bool {
        error is CancellationError || error is TaskCancelledError || error is TaskRefusedError
    }
}

extension [FailureClass] {
    /// Whether a failure is of one of these classes. Calls users' code.
    func match(_ error: any Error) -> Bool { contains { $0.matches(error) } }
}
