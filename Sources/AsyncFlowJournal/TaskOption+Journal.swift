public import AsyncFlow

extension TaskOption {
    /// The version of what the task does, such as that of the program that its command runs: part of what a recorded
    /// call is known by.
    public static func version(_ version: TaskVersion) -> Self where Kind == ExecutableKind {
        recording { $0.version = version.description }
    }

    /// The version of what the task does: part of what a recorded call is known by.
    public static func version(_ version: TaskVersion) -> Self where Kind == PromptKind {
        recording { $0.version = version.description }
    }

    /// The version of the task's function: part of what a recorded call is known by.
    public static func version(_ version: TaskVersion) -> Self where Kind == PortableKind {
        recording { $0.version = version.description }
    }
}

extension TaskOption where Kind: RoutableKind {
    /// For effects: an attempt begins only when everything before it is on disk, its own beginning too, and its value
    /// is handed on only when that is. Then it never runs again. With a journal only.
    public static var committed: Self { recording { $0.isCommitted = true } }

    /// For what must not happen twice, such as a payment: as ``committed``, and a call that was begun in a run that was
    /// interrupted isn't begun again, but fails with an ``InterruptedTaskError``. With a journal only.
    public static var once: Self {
        recording {
            $0.isCommitted = true
            $0.isOnce = true
        }
    }
}

extension TaskContext {
    /// The name of the call in the journal, 32 hexadecimal digits: the same in each attempt and each run, for the other
    /// side of an effect to tell whether it has happened. A command finds it in `ASYNCFLOW_CALL_ID`. Nil for a call
    /// that isn't recorded.
    public var callID: String? { CurrentCall.id?.description }
}
