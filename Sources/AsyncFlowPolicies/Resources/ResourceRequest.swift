/// The resources that one task needs while it runs.
public struct ResourceRequest: Sendable, Hashable {
    /// The number of cores of each rank; nil, the default, means the default for the kind of task: one for a command,
    /// none for a function, which runs on the engine's own threads.
    ///
    /// `OMP_NUM_THREADS` is set only for a task that requests a number.
    public var cores: Int?
    /// The amount of memory of the whole task, all ranks together. None, the default, isn't counted at all.
    public var memory: MemorySize
    /// The number of GPUs of the whole task, all ranks together: a share of one (0.5), or a whole number.
    ///
    /// Shares are counted in thousandths, rounded down, so that three tasks of 1.0 / 3 fit on one GPU.
    public var gpus: Double
    /// The number of processes of the task, for example those of an MPI program. Each gets ``cores`` cores.
    public var ranks: Int
    /// The amounts of user-named resources, such as licenses, of the whole task.
    public var slots: [String: Int]

    public init(
        cores: Int? = nil, memory: MemorySize = .zero, gpus: Double = 0, ranks: Int = 1, slots: [String: Int] = [:]
    ) {
        self.cores = cores
        self.memory = memory
        self.gpus = gpus
        self.ranks = ranks
        self.slots = slots
    }

    /// Whether nothing is requested beyond the defaults.
    public var isEmpty: Bool { self == ResourceRequest() }

    /// The reason why no backend could ever grant this request; nil if it is valid.
    public var problem: String? {
        if let cores, cores < 0 { return "cores must be at least 0, got \(cores)" }
        if ranks < 1 { return "ranks must be at least 1, got \(ranks)" }
        if memory < .zero { return "memory must be at least 0, got \(memory)" }
        if let cores, cores.multipliedReportingOverflow(by: ranks).overflow {
            return "ranks times cores must be at most \(Int.max), got \(ranks) ranks of \(cores) cores each"
        }
        if let problem = gpuProblem { return problem }
        for (name, count) in slots.sorted(by: { $0.key < $1.key }) {
            if name.isEmpty { return "slots must have a name, got \(count) without one" }
            if count < 0 { return "slots '\(name)' must be at least 0, got \(count)" }
        }
        return nil
    }

    /// A summary of the request beyond the defaults, for people: `2 ranks of 4 cores, 8 GiB of memory, 1 GPU`; empty if
    /// there is nothing.
    package var summary: String {
        var parts: [String] = []
        if ranks != 1 {
            parts.append("\(ranks) ranks" + (cores.map { " of \(ResourceText.cores($0))" } ?? ""))
        } else if let cores {
            parts.append(ResourceText.cores(cores))
        }
        if memory > .zero { parts.append("\(memory) of memory") }
        if gpus > 0 { parts.append(ResourceText.gpus(thousandths: ResourceClaim.thousandths(of: gpus))) }
        parts += slots.sorted { $0.key < $1.key }.filter { $0.value > 0 }.map { "\($0.value) '\($0.key)'" }
        return parts.joined(separator: ", ")
    }

    private var gpuProblem: String? {
        let problem =
            "gpus must be a share of one GPU, from 0.001 on, or a whole number of at most 1000000, got \(gpus)"
        guard gpus.isFinite, gpus >= 0, gpus <= 1_000_000 else { return problem }
        if gpus > 1, gpus != gpus.rounded() { return problem }
        if gpus > 0, ResourceClaim.thousandths(of: gpus) == 0 { return problem }
        return nil
    }
}
