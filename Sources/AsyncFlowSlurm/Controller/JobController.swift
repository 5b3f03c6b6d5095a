/// A way to Slurm's controller: its programs, or its REST service.
package protocol JobController: Sendable {
    /// Returns if the controller can be spoken to. Every engine calls it once before anything else, and ``shutdown()``
    /// when it has returned and the engine ends.
    func check() async throws

    /// Returns why no job can ask for this; nil if one can.
    func problem(_ request: JobRequest) -> String?

    /// Returns what would be submitted, for the report of a dry run.
    func description(of submission: JobSubmission) -> String

    /// Submits an array of jobs.
    ///
    /// - Returns: the array's id.
    /// - Throws: ``SubmissionFailure``.
    func submit(_ submission: JobSubmission) async throws -> String

    /// Returns all jobs of this user that are part of arrays, including those that ended a short while ago. Jobs of
    /// others may be among them.
    func queue() async throws -> [JobRow]

    /// Returns the accounting's records of jobs that the queue doesn't have any longer.
    ///
    /// - Throws: if there is no accounting.
    func accounting(_ names: [String]) async throws -> [JobRow]

    /// Cancels the jobs of one name.
    ///
    /// - Parameters:
    ///   - ids: the ids of its arrays; empty for all that there are.
    ///   - indices: the jobs of each array; nil for all.
    func cancel(name: String, ids: [String], indices: [Int]?) async throws

    /// Lets go of what ``check()`` began, for one engine.
    func shutdown() async
}

extension JobController {
    package func problem(_ request: JobRequest) -> String? { nil }
    package func shutdown() async {}
}

/// An array of jobs, one for each of a number of tasks that ask for the same.
package struct JobSubmission: Sendable, Hashable {
    /// The beginning of all names.
    package static let namePrefix = "asyncflow-"

    /// Known to nobody else, and made of lower-case letters, digits and dashes.
    package var name: String
    package var request: JobRequest
    package var count: Int
    /// The folder that it runs in and that has its log.
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

    /// The log's path as Slurm takes it. All jobs of the array write there what isn't output of their tasks.
    ///
    /// Slurm puts numbers and names in the place of `%A` and the like, and takes every backslash out of a path, so that
    /// one with a backslash can't be written at all. Source: `fname_create` in Slurm's `src/slurmd/slurmstepd/fname.c`.
    package var logPattern: String {
        let path = "\(folder)/\(name).log"
        if path.utf8.contains(UInt8(ascii: "\\")) { return "/dev/null" }
        // By scalars: a combining mark makes another character of a percent sign.
        return path.unicodeScalars.reduce(into: "") { pattern, scalar in
            if scalar == "%" { pattern += "%" }
            pattern.unicodeScalars.append(scalar)
        }
    }
}

/// A submission that nobody confirmed. It may have arrived all the same.
package struct SubmissionFailure: Error, CustomStringConvertible {
    /// Slurm's words.
    package let description: String
    /// Whether the same submission may succeed later.
    package let isTransient: Bool

    package init(_ description: String, isTransient: Bool) {
        self.description = description
        self.isTransient = isTransient
    }
}
