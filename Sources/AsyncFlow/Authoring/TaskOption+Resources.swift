extension TaskOption where Kind: RoutableKind {
    /// Requests cores for the task; with ``ranks(_:)``, for each rank. By default a command needs one core, a function
    /// or prompt none. A command finds the number in `OMP_NUM_THREADS`.
    ///
    /// A task that needs more than its backend has fails at once with a ``TaskRefusedError``.
    public static func cores(_ count: Int) -> Self { Self { $0.resources.cores = count } }

    /// Requests memory for the task while it runs, for all ranks together. Memory is counted, not enforced: a task that
    /// uses more isn't stopped by this option.
    public static func memory(_ size: MemorySize) -> Self { Self { $0.resources.memory = size } }

    /// Requests GPUs for the task, for all ranks together: a share of one, such as `0.5`, or a whole number. A command
    /// finds their ids in `CUDA_VISIBLE_DEVICES`, or in `ROCR_VISIBLE_DEVICES` and `HIP_VISIBLE_DEVICES`.
    public static func gpus(_ count: Double) -> Self { Self { $0.resources.gpus = count } }

    /// Requests an amount of a resource that the backend's ``ResourceCapacity`` has under a name you choose, for
    /// example `.slots("license", 1)`.
    public static func slots(_ name: String, _ count: Int = 1) -> Self { Self { $0.resources.slots[name] = count } }

    /// Requests all the resources of the task at once, in place of what earlier options requested.
    public static func resources(_ request: ResourceRequest) -> Self { Self { $0.resources = request } }
}

extension TaskOption where Kind == ExecutableKind {
    /// Runs the command as this many processes, each with ``cores(_:)`` cores, started by `mpirun`.
    public static func ranks(_ count: Int) -> Self {
        Self {
            $0.resources.ranks = count
            $0.isParallel = true
        }
    }
}
