public import AsyncFlow
import AsyncFlowBase

/// The run was ended because everything left waits for a signal or for a time: see ``Journal/parking``.
///
/// `runWorkflow` ends the program with code 75 then; a program of your own may do the same.
public struct ParkedError: WorkflowError, ExitCodeError, Hashable {
    /// The exit code of a parked program: 75, which `sysexits.h` calls a temporary failure.
    public static let exitCode: Int32 = EX_TEMPFAIL
    package var processExitCode: Int32 { Self.exitCode }

    /// A description of the waits, and of the way to continue the program.
    public let message: String
    public var code: WorkflowErrorCode { .parked }

    package init(message: String) { self.message = message }
}

extension WorkflowErrorCode {
    /// The run was ended because everything left waits for a signal or for a time.
    public static let parked = WorkflowErrorCode("parked")
}
