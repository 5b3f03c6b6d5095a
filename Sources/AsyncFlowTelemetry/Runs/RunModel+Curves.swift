/// The curves of tasks and cores over time, up to the last event.
extension RunModel {
    /// Returns the task seconds and core seconds per bin, of all tasks that have started.
    package func running() -> (tasks: TimeBins, cores: TimeBins) {
        var (tasks, granted, unheld) = (runningOverTime, grantedCoresOverTime, unheldCoresOverTime)
        for place in 0..<taskCount where state[place] == .running && kind[place] != .block && !started[place].isNaN {
            tasks.add(rate: 1, from: started[place], to: lastTime)
            let cores = coreUse(place)
            granted.add(rate: cores.granted, from: started[place], to: lastTime)
            unheld.add(rate: cores.unheld, from: started[place], to: lastTime)
        }
        // All of them extend to the last event, so that their bins are the same.
        tasks.fit(lastTime)
        granted.fit(lastTime)
        unheld.fit(lastTime)
        let width = granted.width
        let cores = granted.combined(with: unheld) { granted, unheld in
            CoreUse(granted: granted / width, unheld: unheld / width).total(of: session.cores) * width
        }
        return (tasks, cores)
    }
}
