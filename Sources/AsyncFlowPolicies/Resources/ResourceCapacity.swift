/// The resources that tasks share. Tasks that run at the same time never get more than that together.
///
/// ```swift
/// ResourceCapacity(cores: 4, memory: .gigabytes(8), slots: ["license": 3])    // the GPUs as detected
/// ```
public struct ResourceCapacity: Sendable, Hashable {
    /// The number of cores.
    public var cores: Int
    /// The amount of memory in all, used or not; ``MemorySize/unlimited`` if it can't be determined.
    public var memory: MemorySize
    /// The GPUs, all of one vendor, because a task that requests two can't use one of each.
    public var gpus: [GPU]
    /// The amounts of user-named resources.
    public var slots: [String: Int]

    /// A capacity with exactly these parts.
    package init(exactly cores: Int, _ memory: MemorySize, _ gpus: [GPU], _ slots: [String: Int]) {
        self.cores = cores
        self.memory = memory
        self.gpus = gpus
        self.slots = slots
    }

    /// Removes the last GPUs, or adds more with the lowest free numbers as ids.
    package mutating func resizeGPUs(to count: Int) {
        guard count > gpus.count else { return gpus = Array(gpus.prefix(count)) }
        let vendor = gpus.first?.vendor ?? .nvidia
        var ids = Set(gpus.map(\.id))
        var number = 0
        while gpus.count < count {
            if ids.insert("\(number)").inserted { gpus.append(GPU(id: "\(number)", vendor: vendor)) }
            number += 1
        }
    }
}

extension ResourceCapacity: CustomStringConvertible {
    /// For example `8 cores, 31.2 GiB of memory, 2 GPUs, 3 license`.
    public var description: String {
        var parts = [ResourceText.cores(cores), "\(memory) of memory"]
        if !gpus.isEmpty { parts.append(ResourceText.gpus(thousandths: gpus.count * 1000)) }
        parts += slots.sorted { $0.key < $1.key }.map { "\($0.value) '\($0.key)'" }
        return parts.joined(separator: ", ")
    }
}
