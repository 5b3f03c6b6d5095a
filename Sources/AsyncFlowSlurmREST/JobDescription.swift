import AsyncFlowBase
import AsyncFlowSlurm
import Foundation

/// A submission in the service's form.
struct JobDescription: Encodable {
    let submission: JobSubmission
    let script: String
    let environment: [String: String]
    let version: RESTVersion

    private struct Key: CodingKey, ExpressibleByStringLiteral {
        let stringValue: String
        let intValue: Int? = nil
        init(stringLiteral text: String) { stringValue = text }
        init(stringValue text: String) { stringValue = text }
        init?(intValue: Int) { nil }
    }

    /// A number in the form in which it could also be unset.
    private struct Number: Encodable {
        let set = true
        let number: Int64
    }

    func encode(to encoder: any Encoder) throws {
        var all = encoder.container(keyedBy: Key.self)
        if !version.isVerbose { try all.encode(script, forKey: "script") }
        var job = all.nestedContainer(keyedBy: Key.self, forKey: "job")
        if version.isVerbose { try job.encode(script, forKey: "script") }
        try job.encode(submission.name, forKey: "name")
        try job.encode(submission.name, forKey: "comment")
        try job.encode("0-\(submission.count - 1)", forKey: "array")
        try job.encode(submission.folder, forKey: "current_working_directory")
        try job.encode(submission.logPattern, forKey: "standard_output")
        try encode(submission.request, into: &job)
        if version.isVerbose {
            try job.encode(false, forKey: "requeue")
            try job.encode(["APPEND"], forKey: "open_mode")
            try job.encode(environment.map { "\($0.key)=\($0.value)" }.sorted(), forKey: "environment")
        } else {
            // `"requeue": false` is accepted there but has no effect.
            try job.encode(true, forKey: "no_requeue")
            try job.encode("append", forKey: "open_mode")
            try job.encode(environment, forKey: "environment")
        }
    }

    private func encode(_ request: JobRequest, into job: inout KeyedEncodingContainer<Key>) throws {
        try job.encode(request.ranks, forKey: "tasks")
        try job.encode(request.cores, forKey: "cpus_per_task")
        switch request.memory {
        case .perNode(let size): try encode(size, "memory_per_node", into: &job)
        case .perCore(let size): try encode(size, "memory_per_cpu", into: &job)
        case nil: break
        }
        if request.gpus > 0, version.isVerbose {
            try job.encode("gres/gpu:\(request.gpus)", forKey: "tres_per_job")
        } else if request.gpus > 0 {
            try job.encode("\(request.gpus)", forKey: "gpus")
        }
        try job.encodeIfPresent(request.licenses, forKey: "licenses")
        let options = request.options
        try job.encodeIfPresent(options.partition, forKey: "partition")
        try job.encodeIfPresent(options.account, forKey: "account")
        try job.encodeIfPresent(options.qos, forKey: "qos")
        try job.encodeIfPresent(options.constraint, forKey: "constraints")
        try job.encodeIfPresent(options.reservation, forKey: "reservation")
        if let time = options.time { try encode(Self.minutes(time), "time_limit", into: &job) }
        // v0.0.38 accepts the list that its own description names, but ignores it.
        if let nodes = options.nodes { try job.encode("\(nodes)", forKey: "nodes") }
        if options.exclusive == true, version.isVerbose {
            try job.encode(["none"], forKey: "shared")
        } else if options.exclusive == true {
            try job.encode("exclusive", forKey: "exclusive")
        }
    }

    private func encode(
        _ number: Int64, _ key: Key, into job: inout KeyedEncodingContainer<Key>
    ) throws {
        if version.isVerbose {
            try job.encode(Number(number: number), forKey: key)
        } else {
            try job.encode(number, forKey: key)
        }
    }

    /// Returns a time in Slurm's unit, rounded up.
    private static func minutes(_ time: Duration) -> Int64 {
        let (whole, rest) = time.bounded.components
        return (whole + (rest > 0 ? 1 : 0) + 59) / 60
    }
}
