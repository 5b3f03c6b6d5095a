@testable import AsyncFlowPolicies

extension ResourceCapacity {
    /// A capacity with so many GPUs, made up.
    init(cores: Int, memory: MemorySize = .unlimited, gpus: Int = 0, slots: [String: Int] = [:]) {
        self.init(exactly: max(0, cores), max(.zero, memory), [], slots)
        resizeGPUs(to: gpus)
    }
}
