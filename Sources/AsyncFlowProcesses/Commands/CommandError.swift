import AsyncFlowBase

/// The error of a command that couldn't be run or that failed.
public struct CommandError: WorkflowError, CommandFailure, Hashable {
    /// The kind of failure.
    public let reason: Reason

    /// The command.
    public let command: Command

    /// The end of the command's standard error, at most 4 KiB, repaired where it isn't UTF-8.
    public let standardErrorTail: String

    /// The end of its standard output, at most 4 KiB, if it wrote nothing to its standard error and the output wasn't
    /// written to a file.
    public let standardOutputTail: String

    /// The resources that the command used, where they are known.
    public let usage: ResourceUsage?

    /// Whether the system ended it because memory ran out, as far as the system reports that: Linux counts such cases
    /// for each control group. False doesn't rule it out: a `SIGKILL` that nobody sent usually has this reason.
    public let ranOutOfMemory: Bool

    /// The details of what is wrong, and what can be done about it. It never contains the value of an environment
    /// variable, except that of `PATH`.
    package let detail: String

    /// The number, from 0, of the rank of a parallel command that failed first; ``exitCode`` and ``signal`` are that
    /// rank's. Nil for other commands, and where the launcher doesn't report it.
    public let failedRank: Int?

    package init(
        _ reason: Reason, _ command: Command, detail: String = "", standardErrorTail: String = "",
        standardOutputTail: String = "", usage: ResourceUsage? = nil, ranOutOfMemory: Bool = false,
        failedRank: Int? = nil
    ) {
        self.reason = reason
        self.command = command
        self.detail = detail
        self.standardErrorTail = standardErrorTail
        self.standardOutputTail = standardOutputTail
        self.usage = usage
        self.ranOutOfMemory = ranOutOfMemory
        self.failedRank = failedRank
    }

    /// The exit code of a command that exited by itself; otherwise `nil`.
    public var exitCode: Int32? {
        if case .exited(let code) = reason.kind { code } else { nil }
    }

    /// The number of the signal that ended the command; otherwise `nil`.
    public var signal: Int32? {
        if case .signalled(let signal) = reason.kind { signal } else { nil }
    }

    public var code: WorkflowErrorCode { .commandFailed }

    /// ``WorkflowErrorCode/outOfMemory`` if memory ran out, as far as that can be told: the command was ended by
    /// SIGKILL, as Linux does then, exited with 137, as shells and containers report the same, or couldn't be started
    /// for lack of memory. ``WorkflowErrorCode/commandFailed`` otherwise.
    public var failureCode: WorkflowErrorCode? {
        ranOutOfMemory || signal == SIGKILL || exitCode == 137 || systemErrorCode == ENOMEM ? .outOfMemory : code
    }

    /// The system's error number if a system call failed; otherwise `nil`.
    public var systemErrorCode: Int32? {
        switch reason.kind {
        case .launchFailed(let errno), .inputFailed(let errno), .outputFailed(let errno): errno
        case .exited, .signalled, .notFound, .notExecutable, .interpreterMissing, .badWorkingDirectory, .emptyCommand,
            .malformed, .invalidArgument, .statusLost, .outputTooLong:
            nil
        }
    }
}

extension CommandError {
    /// A kind of failure. New kinds may be added.
    public struct Reason: Sendable, Hashable {
        package enum Kind: Sendable, Hashable, Codable {
            case exited(Int32)
            case signalled(Int32)
            case notFound
            case notExecutable
            case interpreterMissing
            case badWorkingDirectory
            case emptyCommand
            case malformed
            case invalidArgument
            case launchFailed(Int32)
            case inputFailed(Int32)
            case outputFailed(Int32)
            case statusLost
            case outputTooLong(Int64)
        }

        package let kind: Kind

        package init(kind: Kind) { self.kind = kind }

        /// The command exited with a code other than 0.
        public static func exited(code: Int32) -> Reason { Reason(kind: .exited(code)) }

        /// A signal ended the command.
        public static func signalled(signal: Int32) -> Reason { Reason(kind: .signalled(signal)) }

        /// There is no such program.
        public static let notFound = Reason(kind: .notFound)

        /// The program exists but can't be executed.
        public static let notExecutable = Reason(kind: .notExecutable)

        /// The program exists, but the interpreter or loader that it names doesn't.
        public static let interpreterMissing = Reason(kind: .interpreterMissing)

        /// The working directory doesn't exist, isn't a directory or can't be entered.
        public static let badWorkingDirectory = Reason(kind: .badWorkingDirectory)

        /// The command has no words, or its program's name is empty.
        public static let emptyCommand = Reason(kind: .emptyCommand)

        /// The text from which the command was made can't be split into words.
        public static let malformed = Reason(kind: .malformed)

        /// An argument, a variable or a path can't be passed to a program.
        public static let invalidArgument = Reason(kind: .invalidArgument)

        /// The system refused to start the process.
        public static func launchFailed(errno: Int32) -> Reason { Reason(kind: .launchFailed(errno)) }

        /// The file for the standard input couldn't be opened.
        public static func inputFailed(errno: Int32) -> Reason { Reason(kind: .inputFailed(errno)) }

        /// A file for the output couldn't be opened.
        public static func outputFailed(errno: Int32) -> Reason { Reason(kind: .outputFailed(errno)) }

        /// The command was ended because it wrote more to its standard output than is kept in memory.
        public static func outputTooLong(limit: MemorySize) -> Reason { Reason(kind: .outputTooLong(limit.bytes)) }

        /// The command ended, but its exit status was taken by other code in this process.
        public static let statusLost = Reason(kind: .statusLost)
    }
}
