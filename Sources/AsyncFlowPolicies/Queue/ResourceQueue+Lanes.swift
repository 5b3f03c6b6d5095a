extension ResourceQueue {
    /// Sets the time.
    ///
    /// - Returns: whether a limit allows a start now that it didn't allow before.
    mutating func wakeLanes(at time: Duration) -> Bool {
        now = max(now, time)
        while let fading = fadings.first, fading.time <= now {
            fadings.remove(fading)
            forgetLane(fading.lane)
        }
        var hasOpened = false
        while let opening = openings.first, opening.time <= now {
            updateLane(opening.lane)
            hasOpened = true
        }
        return hasOpened
    }

    /// Moves the first waiting task of a shape to its place in its lane.
    mutating func updatePlace(of shape: Int) {
        let key = shapes[shape].key
        let before = shapes[shape].place
        let place = shapes[shape].waiting.first.map { first in
            Place(rank: key.rank, number: roster[first].number, shape: shape)
        }
        guard place != before else { return }
        shapes[shape].place = place
        if let before { lanes[key.lane].waiting.remove(before) }
        if let place { lanes[key.lane].waiting.insert(place) }
        if key.claim.cores == 0 { corelessCount += (place == nil ? 0 : 1) - (before == nil ? 0 : 1) }
        updateLane(key.lane)
    }

    /// Moves a lane to its places in the lists.
    mutating func updateLane(_ lane: Int) {
        let isLimited = lanes[lane].key != nil
        let isOpen = !isLimited || lanes[lane].allows(1, at: now)
        let listed = isOpen ? lanes[lane].waiting.first : nil
        if listed != lanes[lane].listed {
            if let before = lanes[lane].listed { open.remove(before) }
            if let listed { open.insert(listed) }
            lanes[lane].listed = listed
        }
        guard isLimited else { return }
        let opensAt = isOpen || lanes[lane].waiting.isEmpty ? nil : lanes[lane].opening(at: now)
        if opensAt != lanes[lane].opensAt {
            Self.move(lane, from: lanes[lane].opensAt, to: opensAt, in: &openings)
            lanes[lane].opensAt = opensAt
        }
        let fadesAt = lanes[lane].end
        if fadesAt != lanes[lane].fadesAt {
            Self.move(lane, from: lanes[lane].fadesAt, to: fadesAt, in: &fadings)
            lanes[lane].fadesAt = fadesAt
        }
    }

    private static func move(_ lane: Int, from: Duration?, to: Duration?, in list: inout SortedSet<LaneTime>) {
        if let from { list.remove(LaneTime(time: from, lane: lane)) }
        if let to { list.insert(LaneTime(time: to, lane: lane)) }
    }
}
