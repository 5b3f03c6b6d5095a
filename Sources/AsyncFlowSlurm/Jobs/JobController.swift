/// A connection to Slurm's controller: its programs, or its REST service.
package protocol JobController: Sendable {
    /// Returns if the controller can be reached. Every engine calls it once before anything else; if it has returned,
    /// the engine calls ``shutdown()`` when it ends.
    func check() async throws

    /// Returns the reason that no job can request this; nil if one can.
    func problem(_ request: JobRequest) -> String?

    /// Returns a description of the submission for the report of a dry run.
    func description(of submission: JobSubmission) -> String

    /// Submits an array of jobs.
    ///
    /// - Returns: the array's id.
    /// - Throws: ``SubmissionFailure``.
    func submit(_ submission: JobSubmission) async throws -> String

    /// Returns all jobs of this user that are part of arrays, including those that ended a short while ago. Jobs of
    /// others may be among them.
    func queue() async throws -> [JobRow]

    /// Returns the accounting's records of jobs that the queue no longer has.
    ///
    /// - Throws: if there is no accounting.
    func accounting(_ names: [String]) async throws -> [JobRow]

    /// Cancels the jobs of one name.
    ///
    /// - Parameters:
    ///   - ids: the ids of its arrays; empty for all of them.
    ///   - indices: the jobs of each array; nil for all.
    func cancel(name: String, ids: [String], indices: [Int]?) async throws

    /// Releases for one engine what ``check()`` began.
    func shutdown() async
}

extension JobController {
    package func problem(_ request: JobRequest) -> String? { nil }
    package func shutdown() async {}
}

/// An array of jobs, one for each of several tasks with the same requests.
package struct JobSubmission: Sendable, Hashable {
    /// The beginning of all names.
    package static let namePrefix = "asyncflow-"

    /// The unique name, made of lower-case letters, digits and dashes.
    package var name: String
    package var request: JobRequest
    package var count: Int
    /// The folder that the jobs run in, which has their log.
    package var folder: String
    /// The path of its script.
    package var script: String

    package init(name: String, request: JobRequest, count: Int, folder: String, script: String) {
        self.name = name
        self.request = request
        self.count = count
        self.folder = folder
        self.script = script
    }

    /// The path of the log in Slurm's form. All jobs of the array write there everything that isn't output of their
    /// tasks.
    ///
    /// Slurm replaces `%A` and the like by numbers and names, and removes every backslash from a path, so a path with a
    /// backslash can't be used at all. Source: `fname_create` in Slurm's `src/slurmd/slurmstepd/fname.c`.
    package var logPattern: String {
        let path = "\(folder)/\(name).log"
        if path.utf8.contains(UInt8(ascii: "\\")) { return "/dev/null" }
        // Works on scalars, because a percent sign with a combining mark is a different character.
        return path.unicodeScalars.reduce(into: "") { pattern, scalar in
            if scalar == "%" { pattern += "%" }
            pattern.unicodeScalars.append(scalar)
        }
    }
}

/// A submission that wasn't confirmed. It may have arrived all the same.
package struct SubmissionFailure: Error, CustomStringConvertible {
    /// Slurm's message.
    package let description: String
    /// Whether the same submission may succeed later.
    package let isTransient: Bool

    package init(_ description: String, isTransient: Bool) {
        self.description = description
        self.isTransient = isTransient
    }
}
