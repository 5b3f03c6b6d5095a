import AsyncFlow
import AsyncFlowBase
import Foundation

/// Slurm's programs, and the readers of their output.
struct SlurmPrograms: Sendable {
    /// The folder of the programs; nil for `PATH`.
    let folder: String?
    let environment: [String: String]
    /// The time limit of a call.
    let patience: Duration
    private let runner = CommandRunner()

    init(folder: String?, environment: [String: String], patience: Duration) {
        self.folder = folder
        self.environment = environment
        self.patience = patience
    }

    struct NoAnswer: Error, CustomStringConvertible {
        let description: String

        init(description: String) { self.description = description }

        /// Creates the error for an answer that makes no sense.
        init(_ program: String, answered text: some StringProtocol, which problem: String) {
            self.init(description: "\(program) answered '\(Self.shown(text))', which \(problem)")
        }

        /// Returns the beginning of a text, on one line and without control characters.
        private static func shown(_ text: some StringProtocol) -> String {
            let start = String(text.prefix(201)).harmless()
            return start.count > 200 ? "\(start.prefix(200))…" : start
        }
    }

    func command(_ program: String, _ arguments: [String]) -> Command {
        var command = Command(folder.map { "\($0)/\(program)" } ?? program, arguments: arguments)
        command.environment = environment
        command.withheldVariables = SlurmEnvironment.withheldNames
        return command
    }

    /// - Throws: `CommandError`, or ``NoAnswer``.
    func call(_ program: String, _ arguments: [String]) async throws -> String {
        let (call, runner) = (command(program, arguments), runner)
        do {
            return try await within(patience) { try await runner.run(call, gracePeriod: .seconds(1)).text }
        } catch is OverdueAnswer {
            throw NoAnswer(description: "\(program) didn't answer within \(patience)")
        }
    }

    static func arguments(_ submission: JobSubmission) -> [String] {
        [
            "--parsable", "--job-name=\(submission.name)", "--comment=\(submission.name)",
            "--array=0-\(submission.count - 1)", "--no-requeue", "--export=ALL", "--open-mode=append",
            "--output=\(submission.logPattern)", "--chdir=\(submission.folder)",
        ] + submission.request.arguments + [submission.script]
    }

    // MARK: - Rows

    /// The columns of the queue's rows. The name comes first, because only the rows of our own jobs need to be
    /// understood.
    private static let columns = "Name:200,ArrayJobID:24,ArrayTaskID:24,State:24,exit_code:24,BatchHost:80"

    /// Parses the output of `squeue`.
    ///
    /// The user's other jobs may have any name and state, so their rows are skipped.
    ///
    /// - Throws: an error if a row of one of our jobs is cut off, since a partial answer could hide a job, or if
    ///   nothing in the output looks like a row.
    static func rows(ofQueue text: String) throws -> [JobRow] {
        var rows: [JobRow] = []
        var strange: Substring?
        var hasRow = false
        for line in text.split(whereSeparator: \.isNewline) {
            let words = line.split(separator: " ", omittingEmptySubsequences: true)
            let isOurs = words.first?.utf8.starts(with: JobSubmission.namePrefix.utf8) == true
            let hasID = words.count > 1 && SlurmNumber.digits(words[1], in: 0...Int.max) != nil
            guard isOurs, hasID || words.count == 1 else {
                if isRow(words) { hasRow = true } else { strange = strange ?? line }
                continue
            }
            guard words.count >= 5, let id = SlurmNumber.digits(words[1], in: SlurmNumber.ids) else {
                throw unreadable(line)
            }
            hasRow = true
            // Pilots aren't part of an array.
            if words[2] == "N/A" { continue }
            guard let index = SlurmNumber.digits(words[2], in: SlurmNumber.indices) else { throw unreadable(line) }
            rows.append(
                JobRow(
                    arrayID: "\(id)", index: index, name: String(words[0]), state: JobState(words[3]),
                    waitStatus: SlurmNumber.waitStatus(words[4]), node: node(words.dropFirst(5))))
        }
        if let strange, !hasRow { throw unreadable(strange) }
        return rows
    }

    /// Returns whether the columns follow a name, which may consist of any number of words.
    private static func isRow(_ words: [Substring]) -> Bool {
        words.indices.dropLast(3).contains { place in
            SlurmNumber.digits(words[place], in: SlurmNumber.ids) != nil
                && (words[place + 1] == "N/A" || SlurmNumber.digits(words[place + 1], in: SlurmNumber.indices) != nil)
                && SlurmNumber.waitStatus(words[place + 3]) != nil
        }
    }

    private static func node(_ words: ArraySlice<Substring>) -> String? {
        guard let word = words.first, !["n/a", "none", "(null)"].contains(word.lowercased()) else { return nil }
        return String(word).harmless()
    }

    private static func unreadable(_ line: Substring) -> NoAnswer {
        NoAnswer("squeue", answered: line, which: "can't be understood")
    }

