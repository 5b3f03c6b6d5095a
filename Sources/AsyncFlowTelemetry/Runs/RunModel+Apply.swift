import AsyncFlowBase

extension RunModel {
    /// Applies an event. Events may come in any order and more than once; a state that a task has reached is never
    /// undone by earlier ones.
    package mutating func apply(_ event: RunEvent) {
        eventCount += 1
        guard RunBounds.times.contains(event.time) else { return }
        if origin.isNaN { origin = event.time }
        if event.kind == .sessionStarted { startSession(event) }
        let time = event.time - origin
        if time > lastTime { lastTime = time }
        switch event.kind {
        case .sessionStarted: break
        case .sessionEnded: hasEnded = true
        case .taskCreated, .taskResolved, .taskQueued, .taskStarted, .taskAttemptFailed, .taskCompleted, .taskFailed,
            .taskCancelled:
            if let key = event.task { apply(event, toTask: key, at: time) }
        case .serviceRestarted, .serviceStopped, .serviceReady:
            if let key = event.task { applyToService(event, key, at: time) }
        case .taskProgress: break
        case .taskReused: reusedCount = reusedCount.addingSaturated(1)
        case .scopeStarted, .scopeEnded:
            guard event.workflow != .none else { return }
            let workflow = workflow(event.workflow)
            if event.kind == .scopeStarted {
                workflows[workflow].start = time
            } else {
                workflows[workflow].end = time
            }
        case .resourceSample: if let sample = event.sample { apply(sample, at: time) }
        case .eventsDropped: droppedCount = droppedCount.addingSaturated(event.droppedCount)
        case .custom:
            let name = texts[event.name]
            if customEventCounts[name] != nil || customEventCounts.count < 1000 {
                customEventCounts[name, default: 0] += 1
            }
        }
    }

    private mutating func startSession(_ event: RunEvent) {
        if let facts = event.session { session = facts }
        // Events that came before keep their times, so the origin moves only if there are none.
        if keys.isEmpty, workflows.isEmpty, series.isEmpty {
            origin = event.time
            lastTime = 0
        }
    }

    private mutating func apply(_ event: RunEvent, toTask key: RunTaskKey, at time: Double) {
        let place = placeMakingOne(of: key)
        describe(place, event)
        if let execution = event.execution { add(execution, to: place) }
        switch event.kind {
        case .taskCreated:
            if created[place].isNaN { created[place] = time }
            if dependencyCount[place] == 0, !event.dependencies.isEmpty { setDependencies(place, event.dependencies) }
        case .taskResolved:
            if resolved[place].isNaN { resolved[place] = time }
            advance(place, to: .queued)
        case .taskQueued:
            if queued[place].isNaN { queued[place] = time }
            advance(place, to: .queued)
        case .taskStarted: start(place, event, at: time)
        case .taskAttemptFailed: failAttempt(place, event, at: time)
        case .taskCompleted: end(place, event, as: .done, at: time)
        case .taskFailed: end(place, event, as: .failed, at: time)
        case .taskCancelled: end(place, event, as: .cancelled, at: time)
        default: break
        }
    }

    private mutating func start(_ place: Int, _ event: RunEvent, at time: Double) {
        if let worker = event.worker, let lane = Int32(exactly: worker) { self.worker[place] = lane }
        if let cores = event.cores { self.cores[place] = Float(cores) }
        attempts[place] = UInt16(clamping: max(event.attempt, max(1, Int(attempts[place]))))
        let cause = event.waitedFor ?? .workers
        if started[place].isNaN {
            started[place] = time
            waitedFor[place] = cause
            let name = nameNumber(place)
            let ready = ready(place)
            if !ready.isNaN {
                names[name].waits[cause.rawValueAsIndex] += max(0, time - ready)
                if !created[place].isNaN {
                    names[name].waits[RunWait.dependencies.rawValueAsIndex] += max(0, ready - created[place])
                }
            }
        } else if let open = retries.open[UInt32(place)], !open.failedAt.isNaN {
            names[nameNumber(place)].waits[RunWait.retry.rawValueAsIndex] += max(0, time - open.failedAt)
            retries.open[UInt32(place)] = RunAttempts.Open(start: time, failedAt: .nan)
        }
        if !state[place].isFinal { setState(place, .running) }
    }

