import AsyncFlow

extension PilotMachine {
    /// Considers the waiting tasks in their order, starts those that fit, and requests or releases pilots.
    mutating func look(_ now: Duration) -> [Action] {
        if isClosing { return [] }
        var actions = resize(now)
        guard waitingCount > 0 else { return actions }
        if settings.isFixed { actions += refuseLate(now) }
        guard pilots.values.contains(where: { $0.stage == .running }) else { return actions }
        var passed: [Kind] = []
        for kind in order() {
            var hasStarted = false
            while let key = first(of: kind), let (pilot, shares) = place(kind, now) {
                start(key, kind, pilot, shares)
                actions.append(.start(key, pilot: pilot, shares))
                lines[kind]?.setbacks = 0
                hasStarted = true
                for other in passed { lines[other]?.setbacks += 1 }
                if passed.contains(where: isHeld) { break }
            }
            if passed.contains(where: isHeld) { break }
            if first(of: kind) != nil, pilots.values.contains(where: { isRoomy($0, for: kind, now) }) {
                passed.append(kind)
                // Resources that become free are kept for it.
                if !hasStarted, isHeld(kind) { break }
            }
        }
        return actions + resize(now)
    }

    private func isHeld(_ kind: Kind) -> Bool { lines[kind].map { $0.setbacks >= settings.setbackLimit } ?? false }

    /// Returns whether a pilot could hold a task of the kind if nothing else ran there.
    private func isRoomy(_ pilot: Pilot, for kind: Kind, _ now: Duration) -> Bool {
        guard pilot.stage == .running, hasTime(pilot, for: kind, now: now) else { return false }
        return pilot.nodes.count { $0.stage == .ready } * ranksPerNode(kind.need) >= kind.need.ranks
    }

    /// Returns whether a whole pilot has room for a need.
    func canHold(_ need: Need) -> Bool {
        need.ranks > 0 && settings.nodes * ranksPerNode(need) >= need.ranks
    }

    private func ranksPerNode(_ need: Need) -> Int {
        var count = settings.coresPerNode / max(1, need.cores)
        if need.memory > 0, let memory = settings.memoryPerNode { count = min(count, Int(memory / need.memory)) }
        if need.gpus >= 1000 {
            count = min(count, settings.gpusPerNode / (need.gpus / 1000))
        } else if need.gpus > 0 {
            count = min(count, settings.gpusPerNode * (1000 / need.gpus))
        }
        return count
    }

    /// Returns the kinds in the order of their first tasks.
    private func order() -> [Kind] {
        if lines.count == 1 { return Array(lines.keys) }
        return lines.compactMap { kind, line in
            line.keys.indices.contains(line.head) ? (kind, line.keys[line.head]) : nil
        }
        .sorted { $0.0.priority != $1.0.priority ? $0.0.priority > $1.0.priority : $0.1 < $1.1 }
        .map(\.0)
    }

    private func first(of kind: Kind) -> Key? {
        guard let line = lines[kind], line.head < line.keys.count else { return nil }
        return line.keys[line.head]
    }

    // MARK: - Finding room

    private func place(_ kind: Kind, _ now: Duration) -> (pilot: Int, shares: [Share])? {
        // The oldest pilot is filled first, so that the others become idle.
        for (number, pilot) in pilots.sorted(by: { $0.key < $1.key })
        where pilot.stage == .running && hasTime(pilot, for: kind, now: now) {
            if let shares = Self.place(kind.need, on: pilot.nodes) { return (number, shares) }
        }
        return nil
    }

    private static func place(_ need: Need, on nodes: [Node]) -> [Share]? {
        if need.ranks == 1 {
            var best: Int?
            for index in nodes.indices where fits(need, nodes[index]) {
                if best.map({ nodes[index].cores > nodes[$0].cores }) ?? true { best = index }
            }
            return best.map { node in
                var pool = nodes[node].gpus
                return [Share(node: node, ranks: 1, gpus: pool.take(need.gpus))]
            }
        }
        var left = need.ranks
        var shares: [Share] = []
        for index in nodes.indices.sorted(by: { (-nodes[$0].cores, $0) < (-nodes[$1].cores, $1) }) {
            var node = nodes[index]
            var share = Share(node: index, ranks: 0)
            while left > 0, fits(need, node) {
                share.gpus += take(need, from: &node)
                share.ranks += 1
                left -= 1
            }
            if share.ranks > 0 { shares.append(share) }
            if left == 0 { return shares }
        }
        return nil
    }

    private static func fits(_ need: Need, _ node: Node) -> Bool {
        node.stage == .ready && need.cores <= node.cores && need.memory <= node.memory && node.gpus.fits(need.gpus)
    }

    private static func take(_ need: Need, from node: inout Node) -> [GPUPool.Share] {
        node.cores -= need.cores
        if node.memory != .max { node.memory -= need.memory }
        return node.gpus.take(need.gpus)
    }

    private mutating func start(_ key: Key, _ kind: Kind, _ pilot: Int, _ shares: [Share]) {
        leaveLine(key, kind)
        tasks[key]?.pilot = pilot
        tasks[key]?.shares = shares
        guard var state = pilots.removeValue(forKey: pilot) else { return }
        state.taskCount += 1
        for share in shares {
            // Takes the same resources that were found before, in the same order.
            for _ in 0..<share.ranks { _ = Self.take(kind.need, from: &state.nodes[share.node]) }
        }
        pilots[pilot] = state
    }

    mutating func giveBack(_ shares: [Share], _ need: Need, to pilot: Int) {
        guard var state = pilots.removeValue(forKey: pilot) else { return }
        for share in shares {
            state.nodes[share.node].cores += need.cores * share.ranks
            if settings.memoryPerNode != nil {
                state.nodes[share.node].memory += need.memory * Int64(share.ranks)
            }
            state.nodes[share.node].gpus.giveBack(share.gpus)
        }
        pilots[pilot] = state
    }

    // MARK: - Leaving the line

    mutating func leaveLine(_ key: Key, _ kind: Kind) {
        waitingCores -= kind.need.cores * kind.need.ranks
        waitingCount -= 1
        guard var line = lines.removeValue(forKey: kind) else { return }
        if line.keys[line.head] == key {
            line.head += 1
        } else if let place = line.keys[line.head...].firstIndex(of: key) {
            line.keys.remove(at: place)
        }
        if line.head == line.keys.count { return }
        if line.head > 4096, line.head * 2 > line.keys.count {
            line.keys.removeFirst(line.head)
            line.head = 0
        }
        lines[kind] = line
    }

    /// Ends the tasks that can't finish before the only pilot ends.
    private mutating func refuseLate(_ now: Duration) -> [Action] {
        guard let pilot = pilots.values.first, pilot.stage == .running || pilot.stage == .draining else { return [] }
        var actions: [Action] = []
        for kind in order() where pilot.stage == .draining || !hasTime(pilot, for: kind, now: now) {
            while let key = first(of: kind) {
                leaveLine(key, kind)
                tasks[key] = nil
                actions.append(.end(key, .tooLate))
            }
        }
        return actions
    }
}
