import AsyncFlow
import AsyncFlowBase
import AsyncFlowFlowFile
import AsyncFlowPlan
import AsyncFlowSlurm

/// The backends that a flow runs on.
struct FlowBackends {
    private let flow: FlowFile
    private let jobs: Int?
    private let named: Set<String>

    init(_ flow: FlowFile, _ plan: CheckedPlan, jobs: Int?) {
        self.flow = flow
        self.jobs = jobs ?? flow.profile.jobs
        named = Self.names(plan.body).union(Self.names(plan.finally))
    }

    /// The backends that steps ask for by name.
    private static func names(_ body: CheckedBody) -> Set<String> {
        Set(body.allSteps.compactMap(\.step.policy.backend?.name))
    }

    /// The first one is that of steps that don't say.
    func make() throws -> [any Backend] {
        let first = flow.profile.backend ?? .local
        var wanted = [first]
        for backend in [Profile.Backend.local, .slurm, .pilots] where backend != first {
            if backend == .local || named.contains(backend.rawValue) { wanted.append(backend) }
        }
        return try wanted.map { try make($0) }
    }

    private func make(_ backend: Profile.Backend) throws -> any Backend {
        switch backend {
        case .local: return LocalBackend(name: "local", capacity: ResourceCapacity(cores: jobs))
        case .slurm: return SlurmBackend(name: "slurm", options: options)
        case .pilots:
            if flow.profile.pilots.coresPerNode == nil,
                let pilot = SlurmPilotBackend.inCurrentAllocation(name: "slurm-pilot")
            {
                return pilot
            }
            guard let cores = flow.profile.pilots.coresPerNode else {
                throw ValueError(
                    "'slurm-pilot' needs 'pilots: {cores-per-node: …}' in the profile, outside of an allocation")
            }
            var settings = SlurmPilotBackend.Settings()
            settings.maximumPilots = flow.profile.pilots.atMost
            if let seconds = flow.profile.pilots.idleSeconds {
                settings.idleTimeout = Duration(roundedToNanoseconds: seconds)
            }
            return SlurmPilotBackend(
                name: "slurm-pilot", nodes: flow.profile.pilots.nodes, coresPerNode: cores, options: options,
                settings: settings)
        }
    }

    private var options: SlurmOptions {
        let slurm = flow.profile.slurm
        return SlurmOptions(
            partition: slurm.partition, account: slurm.account, qos: slurm.qos,
            time: slurm.seconds.map { Duration(roundedToNanoseconds: $0) }, nodes: slurm.nodes,
            constraint: slurm.constraint,
            reservation: slurm.reservation, exclusive: slurm.exclusive, extraArguments: slurm.extra)
    }
}
