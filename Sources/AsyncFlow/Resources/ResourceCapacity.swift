/// What there is for tasks to share. Tasks that run at the same time never get more than that together.
///
/// ```swift
/// ResourceCapacity(cores: 4, memory: .gigabytes(8), slots: ["license": 3])    // the GPUs as detected
/// ```
public struct ResourceCapacity: Sendable, Hashable {
    /// How many cores there are.
    public var cores: Int
    /// How much memory there is in all, used or not; ``MemorySize/unlimited`` if it can't be found out.
    public var memory: MemorySize
    /// The GPUs there are, of one vendor: a task that asks for two can't use one of each.
    public var gpus: [GPU]
    /// How much there is of the resources that have a name given by the user.
    public var slots: [String: Int]

    /// A capacity whose parts are those of this machine where they aren't given.
    ///
    /// - Parameters:
    ///   - cores: how many cores; negative numbers count as 0.
    ///   - memory: how much memory; negative amounts count as none.
    ///   - gpus: how many GPUs, with the ids of those detected as far as there are such; negative numbers count as 0.
    ///   - slots: how much of each resource with a name of your own; negative numbers count as 0.
    public init(
        cores: Int? = nil, memory: MemorySize? = nil, gpus: Int? = nil, slots: [String: Int] = [:]
    ) {
        self.init(machine: .thisOne, cores: cores, memory: memory, gpus: gpus, slots: slots)
    }

    /// A capacity with these GPUs, and with the other parts of this machine where they aren't given.
    ///
    /// - Parameters:
    ///   - cores: how many cores; negative numbers count as 0.
    ///   - memory: how much memory; negative amounts count as none.
    ///   - gpus: the GPUs; one that is named twice counts once.
    ///   - slots: how much of each resource with a name of your own; negative numbers count as 0.
    public init(cores: Int? = nil, memory: MemorySize? = nil, gpus: [GPU], slots: [String: Int] = [:]) {
        self.init(machine: .thisOne, cores: cores, memory: memory, gpus: 0, slots: slots)
        var seen: Set<GPU> = []
        self.gpus = gpus.filter { seen.insert($0).inserted }
    }

    /// What this machine has, as far as this process may use it.
    ///
    /// Cores are those that are online, that the process may run on, and that its control groups leave it (a share of a
    /// core counts as one). Memory is that of the machine, or what the control groups leave. GPUs are those of NVIDIA
    /// or else of AMD whose drivers are loaded and that `CUDA_VISIBLE_DEVICES`, or `ROCR_VISIBLE_DEVICES` and
    /// `HIP_VISIBLE_DEVICES`, don't hide. Each call looks anew.
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

    /// Leaves out the last GPUs, or makes up more with the first numbers that are free.
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
