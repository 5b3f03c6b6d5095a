/// The resources that a command used, with all the processes that it started and waited for.
public struct ResourceUsage: Sendable, Hashable {
    /// The CPU time spent in its own code.
    public var userTime: Duration
    /// The CPU time spent in the system on its behalf.
    public var systemTime: Duration
    /// The most memory that one of its processes used; nil if it isn't known.
    ///
    /// A new process begins in the memory of the one that starts it, and Linux counts that. On Linux it is therefore
    /// known only for a command that has used more than this process ever used before.
    public var peakMemory: MemorySize?
    /// The time from its start to its end.
    public var elapsed: Duration

    /// Creates a usage, for backends that run commands in their own way.
    public init(userTime: Duration, systemTime: Duration, peakMemory: MemorySize?, elapsed: Duration) {
        self.userTime = userTime
        self.systemTime = systemTime
        self.peakMemory = peakMemory
        self.elapsed = elapsed
    }
}
