/// A call of a portable task in another process.
public struct PortableCall: Sendable {
    /// The name of the ``PortableTask``.
    public let portableName: String
    /// The signature on which both ends must agree: the name, with the types of the arguments and of the result.
    public let signature: String
    /// The encoded arguments.
    public let input: [UInt8]
    /// The task in the engine. It receives the reports of the body.
    public let task: TaskContext
    /// The variables that tell the body about its task's resources and trace. The body finds them in
    /// ``TaskContext/environment``.
    public let environment: [String: String]
    /// The time that a cancelled body has to end before its process is killed.
    public let gracePeriod: Duration
    /// The function of another language that is called; nil for a function of this program.
    package var foreign: ForeignFunction?

    /// Turns a report of the body into an event of the task. Backends call it, in the order in which the reports
    /// arrive.
    ///
    /// - Parameters:
    ///   - report: the report.
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

/// The result of a portable task that ran in another process.
public struct PortableResult: Sendable {
    /// The encoded value, as a slice of the message in which it arrived.
    package let content: ArraySlice<UInt8>

    public init(output: [UInt8]) { content = output[...] }
    package init(content: ArraySlice<UInt8>) { self.content = content }

    /// The encoded value.
    public var output: [UInt8] { Array(content) }
}

/// A report of the body of a portable task while it runs.
public enum RemoteReport: Sendable, Hashable {
    case progress(TaskProgress)
    case custom(CustomEventContent)
    case log(level: String, text: String)
}

extension PortableCall {
    /// Returns the same call with additional variables for its body.
    package func adding(_ variables: [String: String]) -> PortableCall {
        PortableCall(
            portableName: portableName, signature: signature, input: input, task: task,
            environment: environment.merging(variables) { own, _ in own }, gracePeriod: gracePeriod, foreign: foreign)
    }
}

extension PortableCall {
    /// The same call, for workers that know it as a function of another language.
    package func calling(_ function: ForeignFunction, gracePeriod: Duration) -> PortableCall {
        PortableCall(
            portableName: portableName, signature: signature, input: input, task: task, environment: environment,
            gracePeriod: gracePeriod, foreign: function)
    }
}

/// The route of portable tasks to a backend that runs them in another process.
struct PortableRoute: Sendable {
    let slot: BackendSlot
    let backend: any PortableBackend
    let gracePeriod: Duration
}
