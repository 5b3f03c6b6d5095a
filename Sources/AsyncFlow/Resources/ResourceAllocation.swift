/// What a started task got, until it ends.
public struct ResourceAllocation: Sendable, Hashable {
    /// A GPU, or the part of one, that a task got.
    public struct GPUShare: Sendable, Hashable {
        public let gpu: GPU
        /// How much of it, in thousandths: 1000 is the whole GPU.
        public let thousandths: Int
        /// How much of it: 1 is the whole GPU.
        public var fraction: Double { Double(thousandths) / 1000 }
    }

    /// How many processes the task consists of.
    public let ranks: Int
    /// How many cores each rank got.
    public let coresPerRank: Int
    /// Whether the task said how many cores it needs.
    let saysCores: Bool
    /// How much memory the whole task got; none if it didn't ask for any.
    public let memory: MemorySize
    /// The GPUs the whole task got.
    public let gpus: [GPUShare]
    /// How much the whole task got of the resources that have a name given by the user.
    public let slots: [String: Int]

    /// How many cores the whole task got.
    public var cores: Int { ranks * coresPerRank }

    /// For people: `2 cores, 1 GPU`; empty if it is nothing.
    var summary: String {
        ResourceRequest(
            cores: cores > 0 ? cores : nil, memory: memory, gpus: gpus.reduce(0) { $0 + $1.fraction }, slots: slots
        ).summary
    }

    /// The environment variables that tell a command what it got.
    ///
    /// - `OMP_NUM_THREADS`: the cores of a rank, if the task said how many it needs and that is at least one.
    /// - `CUDA_VISIBLE_DEVICES`: the ids of the NVIDIA GPUs it got.
    /// - `ROCR_VISIBLE_DEVICES`: the ids of the AMD GPUs it got; with it goes `HIP_VISIBLE_DEVICES`, which numbers
    ///   those that `ROCR_VISIBLE_DEVICES` leaves from 0, in place of what is inherited.
    ///
    /// A task that asked for no GPU inherits these variables as they are.
    public var environment: [String: String] {
        var variables: [String: String] = [:]
        if saysCores, coresPerRank > 0 { variables["OMP_NUM_THREADS"] = "\(coresPerRank)" }
        let nvidia = gpus.lazy.filter { $0.gpu.vendor == .nvidia }.map(\.gpu.id)
        if !nvidia.isEmpty { variables["CUDA_VISIBLE_DEVICES"] = nvidia.joined(separator: ",") }
        let amd = gpus.filter { $0.gpu.vendor == .amd }.map(\.gpu.id)
        if !amd.isEmpty {
            variables["ROCR_VISIBLE_DEVICES"] = amd.joined(separator: ",")
            variables["HIP_VISIBLE_DEVICES"] = amd.indices.map(String.init).joined(separator: ",")
        }
        return variables
    }
}
