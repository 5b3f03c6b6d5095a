import AsyncFlowBase
import AsyncFlowSlurm
import Foundation

/// The complaints that any answer may carry.
struct ServiceErrors: Decodable {
    struct Complaint: Decodable {
        let description: String?
        let error: String?
        let code: Int?

        private enum Key: CodingKey { case description, error, error_number, error_code }

        init(from decoder: any Decoder) throws {
            let object = try decoder.container(keyedBy: Key.self)
            description = try? object.decode(String.self, forKey: .description)
            error = try? object.decode(String.self, forKey: .error)
            code =
                (try? object.decode(Int.self, forKey: .error_number))
                ?? (try? object.decode(Int.self, forKey: .error_code))
        }
    }
    let errors: [Complaint]?

    /// The failure that the complaints describe; nil if there are none.
    var failure: RESTFailure? {
        guard let errors, !errors.isEmpty else { return nil }
        let texts = errors.flatMap { [$0.description, $0.error] }.compactMap { $0 }.filter { !$0.isEmpty }
        return RESTFailure(
            description: texts.isEmpty ? "an error without a message" : texts.joined(separator: ": "), status: nil,
            code: errors.compactMap(\.code).first)
    }
}

struct SubmissionAnswer: Decodable { let job_id: Int }

/// The jobs of all users in the form of `/jobs`. Only jobs with our names need to be understood: other jobs may have
/// any name, and be written in an unknown form.
struct QueueAnswer: Decodable {
    let jobs: [Entry]

    /// A job of ours, or nil.
    struct Entry: Decodable {
        let job: Job?

        private enum Key: CodingKey { case name }

        init(from decoder: any Decoder) throws {
            let name = try? decoder.container(keyedBy: Key.self).decode(String.self, forKey: .name)
            let isOurs = name?.utf8.starts(with: JobSubmission.namePrefix.utf8) == true
            job = isOurs ? try Job(from: decoder) : nil
        }
    }

    struct Job: Decodable {
        let array_job_id: ServiceNumber?
        let array_task_id: ServiceNumber?
        let array_task_string: String?
        let job_state: ServiceState
        let exit_code: ServiceExit?
        let name: String
        let batch_host: String?
    }

    /// Returns the rows of the jobs that are part of arrays.
    ///
    /// - Parameters:
    ///   - prefix: the prefix of the relevant names.
    ///   - limit: a number above all indices. The list of an array's waiting jobs may be cut off; indices below the
    ///     limit that don't appear otherwise count as part of it.
    func rows(named prefix: String, limit: Int) throws -> [JobRow] {
        var rows: [JobRow] = []
        var collective: [(job: Job, array: Int)] = []
        var seen: [Int: Set<Int>] = [:]
        for job in jobs.compactMap(\.job) where job.name.utf8.starts(with: prefix.utf8) {
            guard let array = job.array_job_id?.value, array != 0 else { continue }
            guard SlurmNumber.ids.contains(array) else {
                throw RESTFailure(description: "slurmrestd lists a job of the array \(array), which isn't a job id")
            }
            guard let index = job.array_task_id?.value else {
                collective.append((job, array))
                continue
            }
            guard SlurmNumber.indices.contains(index) else {
                throw RESTFailure(description: "slurmrestd lists a job \(array)_\(index), whose index is out of range")
            }
            seen[array, default: []].insert(index)
            rows.append(row(job, array, index))
        }
        for (job, array) in collective {
            for index in Self.indices(job.array_task_string ?? "", limit: limit)
            where seen[array]?.contains(index) != true {
                rows.append(row(job, array, index))
            }
        }
        return rows
    }

    private func row(_ job: Job, _ array: Int, _ index: Int) -> JobRow {
        JobRow(
            arrayID: "\(array)", index: index, name: job.name, state: job.job_state.state,
            waitStatus: job.exit_code?.waitStatus,
            node: job.batch_host.flatMap { $0.isEmpty ? nil : String($0.prefix(256)).harmless() })
    }

    /// - Parameter text: the indices, such as `3,8-11,20-40:2`, optionally followed by `%5`, the number that may run at
    ///   once. It ends with `...` if it was cut off, which may be inside a number.
    /// - Returns: the indices below the limit, in ascending order.
    static func indices(_ text: String, limit: Int) -> [Int] {
        let list = text.prefix { $0 != "%" }
        let isCut = list.hasSuffix("...")
        var parts = list.split(separator: ",")
        if isCut { parts = parts.dropLast() }
        var isWaiting = [Bool](repeating: false, count: max(0, limit))
        var next = 0
        for part in parts {
            let range = part.split(separator: ":", maxSplits: 1)
            let bounds = (range.first ?? "").split(separator: "-").map { SlurmNumber.digits($0, in: 0...Int.max) }
            guard let first = bounds.first ?? nil, let last = bounds.last ?? nil, first <= last, first < limit else {
                continue
            }
            let step = range.count > 1 ? SlurmNumber.digits(range[1], in: 1...SlurmNumber.indices.upperBound) ?? 1 : 1
            for index in stride(from: first, through: min(last, limit - 1), by: step) {
                isWaiting[index] = true
                next = max(next, index + 1)
            }
        }
        if isCut { for index in next..<max(next, limit) { isWaiting[index] = true } }
        return isWaiting.indices.filter { isWaiting[$0] }
    }
}

/// A number: `7`, or since v0.0.40 `{"set": true, "infinite": false, "number": 7}`; nil if it isn't set.
struct ServiceNumber: Decodable {
    let value: Int?

    private enum Key: CodingKey { case set, number }

    init(from decoder: any Decoder) throws {
        if let object = try? decoder.container(keyedBy: Key.self) {
            value = try object.decode(Bool.self, forKey: .set) ? object.decode(Int.self, forKey: .number) : nil
        } else {
            value = try decoder.singleValueContainer().decode(Int.self)
        }
    }
}

/// A job's state: `"RUNNING"`, or since v0.0.40 `["RUNNING", "COMPLETING"]`, a state and its flags.
struct ServiceState: Decodable {
    let text: String

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let state = try? container.decode(String.self) {
            text = state
        } else {
            text = try container.decode([String].self).joined(separator: " ")
        }
    }

    var state: JobState {
        let words = text.split(separator: " ")
        // As in squeue, a job that is completing hasn't ended yet.
        if words.contains("COMPLETING") { return .running }
        return words.lazy.map { JobState($0) }.first { $0 != .unknown } ?? .unknown
    }
}

/// The status of `waitpid`, or since v0.0.40 an object with its parts. Nil for any impossible status.
struct ServiceExit: Decodable {
    let waitStatus: Int32?

    private enum Key: CodingKey { case return_code, signal }
    private struct Signal: Decodable { let id: ServiceNumber? }

    init(from decoder: any Decoder) throws {
        if let object = try? decoder.container(keyedBy: Key.self) {
            let signal = (try? object.decode(Signal.self, forKey: .signal))?.id?.value ?? 0
            let code = (try? object.decode(ServiceNumber.self, forKey: .return_code))?.value ?? 0
            waitStatus = SlurmNumber.waitStatus(code: code, signal: signal)
        } else {
            let status = try? decoder.singleValueContainer().decode(Int.self)
            waitStatus = status.flatMap { SlurmNumber.waitStatuses.contains($0) ? Int32($0) : nil }
        }
    }
}
