/// How Slurm's controller is spoken to about jobs: by its programs, or by its REST service.
package protocol JobController: Sendable {
    /// Whether there is something to speak to; called once, before anything else.
    func check() async throws

    /// Why no job can ask for this; nil if it can.
    func problem(_ request: JobRequest) -> String?

    /// What would be submitted, for who looks at a dry run.
    func description(of submission: JobSubmission) -> String

    /// - Returns: the array's id.
    /// - Throws: ``SubmissionFailure``.
    func submit(_ submission: JobSubmission) async throws -> String

    /// All jobs of this user that are part of arrays, those that have ended a short while ago included. Others' may be
    /// among them.
    func queue() async throws -> [JobRow]

    /// What is known of jobs that the queue doesn't have any more.
    ///
    /// - Throws: if there is no accounting.
    func accounting(_ names: [String]) async throws -> [JobRow]

    /// Cancels the jobs of one name.
    ///
    /// - Parameters:
    ///   - ids: of its arrays; all that there are if empty.
    ///   - indices: which jobs of each array; nil for all.
    func cancel(name: String, ids: [String], indices: [Int]?) async throws

    /// Nothing is asked any more.
    func shutdown() async
}

extension JobController {
    package func problem(_ request: JobRequest) -> String? { nil }
    package func shutdown() async {}
}

/// An array of jobs, one for each of a number of tasks that ask for the same.
package struct JobSubmission: Sendable, Hashable {
    /// What the names of all begin with.
    package static let namePrefix = "asyncflow-"

    /// Known to nobody else.
    package var name: String
    package var request: JobRequest
    package var count: Int
    /// Where it runs, and its log is.
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

    /// What all jobs of the array write besides the output of their tasks.
    package var logPath: String { "\(folder)/\(name).log" }
}

/// Nobody said that a submission arrived. That doesn't say that it didn't.
package struct SubmissionFailure: Error, CustomStringConvertible {
    /// In Slurm's words.
    package let description: String
    /// Whether the same submission may succeed later.
    package let isTransient: Bool

    package init(_ description: String, isTransient: Bool) {
        self.description = description
        self.isTransient = isTransient
    }
}
