/// The resources that no running task holds.
struct FreeResources: Equatable, Sendable {
    private(set) var cores: Int
    private(set) var memory: Int64
    private(set) var gpus: GPUPool
    private(set) var slots: [Int]

    /// Creates the resources of a whole capacity, with the named resources in the order of `slotNames`.
    init(_ capacity: ResourceCapacity, slotNames: [String]) {
        cores = capacity.cores
        memory = capacity.memory.bytes
        gpus = GPUPool(count: capacity.gpus.count)
        slots = slotNames.map { capacity.slots[$0, default: 0] }
    }

    func fits(_ claim: borrowing ResourceClaim) -> Bool {
        guard claim.cores <= cores, claim.memory <= memory, gpus.fits(claim.gpus) else { return false }
        return claim.slots.isEmpty || claim.slots.allSatisfy { $0.count <= slots[$0.index] }
    }

    /// Takes a claim that ``fits(_:)``.
    mutating func take(_ claim: borrowing ResourceClaim) -> [GPUPool.Share] {
        cores -= claim.cores
        memory -= claim.memory
        for slot in claim.slots { slots[slot.index] -= slot.count }
        return gpus.take(claim.gpus)
    }

    mutating func giveBack(_ claim: borrowing ResourceClaim, _ shares: [GPUPool.Share]) {
        cores += claim.cores
        memory += claim.memory
        for slot in claim.slots { slots[slot.index] += slot.count }
        gpus.giveBack(shares)
    }

    /// Returns whether, of each resource that both need, enough is left for `other` after `claim` has been taken.
    ///
    /// A share of a GPU counts as a whole one here, because it may take an empty GPU.
    func leaveEnough(for other: borrowing ResourceClaim, after claim: borrowing ResourceClaim) -> Bool {
        if claim.cores > 0, other.cores > 0, cores - claim.cores < other.cores { return false }
        if claim.memory > 0, other.memory > 0, memory - claim.memory < other.memory { return false }
        if claim.gpus > 0, other.gpus > 0, gpus.emptyCount - claim.wholeGPUs < other.wholeGPUs { return false }
        if claim.slots.isEmpty || other.slots.isEmpty { return true }
        for need in other.slots where need.count > 0 {
            for slot in claim.slots where slot.index == need.index && slots[slot.index] - slot.count < need.count {
                return false
            }
        }
        return true
    }
}
