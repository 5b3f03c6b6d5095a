import AsyncFlowBase

/// The error that the body of a portable task threw in another process.
public struct RemoteTaskError: WorkflowError, Hashable {
    /// An error of a chain: the first is the one that was thrown, each further one the cause of the one before.
    public struct Link: Sendable, Hashable {
        /// The name of the error's type, with its module.
        public let typeName: String
        /// The error's description of itself.
        public let message: String

        public init(typeName: String, message: String) {
            self.typeName = typeName
            self.message = message
        }
    }

    /// The error that was thrown, and its causes: at least one, at most 32, followed by one that gives the number of
    /// the others. Long names and messages are shortened.
    public let chain: [Link]
    /// The name of the worker.
    public let workerName: String
    /// The machine on which the worker runs.
    public let host: String
    /// The worker's process id there.
    public let processID: Int32
    /// The error itself, if its type can be decoded.
    package let encoded: [UInt8]?

    /// Creates an error. For backends.
    ///
    /// - Parameters:
    ///   - chain: the error that was thrown, and its causes.
    ///   - workerName: the name of the worker.
    ///   - host: the machine on which the worker runs.
    ///   - processID: the worker's process id there.
    ///   - encoded: the result of ``PortableTaskDefinition/encodedError(_:)``, if there is one.
    public init(chain: [Link], workerName: String, host: String, processID: Int32, encoded: [UInt8]? = nil) {
        self.chain =
            chain.isEmpty ? [Link(typeName: "unknown", message: "an error without a description")] : chain.bounded
        self.workerName = workerName
        self.host = host
        self.processID = processID
        self.encoded = encoded
    }

    /// The name of the type of the error that was thrown.
    public var typeName: String { chain[0].typeName }
    public var code: WorkflowErrorCode { .taskFailed }
    public var taskID: TaskID? { nil }
    public var taskName: String? { nil }
    public var message: String {
        // The text comes from another process, and may be anything.
        let errors = chain.map { "\($0.typeName.harmless()): \($0.message.harmlessLines())" }
        return errors.joined(separator: ", caused by ")
            + " (in worker '\(workerName)', process \(processID) on \(host))"
    }
    /// The cause of the error, as it was described there.
    public var cause: (any Error)? {
        guard chain.count > 1 else { return nil }
        return RemoteTaskError(
            chain: Array(chain.dropFirst()), workerName: workerName, host: host, processID: processID)
    }

    /// The maximum number of errors of a chain. Each error's description contains those of its causes, so that a long
    /// chain takes very long to write.
    package static let longestChain = 32
    /// The maximum lengths of names and messages, in bytes.
    package static let longestName = 1 << 10, longestMessage = 16 << 10

    /// Returns the chain of an error, from the error to its innermost cause.
    package static func chain(of error: any Error) -> [Link] {
        sequence(first: error) { ($0 as? any WorkflowError)?.cause }.prefix(longestChain).map { error in
            Link(typeName: String(reflecting: type(of: error)), message: String(describing: error)).bounded
        }
    }
}

extension RemoteTaskError.Link {
    /// The same error with its texts shortened.
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
    /// The first errors of the chain, and the number of the others.
    fileprivate var bounded: Self {
        guard count > RemoteTaskError.longestChain else { return map(\.bounded) }
        let last = last!
        // A chain that was read from a worker is already shortened and ends in this way.
        if count == RemoteTaskError.longestChain + 1, last.typeName == Self.moreName { return map(\.bounded) }
        return prefix(RemoteTaskError.longestChain).map(\.bounded)
            + [Self.more(than: RemoteTaskError.longestChain, of: count)]
    }

    private static var moreName: String { "…" }

    /// Returns a link that stands for the rest of a chain.
    package static func more(than kept: Int, of count: Int) -> RemoteTaskError.Link {
        RemoteTaskError.Link(typeName: moreName, message: "and \(count - kept) more causes")
    }
}

extension String {
    /// Returns the text up to a number of bytes, without a broken character at its end.
    package func shortened(to count: Int) -> String {
        guard utf8.count > count else { return self }
        return String(decoding: utf8.prefix(count), as: UTF8.self) + "…"
    }
}
