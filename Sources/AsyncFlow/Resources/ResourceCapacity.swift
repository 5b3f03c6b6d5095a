/// The resources that tasks share. Tasks that run at the same time never get more than that together.
///
/// ```swift
/// ResourceCapacity(cores: 4, memory: .gigabytes(8), slots: ["license": 3])    // the GPUs as detected
/// ```
public struct ResourceCapacity: Sendable, Hashable {
    /// The number of cores.
    public var cores: Int
    /// The amount of memory in all, used or not; ``MemorySize/unlimited`` if it can't be determined.
    public var memory: MemorySize
    /// The GPUs, all of one vendor, because a task that requests two can't use one of each.
    public var gpus: [GPU]
    /// The amounts of user-named resources.
    public var slots: [String: Int]

    /// Creates a capacity. Parts that aren't given are those of this machine.
    ///
    /// - Parameters:
    ///   - cores: the number of cores; negative numbers count as 0.
    ///   - memory: the amount of memory; negative amounts count as none.
    ///   - gpus: the number of GPUs, with the ids of the detected ones as far as possible; negative numbers count as 0.
    ///   - slots: the amount of each resource that you name; negative numbers count as 0.
    public init(
        cores: Int? = nil, memory: MemorySize? = nil, gpus: Int? = nil, slots: [String: Int] = [:]
    ) {
        self.init(machine: .thisOne, cores: cores, memory: memory, gpus: gpus, slots: slots)
    }

    /// Creates a capacity with these GPUs. Other parts that aren't given are those of this machine.
    ///
    /// - Parameters:
    ///   - cores: the number of cores; negative numbers count as 0.
    ///   - memory: the amount of memory; negative amounts count as none.
    ///   - gpus: the GPUs; one that is given twice counts once.
    ///   - slots: the amount of each resource that you name; negative numbers count as 0.
    public init(cores: Int? = nil, memory: MemorySize? = nil, gpus: [GPU], slots: [String: Int] = [:]) {
        self.init(machine: .thisOne, cores: cores, memory: memory, gpus: 0, slots: slots)
        var seen: Set<GPU> = []
        self.gpus = gpus.filter { seen.insert($0).inserted }
    }

    /// Returns the resources of this machine that this process may use.
    ///
    /// Cores are those that are online, on which the process may run, and which its control groups allow it (a share of
    /// a core counts as one). Memory is that of the machine, or the amount that the control groups allow. GPUs are
    /// those of NVIDIA, or else of AMD, whose drivers are loaded and that `CUDA_VISIBLE_DEVICES`, or
    /// `ROCR_VISIBLE_DEVICES` and `HIP_VISIBLE_DEVICES`, don't hide. Each call examines the machine again.
    public static func detected() -> ResourceCapacity { ResourceCapacity() }

    init(
        machine: Machine, cores: Int? = nil, memory: MemorySize? = nil, gpus: Int? = nil, slots: [String: Int] = [:]
    ) {
        self.cores = max(0, cores ?? machine.cores)
        self.memory = max(.zero, memory ?? machine.memory)
        self.gpus = gpus == 0 ? [] : machine.gpus
        self.slots = slots.mapValues { max(0, $0) }
        if let gpus { resizeGPUs(to: max(0, gpus)) }
    }

    /// Removes the last GPUs, or adds more with the lowest free numbers as ids.
    private mutating func resizeGPUs(to count: Int) {
        guard count > gpus.count else { return gpus = Array(gpus.prefix(count)) }
        let vendor = gpus.first?.vendor ?? .nvidia
        var ids = Set(gpus.map(\.id))
        var number = 0
        while gpus.count < count {
            if ids.insert("\(number)").inserted { gpus.append(GPU(id: "\(number)", vendor: vendor)) }
            number += 1
        }
    }
}

extension ResourceCapacity: CustomStringConvertible {
    /// For example `8 cores, 31.2 GiB of memory, 2 GPUs, 3 license`.
    public var description: String {
        var parts = [ResourceText.cores(cores), "\(memory) of memory"]
        if !gpus.isEmpty { parts.append(ResourceText.gpus(thousandths: gpus.count * 1000)) }
        parts += slots.sorted { $0.key < $1.key }.map { "\($0.value) '\($0.key)'" }
        return parts.joined(separator: ", ")
    }
}
