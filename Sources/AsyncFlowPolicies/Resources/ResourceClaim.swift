/// The amount of each resource that a task takes while it runs, in whole units, so that nothing is lost by rounding.
package struct ResourceClaim: Hashable, Sendable {
    package struct Slot: Hashable, Sendable {
        /// The resource's index among the names of the capacity.
        package var index: Int
        package var count: Int
    }
    package var cores = 0
    package var memory: Int64 = 0
    /// The share of GPUs in thousandths: less than 1000, or a multiple of it.
    package var gpus = 0
    /// The named resources of which the task takes something, by index.
    package var slots: [Slot] = []

    package static func thousandths(of gpus: Double) -> Int {
        guard gpus.isFinite, gpus > 0 else { return 0 }
        // An intended whole number of thousandths may be slightly less as a Double.
        return Int((min(gpus, 1_000_000) * 1000 + 1e-6).rounded(.down))
    }

    /// The maximum number of GPUs without any other task that it takes.
    var wholeGPUs: Int { (gpus + 999) / 1000 }

    /// Sets each part to the larger one of both.
    mutating func formMaximum(_ other: ResourceClaim) {
        cores = max(cores, other.cores)
        memory = max(memory, other.memory)
        gpus = max(gpus, other.gpus)
        for slot in other.slots {
            if let place = slots.firstIndex(where: { $0.index == slot.index }) {
                slots[place].count = max(slots[place].count, slot.count)
            } else {
                slots.append(slot)
            }
        }
    }
}
