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

    /// What was thrown, and what caused it. Not empty.
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
        self.chain = chain.isEmpty ? [Link(typeName: "unknown", message: "an error without a description")] : chain
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
        let causes = chain.dropFirst().map { ", caused by \($0.typeName): \($0.message)" }.joined()
        return "\(typeName): \(chain[0].message)\(causes) (in worker '\(workerName)', process \(processID) on \(host))"
    }
    /// What caused it, as it was described there.
    public var cause: (any Error)? {
        guard chain.count > 1 else { return nil }
        return RemoteTaskError(
            chain: Array(chain.dropFirst()), workerName: workerName, host: host, processID: processID)
    }

    /// The chain of an error, from it to what caused everything.
    package static func chain(of error: any Error) -> [Link] {
        sequence(first: error) { ($0 as? any WorkflowError)?.cause }.prefix(32).map { error in
            Link(typeName: String(reflecting: type(of: error)), message: String(describing: error))
        }
    }
}
