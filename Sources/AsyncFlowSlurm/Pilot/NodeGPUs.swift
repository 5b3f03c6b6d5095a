import AsyncFlow

/// The GPUs of an allocation on one node, by the names that programs there use.
///
/// Slurm numbers the GPUs of a node and gives an allocation any of them, so the first one of an allocation may be
/// number 2. If control groups hide the others, it is number 0 again. The variables that Slurm sets in a step tell.
/// 2. Where control groups hide the others, it is number 0 again. The variables that Slurm sets in a step tell.
struct NodeGPUs: Sendable, Hashable {
    /// The variables in which Slurm names the GPUs of a step (`src/plugins/gres/common/gres_common.c`).
    private static let variables = [
        "CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "GPU_DEVICE_ORDINAL", "ZE_AFFINITY_MASK",
    ]

    /// The names of the GPUs in each variable, in the same order.
    private let names: [String: [String]]

    /// The line of shell code that, run in a step, writes the answer for ``init(count:answer:)``.
    static let question = variables.map { "echo \"\($0)=$\($0)\"" }.joined(separator: "; ")

    /// - Parameters:
    ///   - count: the number of requested GPUs.
    ///   - answer: the output of ``question`` on the node. A variable that doesn't name that many GPUs is ignored.
    init(count: Int, answer: String) {
        var names: [String: [String]] = [:]
        for line in answer.split(whereSeparator: \.isNewline) {
            let halves = line.split(separator: "=", maxSplits: 1)
            guard halves.count == 2, Self.variables.contains(String(halves[0])) else { continue }
            let list = halves[1].split(separator: ",").map(String.init)
            if list.count >= count, Set(list).count == list.count { names[String(halves[0])] = list }
        }
        if names.isEmpty {
            let numbers = (0..<max(0, count)).map(String.init)
            names = ["CUDA_VISIBLE_DEVICES": numbers, "ROCR_VISIBLE_DEVICES": numbers]
        }
        self.names = names
    }

    /// Returns the variables that tell a program which GPUs it was granted.
    ///
    /// `HIP_VISIBLE_DEVICES` numbers those that `ROCR_VISIBLE_DEVICES` leaves from 0, as in `ResourceAllocation`.
    func environment(for shares: [GPUPool.Share]) -> [String: String] {
        // Several ranks may have shares of the same GPU.
        let indices = Set(shares.map(\.index)).sorted()
        if indices.isEmpty { return [:] }
        var environment = names.mapValues { list in
            indices.filter(list.indices.contains).map { list[$0] }.joined(separator: ",")
        }
        if environment["ROCR_VISIBLE_DEVICES"] != nil {
            environment["HIP_VISIBLE_DEVICES"] = indices.indices.map(String.init).joined(separator: ",")
        }
        return environment
    }
}
