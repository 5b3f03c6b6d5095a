public import AsyncFlow

/// What this machine, or one of its GPUs, was doing at one moment. What isn't known is nil.
public struct TelemetrySample: Sendable, Hashable {
    public var time: EventTime
    /// The name of the machine.
    public var node: String
    /// The number of the GPU; nil if the sample is of the machine.
    public var gpuID: Int?
    /// Of all cores together, from 0 to 100, since the last sample.
    public var cpuPercent: Double?
    /// From 0 to 100.
    public var memoryPercent: Double?
    /// From 0 to 100; of the machine: the mean of its GPUs.
    public var gpuPercent: Double?
    /// Since the last sample.
    public var diskReadBytes: Double?
    /// Since the last sample.
    public var diskWriteBytes: Double?
    /// Since the last sample, by all interfaces but the loopback.
    public var networkSentBytes: Double?
    /// Since the last sample, by all interfaces but the loopback.
    public var networkReceivedBytes: Double?
    /// The cores that running tasks use, counted as in ``TelemetrySummary/meanCores``.
    public var coresUsed: Double?
    public var tasksRunning: Int?

    package init(time: EventTime = .now, node: String, gpuID: Int? = nil) {
        self.time = time
        self.node = node
        self.gpuID = gpuID
    }
}
