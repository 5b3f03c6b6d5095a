extension ResourceQueue {
    /// Looks at the waiting tasks in their order, and starts those that fit.
    mutating func look(_ actions: inout [Action]) {
        var walk = Walk()
        passed.removeAll(keepingCapacity: true)
        // What is held for tasks that were set back too often, and the lanes they are in.
        var held = ResourceClaim()
        var heldLanes: [Int] = []
        while passed.count < lookAhead, let place = next(&walk) {
            // The usual end: all cores have been given away, or are held.
            if corelessCount == 0, free.cores <= held.cores, free.cores == 0 || held.cores > 0 { break }
            let shape = place.shape
            let lane = shapes[shape].key.lane
            let mayStart =
                free.fits(shapes[shape].key.claim) && free.leaveEnough(for: held, after: shapes[shape].key.claim)
                && (!heldLanes.contains(lane) || lanes[lane].allows(2, at: now))
            if mayStart {
                setBack(by: shape, &held, &heldLanes)
                actions.append(start(shapes[shape].waiting.first!))
            } else {
                passed.append(shape)
                if shapes[shape].setbacks >= maximumSetbacks { hold(for: shape, &held, &heldLanes) }
            }
        }
    }

    /// Counts the start of a shape's first task against those that were passed over and are set back by it.
    private mutating func setBack(by shape: Int, _ held: inout ResourceClaim, _ heldLanes: inout [Int]) {
        if passed.isEmpty { return }
        let claim = shapes[shape].key.claim
        let lane = shapes[shape].key.lane
        let leavesPlace = lanes[lane].allows(2, at: now)
        for other in passed {
            let otherLane = shapes[other].key.lane
            // An earlier start of this look was the last that its limit allows.
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

    /// Starts the first task of its shape.
    private mutating func start(_ index: Int) -> Action {
        let shape = roster[index].shape
        let lane = shapes[shape].key.lane
        let shares = free.take(shapes[shape].key.claim)
        leave(index)
        markRunning(index, shares)
        lanes[lane].addStart(at: now)
        if lanes[lane].key != nil { updateLane(lane) }
        return .start(roster[index].id, allocation(of: index))
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

    /// How far a look has come.
    private struct Walk {
        var last: Place?
        /// The next place in each lane in which a task was passed over.
        var entered = SortedSet<Place>()
        var inOpen = SortedSet<Place>.Position()
        var inLane = SortedSet<Place>.Position()
    }

    /// The first place after the last one, in the lanes that are open now.
    private mutating func next(_ walk: inout Walk) -> Place? {
        guard let last = walk.last else {
            walk.last = open.first
            return walk.last
        }
        let lane = shapes[last.shape].key.lane
        // What comes first in a lane is found among the open lanes; what comes behind a task that was passed over, here.
        if let first = lanes[lane].listed, first <= last,
            let place = lanes[lane].waiting.first(after: last, near: &walk.inLane)
        {
            walk.entered.insert(place)
        }
        let inOpen = open.first(after: last, near: &walk.inOpen)
        let inEntered = walk.entered.first
        let next: Place
        switch (inOpen, inEntered) {
        case (let place?, nil): next = place
        case (let place?, let other?): next = min(place, other)
        case (nil, let other?): next = other
        case (nil, nil): return nil
        }
        if next == inEntered { walk.entered.remove(next) }
        walk.last = next
        return next
    }
}
