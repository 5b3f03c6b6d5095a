extension JobMachine {
    /// Notes that the queue is being asked.
    ///
    /// - Returns: the number of the question, which goes with its answer.
    mutating func ask() -> Int {
        question += 1
        return question
    }

    /// Handles a queue that didn't answer, or whose answer can't be understood.
    mutating func answerFailed(now: Duration) -> [Action] {
        pollDelay = min(limits.longestPoll, pollDelay * 2)
        let since = failingSince ?? now
        failingSince = since
        guard now - since >= limits.outagePatience else { return [] }
        var actions: [Action] = []
        for (name, submission) in submissions.sorted(by: { $0.key < $1.key }) {
            for key in submission.keys {
                guard let job = jobs[key], job.submission == name else { continue }
                if job.isCancelled {
                    actions += [.void([key])] + end(key, .cancelled)
                } else if case .uncertain(let message, _, _) = submission.state {
                    actions += [.void([key])] + end(key, .failed(.unreachable, jobID: nil, detail: message))
                }
            }
        }
        return actions
    }

    /// Handles the queue's rows of our jobs.
    mutating func answered(_ question: Int, _ rows: [JobRow], now: Duration) -> [Action] {
        failingSince = nil
        var byName: [String: [Int: JobRow]] = [:]
        var ids: [String: Set<String>] = [:]
        for row in rows where row.name.hasPrefix(prefix) {
            ids[row.name, default: []].insert(row.arrayID)
            // Of two jobs for one task, the active one counts.
            if let other = byName[row.name]?[row.index], other.state == .running || !row.state.isActive { continue }
            byName[row.name, default: [:]][row.index] = row
        }
        var actions: [Action] = []
        var looks: [Key] = []
        var hasChanged = false
        for (name, submission) in submissions.sorted(by: { $0.key < $1.key }) where submission.knownFrom <= question {
            let found = byName[name] ?? [:]
            submissions[name]?.ids.formUnion(ids[name] ?? [])
            submissions[name]?.isVisible = !found.isEmpty
            switch submission.state {
            case .submitting: continue
            case .uncertain(let message, let isTransient, let since):
                if found.isEmpty {
                    actions += decide(
                        name, message, isTransient: isTransient, isPatient: now - since < limits.outagePatience)
                    continue
                }
                submissions[name]?.state = .accepted
            case .accepted: break
            }
            for key in submission.keys {
                guard var job = jobs[key], job.submission == name else { continue }
                let row = found[job.index]
                if let row, row.state.isActive {
                    hasChanged = hasChanged || row.state != job.row?.state
                    if row.state == .running && !job.hasStarted {
                        job.hasStarted = true
                        actions.append(.started(key))
                    }
                    job.misses = 0
                    // Its files tell whether an unknown state is an end.
                    if row.state == .unknown { looks.append(key) }
                } else {
                    hasChanged = true
                    job.misses += 1
                    looks.append(key)
                }
                if let row {
                    job.row = row
                    job.wasListed = true
                }
                jobs[key] = job
            }
        }
        pollDelay = hasChanged ? limits.shortestPoll : min(limits.longestPoll, pollDelay * 1.5)
        if !looks.isEmpty { actions.append(.inspect(looks)) }
        return actions
    }

    /// Decides on a submission that failed and isn't in the queue.
    private mutating func decide(_ name: String, _ message: String, isTransient: Bool, isPatient: Bool) -> [Action] {
        guard let submission = submissions[name] else { return [] }
        let keys = submission.keys.filter { jobs[$0]?.submission == name }
        let doomed = keys.filter { jobs[$0]?.isCancelled == true }
        var actions: [Action] = doomed.isEmpty ? [] : [.void(doomed)]
        for key in doomed { actions += end(key, .cancelled) }
        let rest = keys.filter { jobs[$0] != nil }
        if rest.isEmpty { return actions }
        if isTransient && isPatient {
            submissions[name]?.state = .submitting
            return actions + [.submit(name: name, request: submission.request, keys: submission.keys)]
        }
        actions.append(.void(rest))
        let reason: SlurmJobError.Reason = isTransient ? .unreachable : .rejected
        for key in rest { actions += end(key, .failed(reason, jobID: nil, detail: message)) }
        return actions
    }

    /// Handles the traces of jobs that are no longer in the queue, or have ended there.
    mutating func inspected(_ evidence: [Key: JobEvidence]) -> [Action] {
        var actions: [Action] = []
        var unknown: Set<String> = []
        var forgotten: [JobRequest: [Key]] = [:]
        for (key, found) in evidence.sorted(by: { $0.key < $1.key }) {
            guard let job = jobs[key], let name = job.submission else { continue }
            let row = job.row.flatMap { $0.state.isActive ? nil : $0 }
            if case .ended(let end) = found {
                actions += self.end(key, judge(job, row, end))
            } else if row?.state == .cancelled, row?.node != nil, found == .untouched, !job.isCancelled,
                !job.isSecondTry, !job.isAdopted
            {
                // The job was given a node but didn't start there: a controller that was killed reuses ids, and a node
                // that still has an older job with such an id has the new one ended.
                jobs[key]?.isSecondTry = true
                leave(name)
                forgotten[job.request, default: []].append(key)
            } else if let row, row.state != .completed && row.state != .failed {
                actions += end(key, judge(job, row, nil))
            } else if job.isCancelled && job.misses >= 2 {
                actions += [.void([key])] + end(key, .cancelled)
            } else if job.misses < limits.missLimit {
                // A file may become visible late, and an answer may be incomplete.
                if row == nil && canAccount && job.misses >= 2 { unknown.insert(name) }
            } else if let row {
                actions += end(key, judge(job, row, row.waitStatus.map(JobEnd.init)))
            } else if found == .untouched, submissions[name]?.isVisible == true {
                // The other jobs of its array are listed, so this one was removed from the queue by another user.
                let reason = SlurmJobError.Reason.cancelledElsewhere
                actions += [.void([key])] + end(key, .failed(reason, jobID: nil, detail: "of array \(name)"))
            } else if found == .untouched, job.forgotten >= limits.forgottenLimit {
                // Another submission would end in the same way.
                let detail =
                    "\(job.forgotten + 1) times, " + (job.wasListed ? "last" : "always without listing it, last")
                let reason = SlurmJobError.Reason.forgotten
                actions += [.void([key])] + end(key, .failed(reason, jobID: nil, detail: "\(detail) as \(name)"))
            } else if found == .untouched, !job.isAdopted {
                // It was forgotten before it began.
                jobs[key]?.forgotten += 1
                leave(name)
                forgotten[job.request, default: []].append(key)
            } else {
                actions += end(key, .failed(.lost, jobID: job.row?.id, detail: "known as \(name)"))
            }
        }
        for (request, keys) in forgotten.sorted(by: { $0.value[0] < $1.value[0] }) {
            actions += submit(keys, request)
        }
        return unknown.isEmpty ? actions : actions + [.account(unknown.sorted())]
    }

    /// Handles the accounting's records; nil if there is no accounting.
    mutating func accounted(_ rows: [JobRow]?) -> [Action] {
        guard let rows else {
            canAccount = false
            return []
        }
        var looks: [Key] = []
        for row in rows where !row.state.isActive {
            guard let keys = submissions[row.name]?.keys, keys.indices.contains(row.index) else { continue }
            guard let job = jobs[keys[row.index]], job.submission == row.name else { continue }
            jobs[keys[row.index]]?.row = row
            looks.append(keys[row.index])
        }
        return looks.isEmpty ? [] : [.inspect(looks)]
    }

    private func judge(_ job: Job, _ row: JobRow?, _ end: JobEnd?) -> JobOutcome {
        let id = row?.id ?? job.row?.id
        if end == .exited(0) || (end == nil && row?.state == .completed) { return .ended(.exited(0), jobID: id) }
        if job.isCancelled { return .cancelled }
        if let reason = row?.state.reason {
            return .failed(reason, jobID: id, detail: row?.node.map { "on \($0)" } ?? "")
        }
        if let end { return .ended(end, jobID: id) }
        return .failed(.lost, jobID: id, detail: row?.node.map { "on \($0)" } ?? "")
    }
}
