extension TaskOption where Kind: RoutableKind {
    /// How many cores the task needs; with ``ranks(_:)``, how many each rank needs. One for a command if nothing is
    /// said, none for a function or prompt. A command finds the number in `OMP_NUM_THREADS`.
    ///
    /// A task that needs more than its backend has fails at once with a ``TaskRefusedError``.
    public static func cores(_ count: Int) -> Self { Self { $0.resources.cores = count } }

    /// How much memory the task needs while it runs, all ranks together. It is counted, not enforced: a task that takes
    /// more isn't stopped by this.
    public static func memory(_ size: MemorySize) -> Self { Self { $0.resources.memory = size } }

    /// How many GPUs the task needs, all ranks together: a share of one, as `0.5`, or a whole number. A command finds
    /// their ids in `CUDA_VISIBLE_DEVICES`, or `ROCR_VISIBLE_DEVICES` and `HIP_VISIBLE_DEVICES`.
    public static func gpus(_ count: Double) -> Self { Self { $0.resources.gpus = count } }

    /// How much the task needs of a resource that the backend's ``ResourceCapacity`` has under a name of your own, for
    /// example `.slots("license", 1)`.
    public static func slots(_ name: String, _ count: Int = 1) -> Self { Self { $0.resources.slots[name] = count } }

    /// All that the task needs, instead of what other options said before.
    public static func resources(_ request: ResourceRequest) -> Self { Self { $0.resources = request } }
}

extension TaskOption where Kind == ExecutableKind {
    /// How many processes the command consists of, each with ``cores(_:)`` cores: it is started by `mpirun`.
    public static func ranks(_ count: Int) -> Self {
        Self {
            $0.resources.ranks = count
            $0.isParallel = true
        }
    }
}
