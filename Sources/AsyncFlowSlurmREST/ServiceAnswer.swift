import AsyncFlowSlurm
import Foundation

/// What every answer may have.
struct ServiceErrors: Decodable {
    struct Complaint: Decodable {
        let description: String?
        let error: String?
        let error_number: Int?
        let error_code: Int?
    }
    let errors: [Complaint]?

    /// Nil if nothing was complained of.
    var failure: RESTFailure? {
        guard let errors, !errors.isEmpty else { return nil }
        let texts = errors.flatMap { [$0.description, $0.error] }.compactMap { $0 }.filter { !$0.isEmpty }
        return RESTFailure(
            description: texts.isEmpty ? "an error without words" : texts.joined(separator: ": "), status: nil,
            code: errors.compactMap { $0.error_number ?? $0.error_code }.first)
    }
}

struct SubmissionAnswer: Decodable { let job_id: Int }

/// The jobs of all users, as `/jobs` gives them.
struct QueueAnswer: Decodable {
    let jobs: [Job]

    struct Job: Decodable {
        let job_id: Int
        let array_job_id: ServiceNumber?
        let array_task_id: ServiceNumber?
        let array_task_string: String?
        let job_state: ServiceState
        let exit_code: ServiceExit?
        let name: String?
        let batch_host: String?
    }

    /// Those that are part of arrays.
    ///
    /// - Parameters:
    ///   - prefix: what the names of the ones that matter begin with.
    ///   - limit: more than any index. The list of waiting jobs of an array may be cut off; what isn't seen otherwise and is
    ///     below this counts as one of them.
    func rows(named prefix: String, limit: Int) throws -> [JobRow] {
        var rows: [JobRow] = []
        var collective: [Job] = []
        var seen: [String: Set<Int>] = [:]
        for job in jobs where job.name?.hasPrefix(prefix) == true {
            guard let array = job.array_job_id?.value, array != 0 else { continue }
            guard let index = job.array_task_id?.value else {
                collective.append(job)
                continue
            }
            seen["\(array)", default: []].insert(index)
            rows.append(try row(job, array, index))
        }
        for job in collective {
            let array = job.array_job_id!.value!
            for index in Self.indices(job.array_task_string ?? "", limit: limit)
            where seen["\(array)"]?.contains(index) != true {
                rows.append(try row(job, array, index))
            }
        }
        return rows
    }

    private func row(_ job: Job, _ array: Int, _ index: Int) throws -> JobRow {
        guard let state = job.job_state.state else {
            throw RESTFailure(
                description: "job \(array)_\(index) is in a state that isn't known: '\(job.job_state.text)'")
        }
        return JobRow(
            arrayID: "\(array)", index: index, name: job.name ?? "", state: state,
            waitStatus: job.exit_code?.waitStatus,
            node: job.batch_host.flatMap { $0.isEmpty ? nil : $0 })
    }

    /// - Parameter text: such as `3,8-11,20-40:2`; `%5` may follow, how many may run at once. It ends with `...` where it
    ///   was cut off, and that in the midst of a number.
    static func indices(_ text: String, limit: Int) -> [Int] {
        let list = text.prefix { $0 != "%" }
        let isCut = list.hasSuffix("...")
        var parts = list.split(separator: ",")
        if isCut { parts = parts.dropLast() }
        var indices: [Int] = []
        for part in parts {
            let range = part.split(separator: ":")
            let bounds = (range.first ?? "").split(separator: "-").map { Int($0) }
            guard let first = bounds.first ?? nil, let last = bounds.last ?? nil, first <= last else { continue }
            let step = range.count > 1 ? Int(range[1]) ?? 1 : 1
            indices += stride(from: first, through: min(last, limit - 1), by: max(1, step))
        }
        let next = (indices.last ?? -1) + 1
        return isCut && next < limit ? indices + Array(next..<limit) : indices
    }
}

/// `7`, or since v0.0.40 `{"set": true, "infinite": false, "number": 7}`; nil if none is set.
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

/// `"RUNNING"`, or since v0.0.40 `["RUNNING", "COMPLETING"]`: a state and what else is so.
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

    var state: JobState? {
        let states = text.split(separator: " ").map { JobState($0) }
        // As squeue has it: who is completing isn't at its end yet.
        return text.split(separator: " ").contains("COMPLETING") ? .running : states.first ?? nil
    }
}

/// What `waitpid` says, or since v0.0.40 an object with its parts.
struct ServiceExit: Decodable {
    let waitStatus: Int32?

    private enum Key: CodingKey { case return_code, signal }
    private struct Signal: Decodable { let id: ServiceNumber? }

    init(from decoder: any Decoder) throws {
        if let object = try? decoder.container(keyedBy: Key.self) {
            let signal = try object.decodeIfPresent(Signal.self, forKey: .signal)?.id?.value ?? 0
            let code = try object.decodeIfPresent(ServiceNumber.self, forKey: .return_code)?.value ?? 0
            waitStatus = Int32(clamping: signal != 0 ? signal : code << 8)
        } else {
            waitStatus = Int32(clamping: try decoder.singleValueContainer().decode(Int.self))
        }
    }
}
