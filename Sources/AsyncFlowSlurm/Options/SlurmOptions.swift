/// The requests of a job to Slurm beyond the resources that every backend understands. Slurm decides on those that are
/// nil.
public struct SlurmOptions: Sendable, Hashable {
    /// The partition that the job may run in: `--partition`.
    public var partition: String?
    /// The account to charge: `--account`.
    public var account: String?
    /// The quality of service: `--qos`.
    public var qos: String?
    /// The time limit of the job, rounded up to whole seconds: `--time`. Slurm itself rounds up to minutes.
    public var time: Duration?
    /// The number of nodes that the job runs on, from 1 to 1,000,000: `--nodes`. Ranks are spread over them.
    public var nodes: Int?
    /// The features that the nodes must have: `--constraint`.
    public var constraint: String?
    /// The reservation that the job belongs to: `--reservation`.
    public var reservation: String?
    /// Whether the job shares its nodes with no other one: `--exclusive`.
    public var exclusive: Bool?
    /// Further arguments for `sbatch`, unchanged and after all others. Those of a task come after those of the backend.
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

    /// Returns these options, overridden by the other ones that are set.
    func overridden(by others: SlurmOptions?) -> SlurmOptions {
        guard let others else { return self }
        return SlurmOptions(
            partition: others.partition ?? partition, account: others.account ?? account, qos: others.qos ?? qos,
            time: others.time ?? time, nodes: others.nodes ?? nodes, constraint: others.constraint ?? constraint,
            reservation: others.reservation ?? reservation, exclusive: others.exclusive ?? exclusive,
            extraArguments: extraArguments + others.extraArguments)
    }

    /// The maximum number of nodes; more than any cluster has.
    static let mostNodes = 1_000_000

    /// The reason that no cluster could accept these options; nil if they make sense.
    var problem: String? {
        if let nodes, nodes < 1 { return "nodes must be at least 1, got \(nodes)" }
        if let nodes, nodes > Self.mostNodes { return "nodes must be at most \(Self.mostNodes), got \(nodes)" }
        if let time, time <= .zero { return "time must be more than zero, got \(time)" }
        let texts =
            [
                ("partition", partition), ("account", account), ("qos", qos), ("constraint", constraint),
                ("reservation", reservation),
            ] + extraArguments.map { ("extraArguments", $0) }
        for case (let name, let text?) in texts where text.utf8.contains(0) {
            return "\(name) contains a NUL byte, which no program can be given"
        }
        return nil
    }
}
