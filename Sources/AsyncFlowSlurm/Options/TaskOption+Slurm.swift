public import AsyncFlow

extension TaskOption where Kind == ExecutableKind {
    /// Overrides the Slurm options of the task's ``SlurmBackend``. Other backends ignore them, so the same task runs on
    /// a laptop.
    ///
    /// - Parameters:
    ///   - partition: `--partition`.
    ///   - account: `--account`.
    ///   - qos: `--qos`.
    ///   - time: `--time`, the time limit of the job.
    ///   - nodes: `--nodes`.
    ///   - constraint: `--constraint`.
    ///   - reservation: `--reservation`.
    ///   - exclusive: `--exclusive`, whether the job shares its nodes with no other one.
    ///   - extraArguments: further arguments for `sbatch`, unchanged.
    public static func slurm(
        partition: String? = nil, account: String? = nil, qos: String? = nil, time: Duration? = nil, nodes: Int? = nil,
        constraint: String? = nil, reservation: String? = nil, exclusive: Bool? = nil, extraArguments: [String] = []
    ) -> Self {
        slurm(
            SlurmOptions(
                partition: partition, account: account, qos: qos, time: time, nodes: nodes, constraint: constraint,
                reservation: reservation, exclusive: exclusive, extraArguments: extraArguments))
    }

    /// Overrides the Slurm options of the task's ``SlurmBackend``.
    public static func slurm(_ options: SlurmOptions) -> Self {
        .backend { (before: SlurmOptions?) in before?.overridden(by: options) ?? options }
    }
}
