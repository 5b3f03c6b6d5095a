extension ResourceCapacity {
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

    package init(
        machine: Machine, cores: Int? = nil, memory: MemorySize? = nil, gpus: Int? = nil, slots: [String: Int] = [:]
    ) {
        self.init(
            exactly: max(0, cores ?? machine.cores), max(.zero, memory ?? machine.memory),
            gpus == 0 ? [] : machine.gpus, slots.mapValues { max(0, $0) })
        if let gpus { resizeGPUs(to: max(0, gpus)) }
    }
}
