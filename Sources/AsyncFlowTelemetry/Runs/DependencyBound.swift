extension RunModel {
    /// Returns the time that the run would take with as many workers as it could use: the longest chain of
    /// dependencies, in seconds of running. Blocks whose tasks are known count through these.
    package func longestDependencyChain() -> Double {
        var dependents = [UInt32](repeating: 0, count: taskCount + 1)
        var open = [UInt32](repeating: 0, count: taskCount)
        for place in 0..<taskCount {
            for dependency in dependencies(place) { dependents[dependency + 1] += 1 }
            open[place] = dependencyCount[place]
        }
        for place in 0..<taskCount { dependents[place + 1] += dependents[place] }
        var targets = [UInt32](repeating: 0, count: dependencyPlaces.count)
        var next = dependents
        for place in 0..<taskCount {
            for dependency in dependencies(place) {
                targets[Int(next[dependency])] = UInt32(place)
                next[dependency] += 1
            }
        }
        var finish = [Double](repeating: 0, count: taskCount)
        var ready = (0..<taskCount).filter { open[$0] == 0 }
        var longest = 0.0
        while let place = ready.popLast() {
            finish[place] += kind[place] == .service ? 0 : duration(place) ?? 0
            longest = max(longest, finish[place])
            for index in Int(dependents[place])..<Int(dependents[place + 1]) {
                let dependent = Int(targets[index])
                finish[dependent] = max(finish[dependent], finish[place])
                open[dependent] -= 1
                if open[dependent] == 0 { ready.append(dependent) }
            }
        }
        return longest
    }
}
