import AsyncFlow
import Foundation

/// Calls Slurm's programs and reads what they write.
struct SlurmPrograms: Sendable {
    /// Where they are; nil for `PATH`.
    var folder: String?
    var environment: [String: String]
    /// How long a call may take.
    var patience: Duration
    private let runner = CommandRunner()

    init(folder: String?, environment: [String: String], patience: Duration) {
        self.folder = folder
        self.environment = environment
        self.patience = patience
    }

    struct NoAnswer: Error, CustomStringConvertible {
        let description: String
    }

    func command(_ program: String, _ arguments: [String]) -> Command {
        var command = Command(folder.map { "\($0)/\(program)" } ?? program, arguments: arguments)
        command.environment = environment
        return command
    }

    /// - Throws: `CommandError`, or ``NoAnswer``.
    func call(_ program: String, _ arguments: [String]) async throws -> String {
        let (call, runner, patience) = (command(program, arguments), runner, patience)
        return try await withThrowingTaskGroup(of: String?.self) { group in
            group.addTask { try await runner.run(call, gracePeriod: .seconds(1)).text }
            group.addTask {
                try await Task.sleep(for: patience)
                return nil
            }
            defer { group.cancelAll() }
            guard let text = try await group.next()! else {
                throw NoAnswer(description: "\(program) didn't answer within \(patience)")
            }
            return text
        }
    }

    static func arguments(_ submission: JobSubmission) -> [String] {
        [
            "--parsable", "--job-name=\(submission.name)", "--comment=\(submission.name)",
            "--array=0-\(submission.count - 1)", "--no-requeue", "--export=ALL", "--open-mode=append",
            "--output=\(submission.logPath)", "--chdir=\(submission.folder)",
        ] + submission.request.arguments + [submission.script]
    }

    /// - Throws: if a line isn't one of `squeue`: an answer that is understood in part could hide a job.
    static func rows(ofQueue text: String) throws -> [JobRow] {
        try text.split(whereSeparator: \.isNewline).compactMap { line in
            let words = line.split(separator: " ", omittingEmptySubsequences: true)
            guard words.count >= 5, words[0].allSatisfy(\.isASCIIDigit) else { throw unreadable(line) }
            // Jobs that aren't part of an array aren't ours.
            guard let index = Int(words[1]) else { return nil }
            guard let state = JobState(words[2]) else { throw unreadable(line) }
            return JobRow(
                arrayID: String(words[0]), index: index, name: String(words[4]), state: state,
                waitStatus: Int32(words[3]), node: node(words.dropFirst(5)))
        }
    }

    private static func node(_ words: ArraySlice<Substring>) -> String? {
        guard let word = words.first, !["n/a", "none", "(null)"].contains(word.lowercased()) else { return nil }
        return String(word)
    }

    private static func unreadable(_ line: Substring) -> NoAnswer {
        NoAnswer(description: "squeue answered '\(line.prefix(200))', which can't be understood")
    }

    static func rows(ofAccounting text: String) -> [JobRow] {
        text.split(whereSeparator: \.isNewline).compactMap { line in
            let fields = line.split(separator: "|", omittingEmptySubsequences: false)
            guard fields.count == 4, let state = JobState(fields[2]) else { return nil }
            let id = fields[0].split(separator: "_")
            guard id.count == 2, let index = Int(id[1]) else { return nil }
            let code = fields[3].split(separator: ":").compactMap { Int32($0) }
            let status = code.count == 2 ? (code[1] != 0 ? code[1] : code[0] << 8) : nil
            return JobRow(
                arrayID: String(id[0]), index: index, name: String(fields[1]), state: state, waitStatus: status)
        }
    }

    /// Whether a failed submission may succeed later, as it is.
    static func isTransient(_ error: any Error) -> Bool {
        guard let error = error as? CommandError else { return true }
        if error.exitCode == nil { return error.signal != nil }
        return isTransient(error.standardErrorTail)
    }

    /// Whether what a program complained of may be over later.
    static func isTransient(_ complaint: String) -> Bool {
        let text = complaint.lowercased()
        return transientPhrases.contains { text.contains($0) }
    }

