/// What a task takes of each resource while it runs, in whole units, so that nothing is lost by rounding.
struct ResourceClaim: Hashable, Sendable {
    struct Slot: Hashable, Sendable {
        /// The resource's place among the names of the capacity.
        var index: Int
        var count: Int
    }
    var cores = 0
    var memory: Int64 = 0
    /// In thousandths of a GPU: less than 1000, or a multiple of it.
    var gpus = 0
    /// Those of which there is something to take, by index.
    var slots: [Slot] = []

    static func thousandths(of gpus: Double) -> Int {
        guard gpus.isFinite, gpus > 0 else { return 0 }
        // What was meant as a whole number of thousandths may be a little less as a Double.
        return Int((min(gpus, 1_000_000) * 1000 + 1e-6).rounded(.down))
    }

    /// How many GPUs without any other task it takes at most.
    var wholeGPUs: Int { (gpus + 999) / 1000 }

    /// Makes each part the larger one of both.
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
