public import AsyncFlow

extension TaskOption where Kind == ExecutableKind {
    /// What the task asks Slurm for where it differs from what its ``SlurmBackend`` was made with. Other backends don't
    /// see it, so that the same task runs on a laptop.
    ///
    /// - Parameters:
    ///   - partition: `--partition`.
    ///   - account: `--account`.
    ///   - qos: `--qos`.
    ///   - time: `--time`, the longest that it may run.
    ///   - nodes: `--nodes`.
    ///   - constraint: `--constraint`.
    ///   - reservation: `--reservation`.
    ///   - exclusive: `--exclusive`, whether it has its nodes for itself.
    ///   - extraArguments: arguments for `sbatch`, as they are.
    public static func slurm(
        partition: String? = nil, account: String? = nil, qos: String? = nil, time: Duration? = nil, nodes: Int? = nil,
        constraint: String? = nil, reservation: String? = nil, exclusive: Bool? = nil, extraArguments: [String] = []
    ) -> Self {
        slurm(
            SlurmOptions(
                partition: partition, account: account, qos: qos, time: time, nodes: nodes, constraint: constraint,
                reservation: reservation, exclusive: exclusive, extraArguments: extraArguments))
    }

    /// What the task asks Slurm for where it differs from what its ``SlurmBackend`` was made with.
    public static func slurm(_ options: SlurmOptions) -> Self {
        .backend { (before: SlurmOptions?) in before?.overridden(by: options) ?? options }
    }
}
