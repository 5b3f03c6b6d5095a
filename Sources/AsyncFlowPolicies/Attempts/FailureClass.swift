import AsyncFlowBase

/// A kind of failure, for deciding whether a retry makes sense.
///
/// ```swift
/// .retry(3, on: .exitCode(75), .outOfMemory, .thrown(URLError.self))
/// ```
///
/// A class is matched against the error that ended the attempt and then against its causes: a block whose member's
/// command exited with 75 is also retried for `.exitCode(75)`.
///
/// Two failures belong to no class, because a retry can't help: a cancellation, and a task that was refused
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

    /// The failure of a command: it couldn't be started, exited with a code other than 0, or was ended by a signal.
    public static let commandFailed = FailureClass("commandFailed") { $0 is any CommandFailure }

    /// Returns the class of commands that exited with one of these codes.
    public static func exitCode(_ codes: Int32...) -> FailureClass {
        FailureClass("exitCode(\(codes.map(String.init).joined(separator: ", ")))") { error in
            (error as? any CommandFailure)?.exitCode.map(codes.contains) ?? false
        }
    }

    /// The failure of a command that a signal ended.
    public static let signalled = FailureClass("signalled") { ($0 as? any CommandFailure)?.signal != nil }

    /// A lack of memory, as far as it can be detected: a command was ended by SIGKILL, which is how Linux ends it then,
    /// or exited with 137, which is how shells and containers report the same, or couldn't be started for lack of
    /// memory; or a ``ClassifiedError`` has the code ``WorkflowErrorCode/outOfMemory``.
    public static let outOfMemory = FailureClass("outOfMemory") { failureCode(of: $0) == .outOfMemory }

    /// An exceeded time limit: that of an attempt (``TaskTimeoutError``), the deadline of a task that the attempt
    /// awaited, or a ``ClassifiedError`` with the code ``WorkflowErrorCode/timedOut``, as when a cluster's own time
    /// limit was exceeded or a server didn't answer in time.
    public static let timedOut = FailureClass("timedOut") { failureCode(of: $0) == .timedOut }

    /// The loss of the worker that ran the task: a ``ClassifiedError`` with the code ``WorkflowErrorCode/workerLost``.
    public static let workerLost = FailureClass("workerLost") { failureCode(of: $0) == .workerLost }

    /// A backend that couldn't take the task: a ``ClassifiedError`` with the code
    /// ``WorkflowErrorCode/backendUnavailable``.
    public static let backendUnavailable = FailureClass("backendUnavailable") {
        failureCode(of: $0) == .backendUnavailable
    }

    /// Returns the class of errors of this type that a body throws.
    public static func thrown<Failure: Error>(_ type: Failure.Type) -> FailureClass {
        FailureClass("thrown(\(type))") { $0 is Failure }
    }

    /// Returns a class that a closure defines. The closure receives the error that ended the attempt and then, one
    /// after the other, its causes, until it returns true.
    ///
    /// - Parameter predicate: called on the thread where an attempt failed, at most once for each error.
    public static func matching(_ predicate: @escaping @Sendable (any Error) -> Bool) -> FailureClass {
        FailureClass("matching(…)", predicate)
    }

    /// Returns whether a failure is of this class, by itself or by one of its causes. Calls user code.
    package func matches(_ error: any Error) -> Bool {
        let causes = Self.causes(of: error)
        return !causes.contains(where: Self.isFinal) && causes.contains(where: includes)
    }

    /// Returns the error, its cause, the cause of that, and so on.
    private static func causes(of error: any Error) -> some Sequence<any Error> {
        sequence(first: error) { ($0 as? any WorkflowError)?.cause }
    }

    private static func failureCode(of error: any Error) -> WorkflowErrorCode? {
        (error as? any ClassifiedError)?.failureCode
    }

    /// Returns whether an error means that a retry can't help.
    private static func isFinal(_ error: any Error) -> Bool {
        error is CancellationError || error is TaskCancelledError || error is TaskRefusedError
    }
}

extension [FailureClass] {
    /// Returns whether a failure is of one of these classes. Calls user code.
    package func match(_ error: any Error) -> Bool { contains { $0.matches(error) } }
}
