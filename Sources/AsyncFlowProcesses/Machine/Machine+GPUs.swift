extension Machine {
    /// The GPUs that this process may use: those of NVIDIA if there are any, otherwise those of AMD, which many
    /// machines also have as a part of their processor.
    package var gpus: [GPU] {
        let nvidia = (0..<nvidiaCount).map { "\($0)" }
        if !nvidia.isEmpty {
            return visible(nvidia, by: "CUDA_VISIBLE_DEVICES").map { GPU(id: $0, vendor: .nvidia) }
        }
        let amd = (0..<amdCount).map { "\($0)" }
        let left = visible(amd, by: "ROCR_VISIBLE_DEVICES")
        // This variable numbers the remaining GPUs from 0.
        let chosen = visible(left.indices.map { "\($0)" }, by: "HIP_VISIBLE_DEVICES").compactMap { Int($0) }
        return chosen.map { GPU(id: left[$0], vendor: .amd) }
    }

    /// The number of NVIDIA GPUs. A container may see all of the machine's GPUs in one of these places and only its own
    /// in the other; the files in `/dev` may be missing until a GPU is first used.
    private var nvidiaCount: Int {
        let inProc = names(in: "/proc/driver/nvidia/gpus").count
        let inDev = names(in: "/dev").count { name in
            name.hasPrefix("nvidia") && name.count > 6 && name.dropFirst(6).allSatisfy { ("0"..."9").contains($0) }
        }
        return inProc > 0 && inDev > 0 ? min(inProc, inDev) : max(inProc, inDev)
    }

    /// The number of AMD GPUs: the nodes of the topology that have vector units. The properties of nodes that this
    /// process may not use can't be read.
    private var amdCount: Int {
        let nodes = "/sys/class/kfd/kfd/topology/nodes"
        return names(in: nodes).count { node in
            lines(of: "\(nodes)/\(node)/properties").contains { line in
                let words = line.split(separator: " ")
                return words.count == 2 && words[0] == "simd_count" && (Int64(words[1]) ?? 0) > 0
            }
        }
    }

    /// Returns the GPUs, numbered from 0, that a variable such as `CUDA_VISIBLE_DEVICES` selects: a list of numbers and
    /// unique ids that ends, as the vendors' libraries read it, at the first entry that is neither, or that is
    /// repeated.
    private func visible(_ ids: [String], by variable: String) -> [String] {
        guard let list = environment[variable] else { return ids }
        var visible: [String] = []
        for entry in list.split(separator: ",", omittingEmptySubsequences: false) {
            let words = entry.split(separator: " ")
            guard words.count == 1, let id = words.first.map(String.init) else { break }
            let isKnown = Int(id).map(ids.indices.contains) ?? (id.hasPrefix("GPU-") || id.hasPrefix("MIG-"))
            let name = Int(id).flatMap { ids.indices.contains($0) ? ids[$0] : nil } ?? id
            guard isKnown, !visible.contains(name) else { break }
            visible.append(name)
        }
        return visible
    }
}
