/// A portable task that is to run in another process.
public struct PortableCall: Sendable {
    /// The name of the ``PortableTask``.
    public let portableName: String
    /// What both ends must agree on: the name, with the types of what it takes and returns.
    public let signature: String
    /// The encoded arguments.
    public let input: [UInt8]
    /// The task of the engine. What the body reports is reported to it.
    public let task: TaskContext
    /// What tells the body what the task got, and of the trace it is part of: it finds it in
    /// ``TaskContext/environment``.
    public let environment: [String: String]
    /// How long a cancelled body may take to end before its process is killed.
    public let gracePeriod: Duration
    /// The function of another language that is meant; nil for those of this program.
    package var foreign: ForeignFunction?

    /// Takes what the body has reported, as events of the task. For backends, which call it in the order in which it
    /// came.
    ///
    /// - Parameters:
    ///   - report: what was reported.
    ///   - worker: the name of the worker where the body runs.
    public func received(_ report: RemoteReport, from worker: String) {
        switch report {
        case .progress(let progress): task.report(progress)
        case .custom(let event): task.emit(event)
        case .log(let level, let text):
            task.emit(
                CustomEventContent(
                    own: "log", ["level": .string(level), "message": .string(text), "worker": .string(worker)]))
        }
    }
}

/// What has come back from another process.
public struct PortableResult: Sendable {
    /// The encoded value, which may be a part of what has come with it.
    package let content: ArraySlice<UInt8>

    public init(output: [UInt8]) { content = output[...] }
    package init(content: ArraySlice<UInt8>) { self.content = content }

    /// The encoded value.
    public var output: [UInt8] { Array(content) }
}

/// What the body of a portable task says while it runs.
public enum RemoteReport: Sendable, Hashable {
    case progress(TaskProgress)
    case custom(CustomEventContent)
    case log(level: String, text: String)
}

extension PortableCall {
    /// The same call, whose body is told of more that its task got.
    package func adding(_ variables: [String: String]) -> PortableCall {
        PortableCall(
            portableName: portableName, signature: signature, input: input, task: task,
            environment: environment.merging(variables) { own, _ in own }, gracePeriod: gracePeriod, foreign: foreign)
    }
}

/// Which backend runs a portable task in another process.
struct PortableRoute: Sendable {
    let slot: BackendSlot
    let backend: any PortableBackend
    let gracePeriod: Duration
}
