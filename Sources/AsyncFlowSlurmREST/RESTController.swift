import AsyncFlow
import AsyncFlowBase
import AsyncFlowSlurm
import Foundation
import NIOHTTP1

/// The connection to Slurm's controller through `slurmrestd`.
actor RESTController: JobController {
    static let tokenVariable = "SLURM_JWT"

    private let service: SlurmREST
    private let settings: SlurmBackend.Settings
    let client: RESTClient
    private var version: RESTVersion?

    private struct Nothing: Decodable, Sendable {}
    private static let cancelsAtOnce = 8
    /// The maximum number of bytes of the queue's answer, more than the jobs of a large cluster take.
    private static let largestQueue = 512 << 20

    init(_ service: SlurmREST, _ settings: SlurmBackend.Settings) {
        self.service = service
        self.settings = settings
        client = RESTClient(service, patience: settings.commandPatience)
    }

    /// Checks the service. A controller that is unreachable at the moment is ignored here, as it is later.
    func check() async throws {
        await client.open()
        do {
            _ = try await negotiated()
            do {
                _ = try await queue()
            } catch let failure as RESTFailure where failure.isTransient {}
        } catch let failure as RESTFailure {
            await client.close()
            throw SlurmJobError(.unreachable, detail: failure.description)
        }
    }

    nonisolated func problem(_ request: JobRequest) -> String? {
        let arguments = request.options.extraArguments
        if arguments.isEmpty { return nil }
        return
            "slurmrestd doesn't support arguments of sbatch, got: \(arguments.joined(separator: " "))"
    }

    nonisolated func description(of submission: JobSubmission) -> String {
        let description = JobDescription(
            submission: submission, script: submission.script, environment: [:], version: RESTVersion(number: 42))
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let text = (try? encoder.encode(description)).map { String(decoding: $0, as: UTF8.self) } ?? ""
        return "POST \(service.address.redactingURLSecrets)/slurm/v0.0.42/job/submit \(text)"
    }

    func submit(_ submission: JobSubmission) async throws -> String {
        let script: String
        do {
            script = try String(contentsOfFile: submission.script, encoding: .utf8)
        } catch {
            throw SubmissionFailure("the file \(submission.script) couldn't be read: \(error)", isTransient: false)
        }
        do {
            let version = try await negotiated()
            let description = JobDescription(
                submission: submission, script: script, environment: environment, version: version)
            let answer = try await client.send(
                .POST, "/slurm/\(version)/job/submit", body: JSONEncoder().encode(description),
                for: SubmissionAnswer.self)
            guard SlurmNumber.ids.contains(answer.job_id) else {
                throw RESTFailure(description: "slurmrestd answered with \(answer.job_id), which isn't a job id")
            }
            return "\(answer.job_id)"
        } catch let failure as RESTFailure {
            throw SubmissionFailure(failure.description, isTransient: failure.isTransient)
        }
    }

    func queue() async throws -> [JobRow] { try await rows(named: JobSubmission.namePrefix) }

    func accounting(_ names: [String]) async throws -> [JobRow] {
        throw RESTFailure(description: "the accounting can't be queried through slurmrestd")
    }

    /// Cancels jobs. The queue is asked first, because an id may by now be another user's job.
    func cancel(name: String, ids: [String], indices: [Int]?) async throws {
        let doomed = try await rows(named: name).filter { row in
            row.name == name && row.state.isActive && (ids.isEmpty || ids.contains(row.arrayID))
                && indices?.contains(row.index) ?? true
        }
        let targets = indices == nil ? Set(doomed.map(\.arrayID)) : Set(doomed.map(\.id))
        let path = "/slurm/\(try await negotiated())/job/"
        try await withThrowingTaskGroup(of: Void.self) { [client] group in
            for (number, target) in targets.sorted().enumerated() {
                if number >= Self.cancelsAtOnce { try await group.next() }
                group.addTask {
                    do {
                        _ = try await client.send(.DELETE, path + target, for: Nothing.self)
                    } catch let failure as RESTFailure where failure.isAboutEndedJob {}
                }
            }
            try await group.waitForAll()
        }
    }

    func shutdown() async { await client.close() }

    private func rows(named prefix: String) async throws -> [JobRow] {
        let answer = try await client.send(
            .GET, "/slurm/\(try await negotiated())/jobs", for: QueueAnswer.self, limit: Self.largestQueue)
        return try answer.rows(named: prefix, limit: settings.boundedArraySize)
    }

    /// Returns the version of the interface, for which the service is asked once.
    private func negotiated() async throws -> RESTVersion {
        if let version { return version }
        let description = try await client.send(.GET, "/openapi/v3", for: ServiceDescription.self)
        guard let found = description.version else {
            throw RESTFailure(
                description: await client.text.shown(
                    "slurmrestd at \(service.address) offers \(description.offered), none of which is supported"),
                status: 404)
        }
        version = found
        return found
    }

    private var environment: [String: String] {
        Self.environment(inheriting: ProcessInfo.processInfo.environment, setting: settings.environment)
    }

    /// Returns the variables that jobs inherit: as with `sbatch`, those of this program that commands inherit, without
    /// the token.
    static func environment(inheriting inherited: [String: String], setting own: [String: String]) -> [String: String] {
        let inherited = WithheldEnvironment.inheritable(inherited).filter { !SlurmEnvironment.isWithheld($0.key) }
        var all = inherited.merging(own) { $1 }
        all[tokenVariable] = nil
        // The service refuses a job without any variables.
        if all.isEmpty { all["PATH"] = "/usr/local/bin:/usr/bin:/bin" }
        return all
    }
}
