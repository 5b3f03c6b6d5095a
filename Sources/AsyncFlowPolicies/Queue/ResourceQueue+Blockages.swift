extension ResourceQueue {
    /// Tasks that wait in vain for the same resources, and the tasks that hold them.
    package struct Blockage: Sendable {
        package let waiting: [ID]
        package let by: [ID]
        package let cause: WaitCause
        /// The request of each waiting task.
        package let request: ResourceRequest
        package let coresPerRank: Int
    }

    /// Returns the tasks that wait for resources that others hold, but not those that wait only for time to pass. It
    /// examines everything, so it shouldn't be called often.
    func blockages() -> [Blockage] {
        var waiting: [Int: [Int]] = [:]
        var running: [Int: [ID]] = [:]
        for (id, index) in indices {
            if roster[index].isRunning {
                running[roster[index].shape, default: []].append(id)
            } else {
                waiting[roster[index].shape, default: []].append(index)
            }
        }
        return waiting.compactMap { shape, indices in
            let key = shapes[shape].key
            let lane = lanes[key.lane]
            let isLimited = lane.key != nil && !lane.allows(1, at: now)
            if isLimited, lane.opening(at: now) != nil { return nil }
            let holders = running.filter { other, _ in
                let otherKey = shapes[other].key
                return isLimited ? otherKey.lane == key.lane : otherKey.claim.shares(with: key.claim)
            }
            return Blockage(
                waiting: indices.compactMap { roster[$0].id }, by: holders.values.flatMap { $0 },
                cause: isLimited ? .limit : .resources, request: roster[indices[0]].request,
                coresPerRank: roster[indices[0]].coresPerRank)
        }
    }
}

extension ResourceClaim {
    /// Returns whether both take something of the same resource.
    package func shares(with other: ResourceClaim) -> Bool {
        (cores > 0 && other.cores > 0) || (memory > 0 && other.memory > 0) || (gpus > 0 && other.gpus > 0)
            || slots.contains { slot in other.slots.contains { $0.index == slot.index } }
    }
}
