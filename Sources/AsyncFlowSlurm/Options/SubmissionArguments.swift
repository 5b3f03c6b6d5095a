import AsyncFlow

/// What `sbatch` is told of the resources and options of a task. Tasks with the same arguments can be one array.
enum SubmissionArguments {
    static func list(_ options: SlurmOptions, _ resources: ResourceRequest, isParallel: Bool) -> [String] {
        let cores = max(1, resources.cores ?? 1)
        let ranks = isParallel ? resources.ranks : 1
        var list = ["--ntasks=\(ranks)", "--cpus-per-task=\(cores)"]
        if let nodes = options.nodes { list.append("--nodes=\(nodes)") }
        if let memory = memory(
            resources.memory, nodes: ranks > 1 ? options.nodes : options.nodes ?? 1, cpus: ranks * cores)
        {
            list.append(memory)
        }
        if resources.gpus > 0 { list.append("--gpus=\(Int(resources.gpus.rounded(.up)))") }
        if !resources.slots.isEmpty {
            let licenses = resources.slots.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value)" }
            list.append("--licenses=\(licenses.joined(separator: ","))")
        }
        return list + self.list(options)
    }

    /// What doesn't depend on the resources of a task.
    static func list(_ options: SlurmOptions) -> [String] {
        var list: [String] = []
        if let partition = options.partition { list.append("--partition=\(partition)") }
        if let account = options.account { list.append("--account=\(account)") }
        if let qos = options.qos { list.append("--qos=\(qos)") }
        if let time = options.time { list.append("--time=\(text(time))") }
        if let constraint = options.constraint { list.append("--constraint=\(constraint)") }
        if let reservation = options.reservation { list.append("--reservation=\(reservation)") }
        if options.exclusive == true { list.append("--exclusive") }
        return list + options.extraArguments
    }

    /// Slurm counts memory per node or per core, a task for all of its ranks together.
    private static func memory(_ size: MemorySize, nodes: Int?, cpus: Int) -> String? {
        guard size > .zero else { return nil }
        let parts = Int64(nodes ?? cpus) << 20
        let megabytes = size.bytes / parts + (size.bytes % parts == 0 ? 0 : 1)
        return nodes == nil ? "--mem-per-cpu=\(megabytes)M" : "--mem=\(megabytes)M"
    }

    /// `days-hours:minutes:seconds`, rounded up to a second.
    static func text(_ time: Duration) -> String {
        let (whole, rest) = time.components
        let seconds = whole + (rest > 0 ? 1 : 0)
        func digits(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let clock = [seconds / 3600 % 24, seconds / 60 % 60, seconds % 60].map(digits).joined(separator: ":")
        return "\(seconds / 86_400)-\(clock)"
    }
}
