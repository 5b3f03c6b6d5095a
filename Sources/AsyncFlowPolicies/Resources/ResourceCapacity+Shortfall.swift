extension ResourceCapacity {
    /// Returns the reason why a task with this request could never run here, even alone: `needs 64 cores, but backend
    /// 'local' has 8`.
    ///
    /// - Parameters:
    ///   - request: the task's request; an invalid one (see ``ResourceRequest/problem``) can't run either.
    ///   - defaultCores: the number of cores if the request gives none.
    ///   - owner: the owner of the capacity, for the text.
    /// - Returns: nil if the task could run.
    package func shortfall(for request: ResourceRequest, defaultCores: Int, owner: String) -> String? {
        if let problem = request.problem { return problem }
        var needs: [String] = []
        var haves: [String] = []
        let coresPerRank = request.cores ?? defaultCores
        let cores = coresPerRank * request.ranks
        if cores > self.cores {
            let ranks = request.ranks == 1 ? "" : " (\(request.ranks) ranks of \(coresPerRank))"
            needs.append(ResourceText.cores(cores) + ranks)
            haves.append(needs.count == 1 ? "\(self.cores)" : ResourceText.cores(self.cores))
        }
        if request.memory > memory {
            needs.append("\(request.memory) of memory")
            haves.append(haves.isEmpty ? "\(memory)" : "\(memory) of memory")
        }
        let thousandths = ResourceClaim.thousandths(of: request.gpus)
        if thousandths > gpus.count * 1000 {
            needs.append(ResourceText.gpus(thousandths: thousandths))
            haves.append(gpus.isEmpty ? "no GPU" : ResourceText.gpus(thousandths: gpus.count * 1000))
        }
        for (name, count) in request.slots.sorted(by: { $0.key < $1.key }) where count > slots[name, default: 0] {
            needs.append("\(count) '\(name)'")
            haves.append(slots[name].map { "\($0) '\(name)'" } ?? "no '\(name)' (its capacity names none)")
        }
        guard !needs.isEmpty else { return nil }
        return "needs \(ResourceText.list(needs)), but \(owner) has \(ResourceText.list(haves))"
    }
}