    private static let transientPhrases = [
        "unable to contact", "timed out", "connection refused", "connection reset", "connect failure", "zero bytes",
        "transport endpoint", "temporarily", "communication", "try again", "not responding", "backup mode",
        "send/recv", "slurm_receive_msg", "slurm_send_node_msg",
    ]

    /// What a program complained of, in a line.
    static func complaint(_ error: any Error) -> String {
        guard let error = error as? CommandError else { return "\(error)" }
        let text = error.standardErrorTail.split(whereSeparator: \.isNewline).joined(separator: "; ")
        return text.isEmpty ? "\(error)" : text
    }
}

// MARK: - Jobs

extension SlurmPrograms: JobController {
    func check() async throws { _ = try await call("sbatch", ["--version"]) }

    func description(of submission: JobSubmission) -> String {
        Command("sbatch", arguments: Self.arguments(submission)).description
    }

    func submit(_ submission: JobSubmission) async throws -> String {
        let text: String
        do {
            text = try await call("sbatch", Self.arguments(submission))
        } catch {
            throw SubmissionFailure(Self.complaint(error), isTransient: Self.isTransient(error))
        }
        let id = text.split(whereSeparator: \.isNewline).last?.split(separator: ";").first ?? ""
        guard !id.isEmpty, id.allSatisfy(\.isASCIIDigit) else {
            throw SubmissionFailure(
                "sbatch answered '\(text.prefix(200))', which is no job id", isTransient: true)
        }
        return String(id)
    }

    func queue() async throws -> [JobRow] {
        let format = "ArrayJobID:24,ArrayTaskID:24,State:24,exit_code:24,Name:200,BatchHost:80"
        let text = try await call(
            "squeue", ["--noheader", "--array", "--states=all", "--user=\(getuid())", "--Format=\(format)"])
        return try Self.rows(ofQueue: text)
    }

    func accounting(_ names: [String]) async throws -> [JobRow] {
        let text = try await call(
            "sacct",
            [
                "--noheader", "--parsable2", "--allocations", "--array", "--duplicates", "--starttime=now-30days",
                "--name=\(names.joined(separator: ","))", "--format=JobID,JobName,State,ExitCode",
            ])
        return Self.rows(ofAccounting: text)
    }

    func cancel(name: String, ids: [String], indices: [Int]? = nil) async throws {
        let elements = indices.map { "_[\($0.map(String.init).joined(separator: ","))]" } ?? ""
        _ = try await call("scancel", ["--quiet", "--name=\(name)"] + ids.map { $0 + elements })
    }
}

// MARK: - Allocations

extension SlurmPrograms {
    /// The nodes of a list as Slurm writes it: `node[1-3]`.
    func nodes(_ list: String) async throws -> [String] {
        let names = try await call("scontrol", ["show", "hostnames", list]).split(whereSeparator: \.isWhitespace)
        guard !names.isEmpty else { throw NoAnswer(description: "scontrol knows no nodes in '\(list)'") }
        return names.map(String.init)
    }

    /// How long a job may still run; nil for as long as it likes.
    func timeLeft(job: String) async throws -> Duration? {
        let text = try await call("squeue", ["--noheader", "--jobs=\(job)", "--format=%L"])
            .trimmingCharacters(in: .whitespacesAndNewlines)
        if text == "UNLIMITED" || text == "NOT_SET" { return nil }
        guard let time = Self.time(text) else {
            throw NoAnswer(description: "squeue answered '\(text.prefix(200))', which is no time")
        }
        return time
    }

    /// - Parameter text: `days-hours:minutes:seconds`, of which the first parts may be missing.
    static func time(_ text: String) -> Duration? {
        let halves = text.split(separator: "-", omittingEmptySubsequences: false)
        let days = halves.count == 2 ? Int(halves[0]) : 0
        let parts = (halves.last ?? "").split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
        guard let days, halves.count <= 2, (2...3).contains(parts.count), !parts.contains(nil) else { return nil }
        let seconds = parts.reduce(0) { $0 * 60 + $1! }
        return seconds < 0 || days < 0 ? nil : .seconds(days * 86_400 + seconds)
    }
}

extension Character {
    fileprivate var isASCIIDigit: Bool { isASCII && isNumber }
}
