/// The outcomes of calls that earlier runs of a program recorded, and the place where this run records its own.
///
/// The engine asks it just before a call would be performed, when all arguments have values.
package protocol CallMemory: AnyObject, Sendable {
    /// Whether an outcome may be known: if so, calls are looked up before they wait for their turn.
    var mayRecall: Bool { get }

    /// Returns the outcome of a call, recalled or performed.
    ///
    /// - Parameters:
    ///   - call: what the call does.
    ///   - form: how its value is kept.
    ///   - task: the task whose body runs.
    ///   - perform: performs the call.
    /// - Throws: what `perform` throws; ``NotRecalled`` if the task's turn hasn't come and no outcome is known.
    nonisolated(nonsending) func outcome<Value: Sendable>(
        of call: RecallableCall, as form: ValueForm<Value>, in task: TaskContext,
        perform: nonisolated(nonsending) (CallTerms) async throws -> Value
    ) async throws -> Value
}

/// The description of a call by what it does.
package struct RecallableCall: Sendable {
    /// One of the things that the call does or uses.
    package struct Part: Sendable {
        package let name: String
        package let value: any Encodable & Sendable
        /// Texts in it that nobody may be shown.
        package var secrets: [String] = []

        package init(_ name: String, _ value: any Encodable & Sendable, secrets: [String] = []) {
            self.name = name
            self.value = value
            self.secrets = secrets
        }
    }

    /// Everything that decides the value, always in the same order.
    package var parts: [Part]

    package init(_ parts: [Part]) { self.parts = parts }
}

/// The form in which a value is kept.
package struct ValueForm<Value: Sendable>: Sendable {
    package let encode: @Sendable (Value) throws -> [UInt8]
    package let decode: @Sendable (ArraySlice<UInt8>) throws -> Value
    /// The files that a value stands for: without them, as they were, it is worth nothing. Each one is `Codable`.
    package let files: @Sendable (Value) -> [any Encodable & Sendable]

    package init(
        encode: @escaping @Sendable (Value) throws -> [UInt8],
        decode: @escaping @Sendable (ArraySlice<UInt8>) throws -> Value,
        files: @escaping @Sendable (Value) -> [any Encodable & Sendable] = { _ in [] }
    ) {
        self.encode = encode
        self.decode = decode
        self.files = files
    }
}

/// What the options of a task say about recording its outcomes.
package struct RecordingOptions: Sendable, Hashable {
    /// The version of what the task does; empty without one.
    package var version = ""
    /// Whether an outcome is handed on only when it is on disk, and an attempt begins only when that is.
    package var isCommitted = false
    /// Whether a call that was begun and hasn't ended is never begun again.
    package var isOnce = false

    package init() {}
}

/// What a call that is performed is given.
package struct CallTerms: Sendable {
    /// Variables for the environment of commands.
    package var environment: [String: String]

    package init(environment: [String: String] = [:]) { self.environment = environment }
}

/// Thrown by a body that was only run to find out whether its outcome is known, when it isn't.
package struct NotRecalled: Error {
    package init() {}
}
