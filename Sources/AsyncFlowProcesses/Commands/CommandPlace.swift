/// The process or job in which a command runs.
///
/// Backends that run commands report it with ``TaskContext/reportPlace(_:)``, so that recordings and logs can name it.
public struct CommandPlace: Sendable, Hashable {
    /// The id of its process on ``node``; nil if it isn't known or there are several.
    public var processID: Int32?
    /// The scheduler's id of its job, such as `4711_3`; nil outside of jobs.
    public var jobID: String?
    /// The name of the machine on which it runs; nil for the engine's own, and where it isn't known.
    public var node: String?

    /// Creates a place.
    ///
    /// - Parameters:
    ///   - processID: the id of its process.
    ///   - jobID: the scheduler's id of its job.
    ///   - node: the name of the machine, if it isn't the engine's own.
    public init(processID: Int32? = nil, jobID: String? = nil, node: String? = nil) {
        self.processID = processID
        self.jobID = jobID
        self.node = node
    }

    /// Adds the known parts of another report; parts that it leaves open stay as they are.
    package mutating func add(_ other: CommandPlace) {
        processID = other.processID ?? processID
        jobID = other.jobID ?? jobID
        node = other.node ?? node
    }
}
