/// The graph of a run's tasks, or of their names if there are many tasks, with a position for each node.
package struct RunGraph: Sendable {
    package struct Node: Sendable {
        package let id: String
        package let label: String
        package let name: String
        /// The place of the task; nil if the node stands for several.
        package var place: Int?
        /// The number of tasks in each state, by its raw value.
        package var counts = [Int](repeating: 0, count: RunState.allCases.count)
        package var layer = 0
        package var order = 0

        package var count: Int { counts.reduce(0, +) }

        /// The state that determines the colour: the worst that has happened, or else what is still to be done.
        package var state: RunState {
            for state in [RunState.failed, .running, .queued, .waiting, .cancelled]
            where counts[Int(state.rawValue)] > 0 { return state }
            return .done
        }
    }

    package struct Edge: Sendable, Equatable {
        package let from: Int
        package let to: Int
        package var count: Int
    }

    private struct Pair: Hashable {
        let from: Int
        let to: Int
    }

    package let isFolded: Bool
    package private(set) var nodes: [Node] = []
    package private(set) var edges: [Edge] = []

    /// - Parameter limit: the number of tasks above which the tasks of a name become one node; if there are more names
    ///   than that, the rarest become one node.
    package init(of model: RunModel, limit: Int = 500) {
        isFolded = model.createdCount > max(1, limit)
        let nodeOfPlace = isFolded ? addNames(model, max(1, limit)) : addTasks(model)
        var indices: [Pair: Int] = [:]
        for place in 0..<model.taskCount {
            guard let to = nodeOfPlace(place) else { continue }
            for dependency in model.dependencies(place) {
                guard let from = nodeOfPlace(dependency) else { continue }
                if let index = indices[Pair(from: from, to: to)] {
                    edges[index].count += 1
                } else {
                    indices[Pair(from: from, to: to)] = edges.count
                    edges.append(Edge(from: from, to: to, count: 1))
                }
            }
        }
        let layout = LayeredLayout(nodeCount: nodes.count, edges: edges.map { ($0.from, $0.to) })
        for node in nodes.indices {
            nodes[node].layer = layout.layer[node]
            nodes[node].order = layout.order[node]
        }
    }

    private mutating func addTasks(_ model: RunModel) -> (Int) -> Int? {
        var numbers: [Int?] = []
        for place in 0..<model.taskCount {
            guard model.isKnown(place) else {
                numbers.append(nil)
                continue
            }
            numbers.append(nodes.count)
            let name = model.name(place)
            var node = Node(id: model.id(place), label: name.isEmpty ? model.id(place) : name, name: name)
            node.place = place
            node.counts[Int(model.state[place].rawValue)] = 1
            nodes.append(node)
        }
        return { [numbers] in numbers[$0] }
    }

    private mutating func addNames(_ model: RunModel, _ limit: Int) -> (Int) -> Int? {
        let used = model.names.indices.filter { model.names[$0].counts.reduce(0, +) > 0 }
        var kept = used
        if used.count > limit {
            kept = Array(
                used.sorted {
                    (model.names[$1].counts.reduce(0, +), $0) < (model.names[$0].counts.reduce(0, +), $1)
                }.prefix(limit - 1)
            ).sorted()
        }
        var numbers = [Int](repeating: -1, count: model.names.count)
        for name in kept {
            numbers[name] = nodes.count
            let text = model.texts[model.names[name].text]
            var node = Node(id: "name-\(name)", label: text.isEmpty ? "(unnamed)" : text, name: text)
            node.counts = model.names[name].counts
            nodes.append(node)
        }
        if kept.count < used.count {
            var node = Node(id: "other-names", label: "\(used.count - kept.count) other names", name: "")
            for name in used where numbers[name] < 0 {
                numbers[name] = nodes.count
                for state in node.counts.indices { node.counts[state] += model.names[name].counts[state] }
            }
            nodes.append(node)
        }
        return { [numbers] place in
            model.isKnown(place) ? numbers[model.nameNumber(place)] : nil
        }
    }
}

/// The layers of a directed graph and the order of nodes in them (Sugiyama, Tagawa, Toda 1981: longest path layering,
/// barycentres). Edges that close a cycle are ignored.
struct LayeredLayout {
    private(set) var layer: [Int]
    private(set) var order: [Int]

    init(nodeCount: Int, edges: [(Int, Int)]) {
        layer = [Int](repeating: 0, count: nodeCount)
        order = [Int](repeating: 0, count: nodeCount)
        var next = [[Int]](repeating: [], count: nodeCount)
        for (from, to) in edges where from != to { next[from].append(to) }
        let backwards = Self.topologicalOrder(&next).reversed()
        // `next` no longer has cycles.
        for node in backwards.reversed() {
            for target in next[node] { layer[target] = max(layer[target], layer[node] + 1) }
        }
        arrange(next)
    }

    /// Sorts depth first, without recursion; edges to a node that is being visited are removed.
    private static func topologicalOrder(_ next: inout [[Int]]) -> [Int] {
        enum Mark { case new, open, done }
        var marks = [Mark](repeating: .new, count: next.count)
        var finished: [Int] = []
        for root in next.indices where marks[root] == .new {
            var stack = [(node: root, position: 0)]
            marks[root] = .open
            while let (node, position) = stack.last {
                guard position < next[node].count else {
                    marks[node] = .done
                    finished.append(node)
                    stack.removeLast()
                    continue
                }
                let target = next[node][position]
                if marks[target] == .open {
                    next[node].remove(at: position)
                    continue
                }
                stack[stack.count - 1].position += 1
                if marks[target] == .new {
                    marks[target] = .open
                    stack.append((target, 0))
                }
            }
        }
        return finished.reversed()
    }

    private mutating func arrange(_ next: [[Int]]) {
        var before = [[Int]](repeating: [], count: next.count)
        for node in next.indices { for target in next[node] { before[target].append(node) } }
        var layers = [[Int]](repeating: [], count: (layer.max() ?? -1) + 1)
        for node in next.indices { layers[layer[node]].append(node) }
        number(layers)
        for round in 0..<4 {
            let neighbours = round.isMultiple(of: 2) ? before : next
            let indices = round.isMultiple(of: 2) ? Array(layers.indices) : layers.indices.reversed()
            for index in indices {
                let centres = layers[index].map { node -> Double in
                    guard !neighbours[node].isEmpty else { return Double(order[node]) }
                    return neighbours[node].reduce(0.0) { $0 + Double(order[$1]) } / Double(neighbours[node].count)
                }
                let sorted = layers[index].indices.sorted { (centres[$0], $0) < (centres[$1], $1) }
                layers[index] = sorted.map { layers[index][$0] }
                for (position, node) in layers[index].enumerated() { order[node] = position }
            }
        }
    }

    private mutating func number(_ layers: [[Int]]) {
        for layer in layers { for (position, node) in layer.enumerated() { order[node] = position } }
    }
}
