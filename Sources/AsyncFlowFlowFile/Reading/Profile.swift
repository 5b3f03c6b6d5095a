package import AsyncFlowPlan

/// Where and with what steps run.
package struct Profile: Sendable {
    package enum Backend: String, Sendable {
        case local
        case slurm
        case pilots = "slurm-pilot"
    }

    package struct Slurm: Sendable {
        package var partition, account, qos, constraint, reservation: String?
        package var seconds: Double?
        package var nodes: Int?
        package var exclusive: Bool?
        package var extra: [String] = []
    }

    package struct Pilots: Sendable {
        package var nodes = 1
        package var coresPerNode: Int?
        package var atMost = 1
        package var idleSeconds: Double?
    }

    package var backend: Backend?
    package var jobs: Int?
    package var containerEngine = ContainerEngine.none
    package var slurm = Slurm()
    package var pilots = Pilots()
    package init() {}
}

extension FlowReader {
    /// Adds the settings of a profile to those of the profiles before it, which they replace.
    mutating func apply(_ node: YAMLNode, to profile: inout Profile) {
        let fields = Fields(node, .profile, &diagnostics)
        if let name = fields.choice("backend", &diagnostics) { profile.backend = Profile.Backend(rawValue: name) }
        if let name = fields.choice("container-engine", &diagnostics), let engine = ContainerEngine(rawValue: name) {
            profile.containerEngine = engine
        }
        if let jobs = fields.integer("jobs", in: 1...1_000_000, &diagnostics) { profile.jobs = jobs }
        if let node = fields["slurm"] { apply(slurm: node, to: &profile.slurm) }
        if let node = fields["pilots"] { apply(pilots: node, to: &profile.pilots) }
        // Of the patterns of one profile, the first counts most.
        for pair in (fields["steps"]?.pairs ?? []).reversed() {
            policies.insert((pair.key.text?.text, pair.value, true), at: 0)
        }
        if let node = fields["defaults"] { policies.insert((nil, node, false), at: 0) }
    }

    private mutating func apply(slurm node: YAMLNode, to slurm: inout Profile.Slurm) {
        let fields = Fields(node, .slurm, &diagnostics)
        slurm.partition = fields.text("partition") ?? slurm.partition
        slurm.account = fields.text("account") ?? slurm.account
        slurm.qos = fields.text("qos") ?? slurm.qos
        slurm.constraint = fields.text("constraint") ?? slurm.constraint
        slurm.reservation = fields.text("reservation") ?? slurm.reservation
        slurm.seconds = seconds(fields["time"]) ?? slurm.seconds
        slurm.nodes = fields.integer("nodes", in: 1...1_000_000, &diagnostics) ?? slurm.nodes
        slurm.exclusive = fields.flag("exclusive") ?? slurm.exclusive
        slurm.extra += fields.list("extra").compactMap { $0.text?.text }
    }

    private mutating func apply(pilots node: YAMLNode, to pilots: inout Profile.Pilots) {
        let fields = Fields(node, .pilots, &diagnostics)
        pilots.nodes = fields.integer("nodes", in: 1...1_000_000, &diagnostics) ?? pilots.nodes
        pilots.coresPerNode = fields.integer("cores-per-node", in: 1...1_000_000, &diagnostics) ?? pilots.coresPerNode
        pilots.atMost = fields.integer("at-most", in: 1...10_000, &diagnostics) ?? pilots.atMost
        pilots.idleSeconds = seconds(fields["idle"]) ?? pilots.idleSeconds
    }

    /// A time that is written without expressions.
    private mutating func seconds(_ node: YAMLNode?) -> Double? {
        guard let node, let text = node.text?.text else { return nil }
        do throws(ValueError) {
            if case .duration(let seconds) = try Quantity.parse(text, as: .duration) { return seconds }
        } catch { diagnostics.error(node.place, error.description) }
        return nil
    }
}
