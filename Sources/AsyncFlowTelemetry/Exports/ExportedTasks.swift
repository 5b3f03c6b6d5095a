/// The tasks of a run for formats without blocks: the members of a block take its place.
struct ExportedTasks {
    let model: RunModel
    /// The places of all tasks that had an event, except blocks.
    let places: [Int]
    /// The members that no other member waits for, by the place of their block.
    private let lastMembers: [Int: [Int]]
    private var parentsOfPlace: [Int: [Int]] = [:]
    private var childrenOfPlace: [Int: [Int]] = [:]

    /// The depth to which nested blocks are followed.
    private static let deepest = 100

    init(of model: RunModel) {
        self.model = model
        places = (0..<model.taskCount).filter { model.isKnown($0) && model.kind[$0] != .block }
        var hasFollower = [Bool](repeating: false, count: model.taskCount)
        for place in 0..<model.taskCount {
            guard let block = model.block(place) else { continue }
            for other in model.dependencies(place) where model.block(other) == block { hasFollower[other] = true }
        }
        var last: [Int: [Int]] = [:]
        for place in 0..<model.taskCount where !hasFollower[place] && model.isKnown(place) {
            if let block = model.block(place) { last[block, default: []].append(place) }
        }
        lastMembers = last
        for place in places {
            let parents = parents(of: place)
            parentsOfPlace[place] = parents
            for parent in parents { childrenOfPlace[parent, default: []].append(place) }
        }
    }

    func parents(_ place: Int) -> [Int] { parentsOfPlace[place] ?? [] }
    func children(_ place: Int) -> [Int] { childrenOfPlace[place] ?? [] }

    /// Returns the tasks that had to end first. For a member of a block that waits for no other member, these are the
    /// parents of the block.
    private func parents(of place: Int) -> [Int] {
        var found: [Int] = []
        var seen: Set<Int> = [place]
        var (current, depth) = (place, 0)
        while depth < Self.deepest {
            for dependency in model.dependencies(current) { add(dependency, to: &found, &seen, depth: 0) }
            guard found.isEmpty, let block = model.block(current) else { break }
            (current, depth) = (block, depth + 1)
        }
        return found
    }

    private func add(_ place: Int, to found: inout [Int], _ seen: inout Set<Int>, depth: Int) {
        guard depth < Self.deepest, seen.insert(place).inserted, model.isKnown(place) else { return }
        if model.kind[place] != .block { return found.append(place) }
        for member in lastMembers[place] ?? [] { add(member, to: &found, &seen, depth: depth + 1) }
    }
}

/// The reason that a run can't be written in a format.
package struct ExportError: Error, Equatable, CustomStringConvertible {
    package let description: String
}
