/// What a job asks Slurm for, beyond the resources that every backend understands. What is nil is left to the cluster.
public struct SlurmOptions: Sendable, Hashable {
    /// Where the job may run: `--partition`.
    public var partition: String?
    /// Who pays: `--account`.
    public var account: String?
    /// The quality of service: `--qos`.
    public var qos: String?
    /// The longest that the job may run, rounded up to whole seconds: `--time`. Slurm itself rounds up to minutes.
    public var time: Duration?
    /// How many nodes it runs on: `--nodes`. Ranks are spread over them.
    public var nodes: Int?
    /// What the nodes must have: `--constraint`.
    public var constraint: String?
    /// A reservation that it belongs to: `--reservation`.
    public var reservation: String?
    /// Whether it has its nodes for itself: `--exclusive`.
    public var exclusive: Bool?
    /// Arguments for `sbatch`, as they are, after all others. Those of a task come after those of the backend.
    public var extraArguments: [String]

    public init(
        partition: String? = nil, account: String? = nil, qos: String? = nil, time: Duration? = nil, nodes: Int? = nil,
        constraint: String? = nil, reservation: String? = nil, exclusive: Bool? = nil, extraArguments: [String] = []
    ) {
        self.partition = partition
        self.account = account
        self.qos = qos
        self.time = time
        self.nodes = nodes
        self.constraint = constraint
        self.reservation = reservation
        self.exclusive = exclusive
        self.extraArguments = extraArguments
    }

    /// These options, with what others say in the place of what these say.
    func overridden(by others: SlurmOptions?) -> SlurmOptions {
        guard let others else { return self }
        return SlurmOptions(
            partition: others.partition ?? partition, account: others.account ?? account, qos: others.qos ?? qos,
            time: others.time ?? time, nodes: others.nodes ?? nodes, constraint: others.constraint ?? constraint,
            reservation: others.reservation ?? reservation, exclusive: others.exclusive ?? exclusive,
            extraArguments: extraArguments + others.extraArguments)
    }

    /// Why no cluster could take this; nil if it makes sense.
    var problem: String? {
        if let nodes, nodes < 1 { return "\(nodes) nodes were asked for; it takes a number of 1 or more" }
        if let time, time <= .zero { return "a time limit of \(time) was given; it takes more than nothing" }
        let texts = [partition, account, qos, constraint, reservation].compactMap { $0 } + extraArguments
        if texts.contains(where: { $0.utf8.contains(0) }) { return "an option for sbatch has a NUL byte in it" }
        return nil
    }
}
