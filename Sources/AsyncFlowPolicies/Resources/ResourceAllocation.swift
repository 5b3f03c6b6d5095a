/// The resources that a started task holds until it ends.
public struct ResourceAllocation: Sendable, Hashable {
    /// A GPU, or a share of one, that a task holds.
    public struct GPUShare: Sendable, Hashable {
        public let gpu: GPU
        /// The share in thousandths: 1000 is the whole GPU.
        public let thousandths: Int
        /// The share: 1 is the whole GPU.
        public var fraction: Double { Double(thousandths) / 1000 }
    }

    /// The number of processes of the task.
    public let ranks: Int
    /// The number of cores of each rank.
    public let coresPerRank: Int
    /// Whether the task requested a number of cores.
    let saysCores: Bool
    /// The memory of the whole task; none if it didn't request any.
    public let memory: MemorySize
    /// The GPUs of the whole task.
    public let gpus: [GPUShare]
    /// The amounts of user-named resources of the whole task.
    public let slots: [String: Int]

    /// The number of cores of the whole task.
    public var cores: Int { ranks * coresPerRank }

    /// A summary for people: `2 cores, 1 GPU`; empty if there is nothing.
    package var summary: String {
        ResourceRequest(
            cores: cores > 0 ? cores : nil, memory: memory, gpus: gpus.reduce(0) { $0 + $1.fraction }, slots: slots
        ).summary
    }

    /// The environment variables that tell a command about its allocation.
    ///
    /// - `OMP_NUM_THREADS`: the cores of a rank, if the task requested a number and that is at least one.
    /// - `CUDA_VISIBLE_DEVICES`: the ids of its NVIDIA GPUs.
    /// - `ROCR_VISIBLE_DEVICES`: the ids of its AMD GPUs, together with `HIP_VISIBLE_DEVICES`, which numbers the GPUs
    ///   that `ROCR_VISIBLE_DEVICES` selects from 0, in place of the inherited value.
    ///
    /// A task that requested no GPU inherits these variables as they are.
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
