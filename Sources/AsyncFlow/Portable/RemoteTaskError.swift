import AsyncFlowBase

/// What the body of a portable task threw in another process.
public struct RemoteTaskError: WorkflowError, Hashable {
    /// An error of a chain: the first is what was thrown, each further one what caused the one before.
    public struct Link: Sendable, Hashable {
        /// The name of its type, with its module.
        public let typeName: String
        /// How it describes itself.
        public let message: String

        public init(typeName: String, message: String) {
            self.typeName = typeName
            self.message = message
        }
    }

    /// What was thrown, and what caused it: at least one, at most 32, and then one that says how many
    /// more there were. Long names and messages are shortened.
    public let chain: [Link]
    /// The name of the worker.
    public let workerName: String
    /// The machine it runs on.
    public let host: String
    /// Its process id there.
    public let processID: Int32
    /// The error itself, if its type can be decoded.
    package let encoded: [UInt8]?

    /// For backends.
    ///
    /// - Parameters:
    ///   - chain: what was thrown, and what caused it.
    ///   - workerName: the name of the worker.
    ///   - host: the machine it runs on.
    ///   - processID: its process id there.
    ///   - encoded: what ``PortableTaskDefinition/encodedError(_:)`` said, if anything.
    public init(chain: [Link], workerName: String, host: String, processID: Int32, encoded: [UInt8]? = nil) {
        self.chain =
            chain.isEmpty ? [Link(typeName: "unknown", message: "an error without a description")] : chain.bounded
        self.workerName = workerName
        self.host = host
        self.processID = processID
        self.encoded = encoded
    }

    /// The name of the type of what was thrown.
    public var typeName: String { chain[0].typeName }
    public var code: WorkflowErrorCode { .taskFailed }
    public var taskID: TaskID? { nil }
    public var taskName: String? { nil }
    public var message: String {
        // It is another process's text, which may be anything.
        let errors = chain.map { "\($0.typeName.harmless()): \($0.message.harmlessLines())" }
        return errors.joined(separator: ", caused by ")
            + " (in worker '\(workerName)', process \(processID) on \(host))"
    }
    /// What caused it, as it was described there.
    public var cause: (any Error)? {
        guard chain.count > 1 else { return nil }
        return RemoteTaskError(
            chain: Array(chain.dropFirst()), workerName: workerName, host: host, processID: processID)
    }

    /// How many errors of a chain are kept; what is in it is described by each of those before it, so that a long one
    /// takes very long to write.
    package static let longestChain = 32
    /// In bytes.
    package static let longestName = 1 << 10, longestMessage = 16 << 10

    /// The chain of an error, from it to what caused everything.
    package static func chain(of error: any Error) -> [Link] {
        sequence(first: error) { ($0 as? any WorkflowError)?.cause }.prefix(longestChain).map { error in
            Link(typeName: String(reflecting: type(of: error)), message: String(describing: error)).bounded
        }
    }
}

extension RemoteTaskError.Link {
    /// The same, with texts that can be shown.
    package var bounded: Self {
        if typeName.utf8.count <= RemoteTaskError.longestName, message.utf8.count <= RemoteTaskError.longestMessage {
            return self
        }
        return Self(
            typeName: typeName.shortened(to: RemoteTaskError.longestName),
            message: message.shortened(to: RemoteTaskError.longestMessage))
    }
}

extension [RemoteTaskError.Link] {
    /// The first of them, and how many more there are.
    fileprivate var bounded: Self {
        guard count > RemoteTaskError.longestChain else { return map(\.bounded) }
        let last = last!
        // What was read from a worker is bounded already, with such an end.
        if count == RemoteTaskError.longestChain + 1, last.typeName == Self.moreName { return map(\.bounded) }
        return prefix(RemoteTaskError.longestChain).map(\.bounded)
            + [Self.more(than: RemoteTaskError.longestChain, of: count)]
    }

    private static var moreName: String { "…" }

    /// Stands for the rest of a chain.
    package static func more(than kept: Int, of count: Int) -> RemoteTaskError.Link {
        RemoteTaskError.Link(typeName: moreName, message: "and \(count - kept) more causes")
    }
}

extension String {
    /// The text up to so many bytes, without a broken character at its end.
    package func shortened(to count: Int) -> String {
        guard utf8.count > count else { return self }
        return String(decoding: utf8.prefix(count), as: UTF8.self) + "…"
    }
}
