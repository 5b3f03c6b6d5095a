/// The outcomes of calls that earlier runs of a program recorded, and the place where this run records its own.
///
/// The engine asks it just before a call would be performed, when all arguments have values.
package protocol CallMemory: AnyObject, Sendable {
    /// Whether any outcome may be known. If so, calls are looked up before they wait for their turn.
    var mayRecall: Bool { get }

    /// Returns the outcome of a call, recalled or performed.
    ///
    /// - Parameters:
    ///   - call: what the call does.
    ///   - form: the form in which its value is kept.
    ///   - task: the task whose body runs.
    ///   - perform: performs the call.
    /// - Throws: what `perform` throws; ``NotRecalled`` if the task's turn hasn't come and no outcome is known.
    nonisolated(nonsending) func outcome<Value: Sendable>(
        of call: RecallableCall, as form: ValueForm<Value>, in task: TaskContext,
        perform: nonisolated(nonsending) (CallTerms) async throws -> Value
    ) async throws -> Value

    /// Returns what a backend of this name has kept in the runs before this one, since the last that ended by itself.
    func traces(of backend: String) -> [[UInt8]]
    /// Keeps what a later run needs to end what a backend has left outside of this process. Returns when it is on disk.
    func keep(trace: [UInt8], of backend: String) async throws
    /// Returns a path, the same in each run, for a file that is fetched from a URL; nil if files are fetched anew in
    /// each run.
    func downloadPath(of url: String, sha256: String?) -> String?
}

extension CallMemory {
    package func downloadPath(of url: String, sha256: String?) -> String? { nil }
    package func traces(of backend: String) -> [[UInt8]] { [] }
    package func keep(trace: [UInt8], of backend: String) async throws {}
}

/// The description of a call by its effect.
package struct RecallableCall: Sendable {
    /// One thing that the call does or uses.
    package struct Part: Sendable {
        package let name: String
        package let value: any Encodable & Sendable
        /// Texts in the value that must not be shown.
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
    /// Returns the files that a value refers to: it is worthless unless they are unchanged. Each one is `Codable`.
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

/// The options of a task for recording its outcomes.
package struct RecordingOptions: Sendable, Hashable {
    /// The version of what the task does; empty if it has none.
    package var version = ""
    /// Whether an outcome is passed on only once it is on disk, and an attempt begins only once its beginning is.
    package var isCommitted = false
    /// Whether a call that has begun and hasn't ended is never begun again.
    package var isOnce = false

    package init() {}
}

/// The terms under which a call is performed.
package struct CallTerms: Sendable {
    /// Variables for the environment of commands.
    package var environment: [String: String]
    /// Where the traces of commands are kept; nil for nowhere.
    package var traces: (any CommandTraces)?
    /// The error of a call that must not be begun a second time, for the case that what was begun isn't found again.
    package var refusal: (any Error)?

    package init(
        environment: [String: String] = [:], traces: (any CommandTraces)? = nil, refusal: (any Error)? = nil
    ) {
        self.environment = environment
        self.traces = traces
        self.refusal = refusal
    }
}

/// An error that a body throws when it was run only to look up its outcome and the outcome isn't known.
package struct NotRecalled: Error {
    package init() {}
}