    private mutating func failAttempt(_ place: Int, _ event: RunEvent, at time: Double) {
        guard !state[place].isFinal else { return }
        let number = UInt32(place)
        let start = retries.open[number]?.start ?? started[place]
        if !start.isNaN {
            retries.append(
                .init(place: number, number: UInt32(clamping: event.attempt), start: start, end: time), failed: true)
            retries.open[number] = RunAttempts.Open(start: start, failedAt: time)
        }
        attempts[place] = UInt16(clamping: max(event.attempt, Int(attempts[place])))
        names[nameNumber(place)].retryCount += 1
        addUsage(place, event)
        noteFailure(place, event, at: time, retried: true)
        setState(place, .queued)
    }

    private mutating func end(_ place: Int, _ event: RunEvent, as final: RunState, at time: Double) {
        guard !state[place].isFinal else { return }
        ended[place] = time
        // A recording that began later or lost events still has the task's duration.
        if started[place].isNaN, let duration = event.duration, duration > 0 { started[place] = time - duration }
        setState(place, final)
        addUsage(place, event)
        if let open = retries.open.removeValue(forKey: UInt32(place)), open.failedAt.isNaN {
            let number = UInt32(attempts[place])
            retries.append(
                .init(place: UInt32(place), number: number, start: open.start, end: time), failed: final == .failed)
        }
        switch final {
        case .done: doneOverTime.add(1, at: time)
        case .failed:
            failedOverTime.add(1, at: time)
            noteFailure(place, event, at: time, retried: false)
        default: break
        }
        if !started[place].isNaN, kind[place] != .block {
            runningOverTime.add(rate: 1, from: started[place], to: time)
            let cores = coreUse(place)
            grantedCoresOverTime.add(rate: cores.granted, from: started[place], to: time)
            unheldCoresOverTime.add(rate: cores.unheld, from: started[place], to: time)
        }
        if let workflow = workflowNumber(place), !(workflows[workflow].end >= time) { workflows[workflow].end = time }
    }

    /// The cores that a task uses while it runs.
    package func coreUse(_ place: Int) -> CoreUse {
        let kind = kind[place]
        return CoreUse(
            granted: cores[place].isNaN ? nil : Double(cores[place]), waits: kind == .block || kind == .prompt)
    }

    private mutating func applyToService(_ event: RunEvent, _ key: RunTaskKey, at time: Double) {
        let place = placeMakingOne(of: key)
        describe(place, event)
        if let text = event.failure, !(text.type + text.message).isEmpty {
            noteFailure(place, event, at: time, retried: true)
        }
    }

    private mutating func noteFailure(_ place: Int, _ event: RunEvent, at time: Double, retried: Bool) {
        failures.append(
            .init(
                place: place, time: time, attempt: max(event.attempt, 1), wasRetried: retried,
                text: event.failure ?? RunFailureText()),
            name: names[nameNumber(place)].text)
    }

    private mutating func addUsage(_ place: Int, _ event: RunEvent) {
        let name = nameNumber(place)
        if let seconds = event.cpuSeconds {
            cpuSeconds[place] = (cpuSeconds[place].isNaN ? 0 : cpuSeconds[place]) + Float(seconds)
            names[name].cpuSeconds += seconds
        }
        if let bytes = event.peakMemoryBytes {
            peakMemory[place] = peakMemory[place].isNaN ? Float(bytes) : max(peakMemory[place], Float(bytes))
            names[name].peakMemoryBytes = max(names[name].peakMemoryBytes, bytes)
        }
    }

    private mutating func apply(_ sample: RunSample, at time: Double) {
        sampleCount += 1
        if let index = series.firstIndex(where: { $0.gpu == sample.gpu && $0.node == sample.node }) {
            series[index].append(sample, at: time)
        } else if series.count < 1000 {
            var one = RunSeries(node: sample.node, gpu: sample.gpu)
            one.append(sample, at: time)
            series.append(one)
        }
    }
}

extension RunWait {
    var rawValueAsIndex: Int { Int(rawValue) }
}
