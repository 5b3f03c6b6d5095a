/// What a command took of the machine, with all the processes that it started and waited for.
public struct ResourceUsage: Sendable, Hashable {
    /// CPU time in its own code.
    public var userTime: Duration
    /// CPU time in the system on its behalf.
    public var systemTime: Duration
    /// The most memory that one of its processes had in use; nil if that isn't known.
    ///
    /// A new process begins in the memory of the one that starts it, and Linux counts that. So on Linux it is only
    /// known of a command that has used more than this process ever had in use before.
    public var peakMemory: MemorySize?
    /// From its start to its end.
    public var elapsed: Duration

    /// For backends that run commands in their own way.
    public init(userTime: Duration, systemTime: Duration, peakMemory: MemorySize?, elapsed: Duration) {
        self.userTime = userTime
        self.systemTime = systemTime
        self.peakMemory = peakMemory
        self.elapsed = elapsed
    }
}
