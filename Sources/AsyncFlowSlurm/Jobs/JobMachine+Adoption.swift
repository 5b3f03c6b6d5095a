extension JobMachine {
    /// Takes over a job that another process has submitted, or was about to submit when it ended.
    ///
    /// An adopted job is never submitted: when nothing of it is left, it ends as ``JobOutcome/gone``.
    ///
    /// - Parameters:
    ///   - place: the last submission that it was part of, and where in it.
    ///   - keys: all tasks of that submission.
    mutating func adopt(_ key: Key, at place: SubmissionLists.Place, among keys: [Key], _ request: JobRequest) {
        jobs[key] = Job(request: request, submission: place.name, index: place.index, isAdopted: true)
        // The queue is to say what there is of it.
        let new = Submission(request: request, keys: keys, state: .accepted, knownFrom: question + 1, left: 0)
        submissions[place.name, default: new].left += 1
        pollDelay = limits.shortestPoll
    }
}

extension JobOutcome {
    /// The same for an adopted job: what has vanished, whoever took it away, may be started again.
    var ofAdopted: JobOutcome {
        guard case .failed(let reason, _, _) = self else { return self }
        switch reason {
        case .lost, .cancelledElsewhere, .forgotten, .unreachable, .rejected: return .gone
        default: return self
        }
    }
}
