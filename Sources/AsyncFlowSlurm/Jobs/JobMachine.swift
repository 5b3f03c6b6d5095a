/// The state machine of jobs: it decides what is submitted and when, what an answer of the queue means for each job,
/// and when to ask again.
///
/// A job is identified by the name of its submission and its index in it, never by its id alone: a controller that was
/// killed forgets jobs and gives their ids to others. A job that runs twice does no harm, because it first claims its
/// task in the shared file system. A submission that wasn't seen to arrive can therefore be repeated.
struct JobMachine {
    typealias Key = UInt64

    struct Limits: Sendable, Hashable {
        var arraySize = 1000
        var shortestPoll: Duration = .milliseconds(500)
        var longestPoll: Duration = .seconds(15)
        /// The time for which a submission may go unanswered.
        var outagePatience: Duration = .seconds(600)
        /// The number of answers in a row that must miss a job, or its result, before it is given up.
        var missLimit = 4
        /// The number of times that a job is submitted again which was forgotten before it started.
        var forgottenLimit = 5
    }

    enum Action: Sendable, Equatable {
        /// Writes the list of tasks and submits an array.
        case submit(name: String, request: JobRequest, keys: [Key])
        case started(Key)
        /// Looks for the traces of these jobs; the answer is ``inspected(_:)``.
        case inspect([Key])
        /// Asks the accounting for the submissions of these names; the answer is ``accounted(_:)``.
        case account([String])
        /// Claims these tasks, so that no job runs them.
        case void([Key])
        /// Cancels jobs of one name: in these arrays, these elements of each or, with nil, all.
        case cancel(name: String, ids: [String], indices: [Int]?)
        case end(Key, JobOutcome)
    }

    struct Job {
        var request: JobRequest
        /// The name of the job's submission; nil while the job is being collected.
        var submission: String?
        var index = 0
        var hasStarted = false
        var isCancelled = false
        /// The latest row about the job.
        var row: JobRow?
        var misses = 0
        /// Whether it was once ended before it started, and not by us.
        var isSecondTry = false
        /// The number of times that it was forgotten before it started.
        var forgotten = 0
        /// Whether the queue ever listed it.
        var wasListed = false
        /// Whether another process has submitted it, or was about to.
        var isAdopted = false
    }

    struct Submission {
        enum State: Equatable {
            case submitting
            case uncertain(message: String, isTransient: Bool, since: Duration)
            case accepted
        }
        var request: JobRequest
        var keys: [Key]
        var state = State.submitting
        /// The ids of the submission: several if an answer was lost and it was submitted again.
        var ids: Set<String> = []
        /// The first question whose answer can contain the submission.
        var knownFrom = 0
        var firstFailure: Duration?
        var left: Int
        /// Whether the queue's latest answer contained any of its jobs.
        var isVisible = false
    }

    let prefix: String
    var limits: Limits
    var jobs: [Key: Job] = [:]
    var submissions: [String: Submission] = [:]
    private var collected: [JobRequest: [Key]] = [:]
    private var collectedOrder: [JobRequest] = []
    private var submissionCount = 0
    var question = 0
    var failingSince: Duration?
    var pollDelay: Duration
    var canAccount = true

    init(prefix: String, limits: Limits) {
        self.prefix = prefix
        self.limits = limits
        pollDelay = limits.shortestPoll
    }

    /// Whether there is any reason to ask the queue.
    var hasSubmissions: Bool { !submissions.isEmpty }

    // MARK: Submitting

    mutating func add(_ key: Key, _ request: JobRequest) {
        jobs[key] = Job(request: request)
        if collected[request] == nil { collectedOrder.append(request) }
        collected[request, default: []].append(key)
    }

    /// Submits the collected tasks, with equal ones as one array.
    mutating func submitCollected() -> [Action] {
        let (groups, order) = (collected, collectedOrder)
        collected = [:]
        collectedOrder = []
        return order.flatMap { submit(groups[$0] ?? [], $0) }
    }

    mutating func submit(_ all: [Key], _ request: JobRequest) -> [Action] {
        var actions: [Action] = []
        var keys = all[...]
        while !keys.isEmpty {
            submissionCount += 1
            let name = "\(prefix)-\(submissionCount)"
            let part = Array(keys.prefix(max(1, limits.arraySize)))
            keys = keys.dropFirst(part.count)
            for (index, key) in part.enumerated() {
                jobs[key]?.submission = name
                jobs[key]?.index = index
                jobs[key]?.misses = 0
                jobs[key]?.row = nil
            }
            submissions[name] = Submission(request: request, keys: part, left: part.count)
            actions.append(.submit(name: name, request: request, keys: part))
        }
        return actions
    }

    mutating func submitted(_ name: String, id: String) {
        guard var submission = submissions[name] else { return }
        submission.state = .accepted
        submission.ids.insert(id)
        submission.knownFrom = question + 1
        submissions[name] = submission
        pollDelay = limits.shortestPoll
    }

    /// Notes that a submission seems to have failed. Its jobs may still exist; the queue's next answer tells.
    mutating func submissionFailed(_ name: String, _ message: String, isTransient: Bool, now: Duration) {
        guard var submission = submissions[name] else { return }
        let first = submission.firstFailure ?? now
        submission.firstFailure = first
        submission.state = .uncertain(message: message, isTransient: isTransient, since: first)
        submission.knownFrom = question + 1
        submissions[name] = submission
        pollDelay = limits.shortestPoll
    }

    // MARK: Cancelling

    mutating func cancel(_ key: Key) -> [Action] {
        guard let job = jobs[key], !job.isCancelled else { return [] }
        jobs[key]?.isCancelled = true
        guard job.submission == nil else { return [] }
        collected[job.request]?.removeAll { $0 == key }
        if collected[job.request]?.isEmpty == true {
            collected[job.request] = nil
            collectedOrder.removeAll { $0 == job.request }
        }
        return end(key, .cancelled)
    }

    /// Returns the actions that cancel jobs, few for many jobs. They are repeated as long as the queue still has some.
    mutating func cancellations() -> [Action] {
        pollDelay = limits.shortestPoll
        return submissions.sorted { $0.key < $1.key }.flatMap { name, submission -> [Action] in
            guard submission.state == .accepted else { return [] }
            let members = submission.keys.compactMap { jobs[$0] }.filter { $0.submission == name }
            let doomed = members.filter(\.isCancelled)
            if doomed.isEmpty { return [] }
            let ids = submission.ids.sorted()
            let indices = doomed.count == members.count ? nil : doomed.map(\.index)
            // Of an adopted one the queue has to say the ids first: without them all of it would be meant.
            if ids.isEmpty, indices != nil { return [] }
            return [.cancel(name: name, ids: ids, indices: indices)]
        }
    }

    var hasCancelled: Bool { jobs.values.contains { $0.isCancelled && $0.submission != nil } }

    // MARK: Ends

    mutating func end(_ key: Key, _ outcome: JobOutcome) -> [Action] {
        guard let job = jobs.removeValue(forKey: key) else { return [] }
        leave(job.submission)
        return [.end(key, job.isAdopted ? outcome.ofAdopted : outcome)]
    }

    mutating func leave(_ name: String?) {
        guard let name, var submission = submissions[name] else { return }
        submission.left -= 1
        submissions[name] = submission.left == 0 ? nil : submission
    }
}
