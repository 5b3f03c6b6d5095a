public import AsyncFlow

/// The state of this computer, or of one of its GPUs, at one moment. Unknown values are nil.
public struct TelemetrySample: Sendable, Hashable {
    public var time: EventTime
    /// The host name of the computer.
    public var node: String
    /// The number of the GPU; nil if the sample is of the computer.
    public var gpuID: Int?
    /// The utilisation of all cores together since the last sample, from 0 to 100.
    public var cpuPercent: Double?
    /// The memory in use, from 0 to 100.
    public var memoryPercent: Double?
    /// The utilisation of the GPU, from 0 to 100; for the computer, the mean of its GPUs.
    public var gpuPercent: Double?
    /// The bytes read from disks since the last sample.
    public var diskReadBytes: Double?
    /// The bytes written to disks since the last sample.
    public var diskWriteBytes: Double?
    /// The bytes sent since the last sample by all interfaces except the loopback.
    public var networkSentBytes: Double?
    /// The bytes received since the last sample by all interfaces except the loopback.
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
