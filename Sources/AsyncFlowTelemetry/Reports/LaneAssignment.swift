/// An assignment of tasks to lanes on which no two overlap: a worker's tasks together, others on the first free lane.
struct LaneAssignment {
    struct Lane {
        let backend: String
        /// The worker of the lane's tasks; `nil` if they don't name one.
        let worker: Int?
        let isBlocks: Bool
        var end: Double
    }

    private struct Owner: Hashable {
        let backend: UInt16
        let worker: Int32
        let isBlocks: Bool
    }

    private(set) var lanes: [Lane] = []
    /// The tasks that ran, in the order of their starts.
    let places: [UInt32]
    /// The lane of each task, by its place.
    private(set) var laneOfPlace: [UInt32]

    init(of model: RunModel) {
        places = (0..<UInt32(model.taskCount)).filter { !model.started[Int($0)].isNaN }
            .sorted { left, right in
                let starts = (model.started[Int(left)], model.started[Int(right)])
                return starts.0 == starts.1 ? left < right : starts.0 < starts.1
            }
        laneOfPlace = [UInt32](repeating: 0, count: model.taskCount)
        var owned: [Owner: FreeLanes] = [:]
        for number in places {
            let place = Int(number)
            let isBlocks = model.kind[place] == .block || model.kind[place] == .service
            let owner = Owner(
                backend: model.backendIndex[place], worker: isBlocks ? -1 : model.worker[place], isBlocks: isBlocks)
            let end = model.end(place)
            let lane = owned[owner, default: FreeLanes()].take(from: model.started[place], to: end) {
                lanes.append(
                    Lane(
                        backend: model.backend(place) ?? "", worker: isBlocks ? nil : model.worker(place),
                        isBlocks: isBlocks, end: end))
                return lanes.count - 1
            }
            lanes[lane].end = end
            laneOfPlace[place] = UInt32(lane)
        }
    }
}

/// The lanes of one owner: those in use by their ends, and the free ones, lowest first.
private struct FreeLanes {
    private var busy = MinimumHeap()
    private var free = MinimumHeap()

    mutating func take(from start: Double, to end: Double, make: () -> Int) -> Int {
        while let first = busy.first, first.key <= start {
            busy.removeFirst()
            free.insert(.init(key: Double(first.value), value: first.value))
        }
        let lane: Int
        if let first = free.first {
            free.removeFirst()
            lane = first.value
        } else {
            lane = make()
        }
        busy.insert(.init(key: end, value: lane))
        return lane
    }
}

private struct MinimumHeap {
    struct Entry {
        let key: Double
        let value: Int
    }

    private var entries: [Entry] = []
    var first: Entry? { entries.first }

    mutating func insert(_ entry: Entry) {
        entries.append(entry)
        var child = entries.count - 1
        while child > 0, entries[(child - 1) / 2].key > entries[child].key {
            entries.swapAt((child - 1) / 2, child)
            child = (child - 1) / 2
        }
    }

    mutating func removeFirst() {
        entries.swapAt(0, entries.count - 1)
        entries.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < entries.count && entries[child].key < entries[least].key { least = child }
            if least == parent { return }
            entries.swapAt(least, parent)
            parent = least
        }
    }
}
