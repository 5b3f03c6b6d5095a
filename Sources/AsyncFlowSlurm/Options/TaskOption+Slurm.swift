public import AsyncFlow

extension TaskOption where Kind == ExecutableKind {
    /// Requests to Slurm in the place of those that the task's ``SlurmBackend`` was made with. Other backends don't see
    /// them, so that the same task runs on a laptop.
    ///
    /// - Parameters:
    ///   - partition: `--partition`.
    ///   - account: `--account`.
    ///   - qos: `--qos`.
    ///   - time: `--time`, the longest that it may run.
    ///   - nodes: `--nodes`.
    ///   - constraint: `--constraint`.
    ///   - reservation: `--reservation`.
    ///   - exclusive: `--exclusive`, whether it shares its nodes with no other job.
    ///   - extraArguments: more arguments for `sbatch`, unchanged.
    public static func slurm(
        partition: String? = nil, account: String? = nil, qos: String? = nil, time: Duration? = nil, nodes: Int? = nil,
        constraint: String? = nil, reservation: String? = nil, exclusive: Bool? = nil, extraArguments: [String] = []
    ) -> Self {
        slurm(
            SlurmOptions(
                partition: partition, account: account, qos: qos, time: time, nodes: nodes, constraint: constraint,
                reservation: reservation, exclusive: exclusive, extraArguments: extraArguments))
    }

    /// Requests to Slurm in the place of those that the task's ``SlurmBackend`` was made with.
    public static func slurm(_ options: SlurmOptions) -> Self {
        .backend { (before: SlurmOptions?) in before?.overridden(by: options) ?? options }
    }
}
