/// The addition of tasks to the columns, and their changes of state.
extension RunModel {
    /// Returns the place of a task; a new one if it hasn't been mentioned yet.
    mutating func placeMakingOne(of key: RunTaskKey) -> Int {
        if let place = places.place(of: key, keys: keys) { return place }
        let place = keys.count
        places.set(place, of: key)
        keys.append(key)
        isSeen.append(false)
        state.append(.waiting)
        kind.append(.unknown)
        waitedFor.append(.workers)
        nameIndex.append(Self.noPlace)
        workflowIndex.append(0)
        backendIndex.append(0)
        blockPlace.append(Self.noPlace)
        created.append(.nan)
        resolved.append(.nan)
        queued.append(.nan)
        started.append(.nan)
        ended.append(.nan)
        attempts.append(0)
        worker.append(-1)
        cores.append(.nan)
        cpuSeconds.append(.nan)
        peakMemory.append(.nan)
        executionIndex.append(Self.noPlace)
        dependencyStart.append(0)
        dependencyCount.append(0)
        nameIndex[place] = name(.none, .unknown)
        return place
    }

    /// Keeps the properties of a task in an event, unless they are known already.
    mutating func describe(_ place: Int, _ event: RunEvent) {
        if event.taskKind != .unknown, kind[place] == .unknown { kind[place] = event.taskKind }
        let isNew = !isSeen[place]
        if event.name != .none, names[nameNumber(place)].text == .none {
            let index = name(event.name, kind[place])
            if !isNew {
                names[nameNumber(place)].counts[Int(state[place].rawValue)] -= 1
                names[Int(index)].counts[Int(state[place].rawValue)] += 1
            }
            nameIndex[place] = index
        }
        if event.backend != .none, backendIndex[place] == 0 { backendIndex[place] = backend(event.backend) }
        if event.workflow != .none, workflowIndex[place] == 0 {
            let index = workflow(event.workflow)
            workflowIndex[place] = UInt32(index + 1)
            if workflows[index].start.isNaN { workflows[index].start = event.time - origin }
            if !isNew { workflows[index].counts[Int(state[place].rawValue)] += 1 }
        }
        if let block = event.block, blockPlace[place] == Self.noPlace {
            blockPlace[place] = UInt32(placeMakingOne(of: block))
        }
        if isNew {
            isSeen[place] = true
            count(place, 1)
        }
    }

    /// Moves a task to a state if it comes later than the current one.
    mutating func advance(_ place: Int, to next: RunState) {
        if state[place].rawValue < next.rawValue { setState(place, next) }
    }

    mutating func setState(_ place: Int, _ next: RunState) {
        guard state[place] != next else { return }
        count(place, -1)
        state[place] = next
        count(place, 1)
    }

    private mutating func count(_ place: Int, _ change: Int) {
        let state = Int(state[place].rawValue)
        totals[state] += change
        names[nameNumber(place)].counts[state] += change
        if let workflow = workflowNumber(place) { workflows[workflow].counts[state] += change }
    }

    mutating func setDependencies(_ place: Int, _ keys: [RunTaskKey]) {
        let start = dependencyPlaces.count
        for key in keys {
            let dependency = placeMakingOne(of: key)
            if dependency != place { dependencyPlaces.append(UInt32(dependency)) }
        }
        dependencyStart[place] = UInt32(start)
        dependencyCount[place] = UInt32(dependencyPlaces.count - start)
    }

    mutating func workflow(_ text: RunText) -> Int {
        if let index = workflowsByText[text] { return Int(index) }
        workflowsByText[text] = UInt32(workflows.count)
        workflows.append(RunWorkflowFacts(text: text))
        return workflows.count - 1
    }

    private mutating func name(_ text: RunText, _ kind: RunTaskKind) -> UInt32 {
        if let index = namesByText[text] {
            if names[Int(index)].kind == .unknown { names[Int(index)].kind = kind }
            return index
        }
        namesByText[text] = UInt32(names.count)
        names.append(RunNameFacts(text: text, kind: kind))
        return UInt32(names.count - 1)
    }

    private mutating func backend(_ text: RunText) -> UInt16 {
        if let index = backendsByText[text] { return index }
        guard backends.count < 65_000 else { return 0 }
        backends.append(text)
        backendsByText[text] = UInt16(backends.count)
        return UInt16(backends.count)
    }
}
