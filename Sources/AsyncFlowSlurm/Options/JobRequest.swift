import AsyncFlow
import AsyncFlowBase

/// The requests of a job to Slurm. Tasks with equal requests can form one array.
package struct JobRequest: Sendable, Hashable {
    /// Memory in Slurm's terms, per node or per core; a task's memory is for all of its ranks together.
    package enum Memory: Sendable, Hashable {
        case perNode(mebibytes: Int64)
        case perCore(mebibytes: Int64)
    }
    package var ranks: Int
    package var cores: Int
    package var memory: Memory?
    package var gpus: Int
    /// The licenses in Slurm's form: `matlab:1,ansys:2`; nil for none.
    package var licenses: String?
    package var options: SlurmOptions

    init(_ options: SlurmOptions, _ resources: ResourceRequest, isParallel: Bool) {
        self.options = options
        cores = max(1, resources.cores ?? 1)
        ranks = isParallel ? resources.ranks : 1
        gpus = Int(resources.gpus.rounded(.up))
        if resources.memory > .zero {
            let nodes = ranks > 1 ? options.nodes : options.nodes ?? 1
            let parts = max(1, Int64(nodes ?? ranks.multipliedSaturated(by: cores))).multipliedSaturated(by: 1 << 20)
            let size = resources.memory.bytes / parts + (resources.memory.bytes % parts == 0 ? 0 : 1)
            memory = nodes == nil ? .perCore(mebibytes: size) : .perNode(mebibytes: size)
        }
        if !resources.slots.isEmpty {
            licenses = resources.slots.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value)" }
                .joined(separator: ",")
        }
    }

    /// The arguments for `sbatch`.
    var arguments: [String] {
        var list = ["--ntasks=\(ranks)", "--cpus-per-task=\(cores)"]
        if let nodes = options.nodes { list.append("--nodes=\(nodes)") }
        switch memory {
        case .perNode(let size): list.append("--mem=\(size)M")
        case .perCore(let size): list.append("--mem-per-cpu=\(size)M")
        case nil: break
        }
        if gpus > 0 { list.append("--gpus=\(gpus)") }
        if let licenses { list.append("--licenses=\(licenses)") }
        return list + options.arguments
    }
}

extension SlurmOptions {
    /// The arguments for `sbatch` and `salloc` that don't depend on the resources of a task.
    var arguments: [String] {
        var list: [String] = []
        if let partition { list.append("--partition=\(partition)") }
        if let account { list.append("--account=\(account)") }
        if let qos { list.append("--qos=\(qos)") }
        if let time { list.append("--time=\(Self.text(time))") }
        if let constraint { list.append("--constraint=\(constraint)") }
        if let reservation { list.append("--reservation=\(reservation)") }
        if exclusive == true { list.append("--exclusive") }
        return list + extraArguments
    }

    /// Returns `days-hours:minutes:seconds`, rounded up to a second.
    private static func text(_ time: Duration) -> String {
        let (whole, rest) = time.bounded.components
        let seconds = whole + (rest > 0 ? 1 : 0)
        func digits(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let clock = [seconds / 3600 % 24, seconds / 60 % 60, seconds % 60].map(digits).joined(separator: ":")
        return "\(seconds / 86_400)-\(clock)"
    }
}
