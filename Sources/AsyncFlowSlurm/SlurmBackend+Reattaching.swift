package import AsyncFlow
import AsyncFlowBase
import Logging

extension SlurmBackend: ReattachingBackend {
    /// Waits for the job of an earlier run: by its end file, or else by its name in the queue.
    ///
    /// - Returns: nil if nothing of it runs or can run any more: it was never submitted, or has vanished without a
    ///   trace of its end.
    package func reattach(_ ticket: [UInt8], _ request: CommandRequest) async throws -> CommandResult? {
        guard let ticket = JobTicket(ticket) else { return nil }
        let (files, key) = (JobFiles(folder: ticket.folder), ticket.key)
        if case .ended(let end) = files.evidence(key) {
            return try result(of: .ended(end, jobID: nil), key, request, files)
        }
        let left = leftJobs(ticket, files)
        guard let place = left.lists.places[key] else {
            // Without a list of tasks there is no submission that could run it.
            files.remove(key)
            return nil
        }
        let asked = JobRequest(
            options.overridden(by: request.task.backendOption(SlurmOptions.self)), request.resources,
            isParallel: request.isParallel)
        for isSecondLook in [false, true] {
            let outcome = await left.driver.adopt(
                key, request, at: place, among: left.lists.keys[place.name] ?? [], asked)
            if outcome != .gone { return try result(of: outcome, key, request, files) }
            // With the claim nothing can begin any more. Who finds it taken looks whether it has just begun.
            if files.claim(key) || isSecondLook { break }
        }
        files.remove(key)
        return nil
    }

    private func result(
        of outcome: JobOutcome, _ key: UInt64, _ request: CommandRequest, _ files: JobFiles
    ) throws -> CommandResult {
        defer { request.whenRecorded { files.remove(key) } }
        return try result(outcome, key, request, files)
    }
}
