public import AsyncFlow

extension TaskOption {
    /// The version of the task's work, for example of the program that its command runs. It is part of the identity of
    /// recorded calls.
    public static func version(_ version: TaskVersion) -> Self where Kind == ExecutableKind {
        recording { $0.version = version.description }
    }

    /// The version of the task's work, which is part of the identity of recorded calls.
    public static func version(_ version: TaskVersion) -> Self where Kind == PromptKind {
        recording { $0.version = version.description }
    }

    /// The version of the task's function, which is part of the identity of recorded calls.
    public static func version(_ version: TaskVersion) -> Self where Kind == PortableKind {
        recording { $0.version = version.description }
    }
}

extension TaskOption where Kind: RoutableKind {
    /// An option for side effects: an attempt starts only when everything before it is on disk, including the record of
    /// its start, and its value is passed on only when it is on disk. After that, the call never runs again. It has an
    /// effect only with a journal.
    public static var committed: Self { recording { $0.isCommitted = true } }

    /// An option for actions that must not happen twice, such as a payment: like ``committed``, but a call that was
    /// started in an interrupted run isn't started again; it fails with an ``InterruptedTaskError``. It has an effect
    /// only with a journal.
    public static var once: Self {
        recording {
            $0.isCommitted = true
            $0.isOnce = true
        }
    }
}

extension TaskContext {
    /// The call's id in the journal, 32 hexadecimal digits: the same in each attempt and each run, so that the other
    /// side of an effect can tell whether it has happened. A command finds it in `ASYNCFLOW_CALL_ID`. Nil for a call
    /// that isn't recorded.
    public var callID: String? { CurrentCall.id?.description }
}
