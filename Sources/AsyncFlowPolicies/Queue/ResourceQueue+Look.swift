extension ResourceQueue {
    /// Examines the waiting tasks in order, and starts those that fit.
    mutating func look(_ actions: inout [Action]) {
        var walk = Walk()
        passed.removeAll(keepingCapacity: true)
        entered.removeAll(keepingCapacity: true)
        // The resources held for tasks that were set back too often, and those tasks' lanes.
        var held = ResourceClaim()
        var heldLanes: [Int] = []
        while passed.count < lookAhead, let place = next(&walk) {
            // The usual end: all cores are taken or held.
            if corelessCount == 0, free.cores <= held.cores, free.cores == 0 || held.cores > 0 { break }
            let shape = place.shape
            let lane = shapes[shape].key.lane
            let mayStart =
                free.fits(shapes[shape].key.claim) && free.leaveEnough(for: held, after: shapes[shape].key.claim)
                && (!heldLanes.contains(lane) || lanes[lane].allows(2, at: now))
            if mayStart {
                setBack(by: shape, &held, &heldLanes)
                actions.append(start(shapes[shape].waiting.first!))
                walk.isOpenKnown = false
            } else {
                passed.append(shape)
                if shapes[shape].setbacks >= maximumSetbacks { hold(for: shape, &held, &heldLanes) }
            }
        }
    }

    /// Counts the start of a shape's first task against the tasks that were passed over and are set back by it.
    private mutating func setBack(by shape: Int, _ held: inout ResourceClaim, _ heldLanes: inout [Int]) {
        if passed.isEmpty { return }
        let claim = shapes[shape].key.claim
        let lane = shapes[shape].key.lane
        let leavesPlace = lanes[lane].allows(2, at: now)
        for other in passed {
            let otherLane = shapes[other].key.lane
            // An earlier start in this pass was the last that its limit allows.
            if lanes[otherLane].listed == nil { continue }
            let isClosed = otherLane == lane && !leavesPlace
            if !isClosed, free.leaveEnough(for: shapes[other].key.claim, after: claim) { continue }
            shapes[other].setbacks += 1
            if shapes[other].setbacks == maximumSetbacks, !isClosed { hold(for: other, &held, &heldLanes) }
        }
    }

    private func hold(for shape: Int, _ held: inout ResourceClaim, _ heldLanes: inout [Int]) {
        held.formMaximum(shapes[shape].key.claim)
        let lane = shapes[shape].key.lane
        if lanes[lane].key != nil, !heldLanes.contains(lane) { heldLanes.append(lane) }
    }

    /// Starts a task, which is the first of its shape.
    private mutating func start(_ index: Int) -> Action {
        let shape = roster[index].shape
        let lane = shapes[shape].key.lane
        let shares = free.take(shapes[shape].key.claim)
        leave(index)
        markRunning(index, shares)
        lanes[lane].addStart(at: now)
        if lanes[lane].key != nil { updateLane(lane) }
        return .start(roster[index].id!, allocation(of: index))
    }

    private func allocation(of index: Int) -> ResourceAllocation {
        let entry = roster[index]
        return ResourceAllocation(
            ranks: entry.request.ranks, coresPerRank: entry.coresPerRank, saysCores: entry.request.cores != nil,
            memory: entry.request.memory,
            gpus: entry.shares!.map { .init(gpu: capacity.gpus[$0.index], thousandths: $0.thousandths) },
            slots: entry.request.slots)
    }

    // MARK: - The order of the shapes in all open lanes

    /// The progress of a pass over the waiting tasks.
    private struct Walk {
        var last: Place?
        /// The next place at which a lane begins, if it is known.
        var nextOpen: Place?
        var isOpenKnown = false
        var inOpen = SortedSet<Place>.Position()
        var inLane = SortedSet<Place>.Position()
    }

    /// Returns the first place after the last one, in the lanes that are open now.
    private mutating func next(_ walk: inout Walk) -> Place? {
        if let last = walk.last {
            // The first task of a lane is found among the open lanes; the one after a task that was passed over is
            // found here.
            let lane = shapes[last.shape].key.lane
            if let first = lanes[lane].listed, first <= last,
                let place = lanes[lane].waiting.first(after: last, near: &walk.inLane)
            {
                // The earliest is at the end, and it is the only one unless tasks of several lanes wait for resources.
                let index = (entered.lastIndex { $0 > place } ?? -1) + 1
                if index == entered.count { entered.append(place) } else { entered.insert(place, at: index) }
            }
        }
        if !walk.isOpenKnown {
            walk.nextOpen = walk.last.map { open.first(after: $0, near: &walk.inOpen) } ?? open.first
            walk.isOpenKnown = true
        }
        if let place = entered.last, walk.nextOpen.map({ place < $0 }) ?? true {
            entered.removeLast()
            walk.last = place
        } else {
            guard let place = walk.nextOpen else { return nil }
            walk.isOpenKnown = false
            walk.last = place
        }
        return walk.last
    }
}
