import AsyncFlow
import Foundation
import Logging

/// The driver of a ``JobMachine``: it writes files, calls Slurm's controller, and resumes the tasks that wait.
actor JobDriver {
    private struct Waiter {
        let request: CommandRequest
        let end: CheckedContinuation<JobOutcome, Never>
    }

    /// The beginning of the names of its submissions.
    let prefix: String
    private let controller: any JobController
    private let files: JobFiles
    private let logger: Logger
    private var machine: JobMachine
    private var waiters: [UInt64: Waiter] = [:]
    private let clock = ContinuousClock()
    private let begin = ContinuousClock.now
    private let batchDelay: Duration = .milliseconds(30)

    private var collecting: Task<Void, Never>?
    private var cancelling: Task<Void, Never>?
    private var polling: Task<Void, Never>?
    private var pollTime = ContinuousClock.now
    private var isAsking = false
    private var isOutage = false
    private var waitingSubmissions: [(name: String, request: JobRequest, keys: [UInt64])] = []
    private var activeSubmissions = 0
    private static let submissionsAtOnce = 4

    init(
        _ controller: any JobController, _ files: JobFiles, prefix: String, _ limits: JobMachine.Limits,
        _ logger: Logger
    ) {
        self.controller = controller
        self.files = files
        self.logger = logger
        self.prefix = prefix
        machine = JobMachine(prefix: prefix, limits: limits)
    }

    private var now: Duration { clock.now - begin }

    /// Runs one task as a job and waits for its end.
    func run(_ key: UInt64, _ command: CommandRequest, _ request: JobRequest) async -> JobOutcome {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                waiters[key] = Waiter(request: command, end: continuation)
                machine.add(key, request)
                if Task.isCancelled { cancel(key) }
                // Tasks that are called at the same time are submitted together.
                if collecting == nil {
                    collecting = Task {
                        try? await Task.sleep(for: batchDelay)
                        collecting = nil
                        perform(machine.submitCollected())
                    }
                }
            }
        } onCancel: {
            Task { await self.cancel(key) }
        }
    }

    /// Waits for the end of a job that another process has submitted, or was about to.
    func adopt(
        _ key: UInt64, _ command: CommandRequest, at place: SubmissionLists.Place, among keys: [UInt64],
        _ request: JobRequest
    ) async -> JobOutcome {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                waiters[key] = Waiter(request: command, end: continuation)
                machine.adopt(key, at: place, among: keys, request)
                if Task.isCancelled { cancel(key) }
                pollSoon()
            }
        } onCancel: {
            Task { await self.cancel(key) }
        }
    }

    private func cancel(_ key: UInt64) {
        perform(machine.cancel(key))
        cancelSoon()
    }

    private func cancelSoon() {
        guard cancelling == nil, machine.hasCancelled else { return }
        cancelling = Task {
            try? await Task.sleep(for: batchDelay)
            for case .cancel(let name, let ids, let indices) in machine.cancellations() {
                do {
                    try await controller.cancel(name: name, ids: ids, indices: indices)
                } catch {
                    // Jobs that are still in the next answer of the queue are cancelled again.
                    logger.debug("jobs couldn't be cancelled", metadata: ["job": "\(name)", "error": "\(error)"])
                }
            }
            cancelling = nil
            pollSoon()
        }
    }

    private func perform(_ actions: [JobMachine.Action]) {
        for action in actions {
            switch action {
            case .submit(let name, let request, let keys): waitingSubmissions.append((name, request, keys))
            case .started(let key):
                let task = waiters[key]?.request.task
                if let job = machine.jobs[key], job.isAdopted, let row = job.row {
                    task?.reportPlace(CommandPlace(jobID: row.id))
                }
                task?.reportStarted()
            case .inspect(let keys):
                var evidence: [UInt64: JobEvidence] = [:]
                for key in keys { evidence[key] = files.evidence(key) }
                perform(machine.inspected(evidence))
            case .account(let names): Task { await account(names) }
            case .void(let keys): keys.forEach(files.void)
            case .cancel: break
            case .end(let key, let outcome): waiters.removeValue(forKey: key)?.end.resume(returning: outcome)
            }
        }
        submitNext()
    }

    // MARK: Submitting

    private func submitNext() {
        while activeSubmissions < Self.submissionsAtOnce, !waitingSubmissions.isEmpty {
            let next = waitingSubmissions.removeFirst()
            activeSubmissions += 1
            Task {
                await submit(next.name, next.request, next.keys)
                activeSubmissions -= 1
                submitNext()
                cancelSoon()
                pollSoon()
            }
        }
    }

    private func submit(_ name: String, _ request: JobRequest, _ keys: [UInt64]) async {
        do {
            let script = try files.writeSubmission(name, keys)
            let id = try await controller.submit(
                JobSubmission(name: name, request: request, count: keys.count, folder: files.folder, script: script))
            machine.submitted(name, id: id)
            for (index, key) in keys.enumerated() {
                waiters[key]?.request.task.reportPlace(CommandPlace(jobID: "\(id)_\(index)"))
            }
        } catch {
            let failure = error as? SubmissionFailure
            logger.debug("a submission failed", metadata: ["job": "\(name)", "error": "\(error)"])
            if failure?.isTransient == true { reportOutage(error) }
            machine.submissionFailed(
                name, failure?.description ?? "\(error)", isTransient: failure?.isTransient ?? true, now: now)
        }
    }

    // MARK: Asking

    /// Schedules the next question to the queue for the time when it is due.
    private func pollSoon() {
        guard !isAsking, machine.hasSubmissions else { return }
        let time = clock.now + machine.pollDelay
        if polling != nil, pollTime <= time { return }
        polling?.cancel()
        pollTime = time
        polling = Task {
            guard (try? await Task.sleep(until: time, clock: .continuous)) != nil else { return }
            await ask()
        }
    }

    private func ask() async {
        guard !isAsking else { return }
        isAsking = true
        polling = nil
        let question = machine.ask()
        do {
            let rows = try await controller.queue()
            if isOutage { logger.notice("Slurm's controller answers again") }
            isOutage = false
            perform(machine.answered(question, rows, now: now))
        } catch {
            reportOutage(error)
            perform(machine.answerFailed(now: now))
        }
        isAsking = false
        cancelSoon()
        pollSoon()
    }

    private func reportOutage(_ error: any Error) {
        let metadata: Logger.Metadata = ["error": "\(error)"]
        if isOutage {
            logger.debug("Slurm's controller still doesn't answer", metadata: metadata)
        } else {
            logger.warning(
                "Slurm's controller doesn't answer; it is asked again, and jobs continue", metadata: metadata)
        }
        isOutage = true
    }

    private func account(_ names: [String]) async {
        do {
            perform(machine.accounted(try await controller.accounting(names)))
        } catch {
            perform(machine.accounted(nil))
        }
    }

    /// Stops everything after the last job has ended.
    func stop() {
        polling?.cancel()
        collecting?.cancel()
        cancelling?.cancel()
    }
}