    /// Parses the output of `sacct`, ignoring rows that can't be understood.
    static func rows(ofAccounting text: String) -> [JobRow] {
        text.split(whereSeparator: \.isNewline).compactMap { line in
            let fields = line.split(separator: "|", omittingEmptySubsequences: false)
            guard fields.count == 4 else { return nil }
            let (id, state) = (fields[0].split(separator: "_"), JobState(fields[2]))
            guard state != .unknown, id.count == 2, let array = SlurmNumber.digits(id[0], in: SlurmNumber.ids),
                let index = SlurmNumber.digits(id[1], in: SlurmNumber.indices)
            else { return nil }
            return JobRow(
                arrayID: "\(array)", index: index, name: String(fields[1]), state: state,
                waitStatus: SlurmNumber.waitStatus(fields[3]))
        }
    }

    // MARK: - Complaints

    /// Returns whether a failed submission may succeed later, unchanged.
    static func isTransient(_ error: any Error) -> Bool {
        guard let error = error as? CommandError else { return true }
        if error.exitCode == nil { return error.signal != nil }
        return isTransient(error.standardErrorTail)
    }

    /// Returns whether the cause of a complaint may go away.
    static func isTransient(_ complaint: String) -> Bool {
        let text = complaint.lowercased()
        return transientPhrases.contains { text.contains($0) }
    }

    private static let transientPhrases = [
        "unable to contact", "timed out", "connection refused", "connection reset", "connect failure", "zero bytes",
        "transport endpoint", "temporarily", "communication", "try again", "not responding", "backup mode",
        "send/recv", "slurm_receive_msg", "slurm_send_node_msg",
    ]

    /// Returns the complaint of a program on one line.
    static func complaint(_ error: any Error) -> String {
        guard let error = error as? CommandError else { return "\(error)".harmless() }
        let text = error.standardErrorTail.split(whereSeparator: \.isNewline).map { String($0).harmless() }
            .joined(separator: "; ")
        return text.isEmpty ? "\(error)".harmless() : text
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
        let word = text.split(whereSeparator: \.isNewline).last?.split(separator: ";").first ?? ""
        guard let id = SlurmNumber.digits(word, in: SlurmNumber.ids) else {
            let answer = NoAnswer("sbatch", answered: text, which: "isn't a job id")
            throw SubmissionFailure(answer.description, isTransient: true)
        }
        return "\(id)"
    }

    func queue() async throws -> [JobRow] {
        let text = try await call(
            "squeue", ["--noheader", "--array", "--states=all", "--user=\(getuid())", "--Format=\(Self.columns)"])
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
    /// Returns the names of the nodes of a list in Slurm's form: `node[1-3]`.
    func nodes(_ list: String) async throws -> [String] {
        guard Self.isNodeList(list) else { throw NoAnswer("salloc", answered: list, which: "isn't a list of nodes") }
        let text = try await call("scontrol", ["show", "hostnames", list])
        let names = text.split(whereSeparator: \.isWhitespace).map(String.init)
        guard !names.isEmpty, names.count <= Self.mostNodes, names.allSatisfy(Self.isNodeList) else {
            throw NoAnswer("scontrol", answered: text, which: "isn't the names of the nodes '\(list)'")
        }
        return names
    }

    static let mostNodes = 100_000

    private static func isNodeList(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.first != UInt8(ascii: "-") && text.utf8.count < 1 << 20
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: "-_.,[]".utf8.contains(byte)
                }
            }
    }

    /// The names of the user's jobs that haven't ended and whose names begin so.
    func names(beginningWith prefix: String) async throws -> Set<String> {
        let text = try await call("squeue", ["--noheader", "--user=\(getuid())", "--format=%j"])
        // The jobs of others may be called anything.
        return Set(
            text.split(whereSeparator: \.isNewline).map(String.init).filter { $0.utf8.starts(with: prefix.utf8) })
    }

    /// Returns the time that a job may still run; nil for no limit.
    func timeLeft(job: String) async throws -> Duration? {
        let text = try await call("squeue", ["--noheader", "--jobs=\(job)", "--format=%L"])
            .trimmingCharacters(in: .whitespacesAndNewlines)
        if text == "UNLIMITED" || text == "NOT_SET" { return nil }
        guard let time = Self.time(text) else { throw NoAnswer("squeue", answered: text, which: "isn't a time") }
        return time
    }

    /// - Parameter text: `days-hours:minutes:seconds`, of which the first parts may be missing.
    static func time(_ text: String) -> Duration? {
        let most = 1_000_000
        let halves = text.split(separator: "-", omittingEmptySubsequences: false)
        let days = halves.count == 2 ? SlurmNumber.digits(halves[0], in: 0...most) : 0
        let words = (halves.last ?? "").split(separator: ":", omittingEmptySubsequences: false)
        let parts = words.compactMap { SlurmNumber.digits($0, in: 0...most) }
        guard let days, halves.count <= 2, (2...3).contains(words.count), parts.count == words.count else { return nil }
        return .seconds(days * 86_400 + parts.reduce(0) { $0 * 60 + $1 })
    }
}
