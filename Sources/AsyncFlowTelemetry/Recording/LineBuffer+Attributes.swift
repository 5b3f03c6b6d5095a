import AsyncFlow
import AsyncFlowBase

/// The attributes in the lines about tasks.
extension LineBuffer {
    mutating func append(dependencies: [TaskID]) {
        append(", \"depends_on\": [")
        for (index, dependency) in dependencies.enumerated() {
            if index > 0 { append(", ") }
            append(task: dependency.number)
        }
        append("]")
    }

    /// Appends the number of an attempt that isn't the first.
    mutating func append(attemptOf event: WorkflowEvent) {
        if event.attempt > 1 { append("asyncflow.attempt", event.attempt) }
    }

    /// Appends the worker of the attempt, what it waited for, and the resources that it was granted.
    mutating func append(startOf event: WorkflowEvent) {
        append(attemptOf: event)
        if let worker = event.worker { append("asyncflow.worker", worker) }
        if let cause = event.waitCause { append("asyncflow.waited_for", cause.description) }
        if let cores = event.grantedCores { append("asyncflow.cores", cores) }
        guard let allocation = event.allocation else { return }
        if allocation.memory.bytes > 0 { append("asyncflow.memory_bytes", Int(allocation.memory.bytes)) }
        guard !allocation.gpus.isEmpty else { return }
        append(", \"asyncflow.gpu_ids\": [")
        for (index, share) in allocation.gpus.enumerated() {
            if index > 0 { append(", ") }
            // Most ids are numbers; NVIDIA's may also be names.
            if let number = UInt64(share.gpu.id) {
                append(decimal: number)
            } else {
                append(string: share.gpu.id)
            }
        }
        append("]")
    }

    /// Appends the resources that a task asks for; nothing if it asks for none.
    mutating func append(request: ResourceRequest) {
        if request.isEmpty { return }
        if let cores = request.cores { append("asyncflow.requested_cores", cores) }
        if request.ranks != 1 { append("asyncflow.requested_ranks", request.ranks) }
        if request.memory.bytes > 0 { append("asyncflow.requested_memory_bytes", Int(request.memory.bytes)) }
        if request.gpus > 0 { append("asyncflow.requested_gpus", optional: request.gpus) }
    }

    mutating func append(_ failure: RunFailureText) {
        append("error_message", failure.message)
        if !failure.stderrTail.isEmpty { append("stderr_tail", failure.stderrTail) }
    }

    mutating func append(_ usage: ResourceUsage) {
        append("cpu_seconds", optional: (usage.userTime + usage.systemTime).seconds)
        if let peak = usage.peakMemory { append("peak_memory_bytes", Int(peak.bytes)) }
    }

    // MARK: - Commands and files

    /// Appends the command of an attempt and the directory that it runs in.
    mutating func append(_ command: CommandText) {
        append(key: "command")
        append(list: command.words)
        if let directory = command.workingDirectory { append("working_directory", directory) }
    }

    mutating func append(_ place: CommandPlace) {
        if let id = place.processID { append("process_id", Int(id)) }
        if let id = place.jobID { append("job_id", Self.bounded(id)) }
        if let node = place.node { append("node", Self.bounded(node)) }
    }

    /// Appends how a command ended, and the files of its task.
    mutating func append(endOf execution: TaskExecution) {
        if let code = execution.exitCode { append("exit_code", Int(code)) }
        if let signal = execution.signal { append("signal", Int(signal)) }
        append(execution.place)
        append("input_files", "input_bytes", execution.inputs)
        append("output_files", "output_bytes", execution.outputs)
    }

    /// The limits on the files of a task that are named and on the bytes of their names.
    private static let fileLimit = (count: 100, bytes: 10_000)

    private mutating func append(
        _ list: StaticString, _ total: StaticString, _ files: [TaskExecution.File]
    ) {
        if files.isEmpty { return }
        let bytes = files.reduce(Int64(0)) { $0.addingSaturated($1.size ?? 0) }
        append(total, Int(bytes))
        append(key: list)
        append(list: files)
    }

    mutating func append(list words: [String]) {
        append("[")
        for (index, word) in words.enumerated() {
            if index > 0 { append(", ") }
            append(string: word)
        }
        append("]")
    }

    mutating func append(list files: [TaskExecution.File]) {
        append("[")
        let start = count
        for (index, file) in files.prefix(Self.fileLimit.count).enumerated() {
            if count - start > Self.fileLimit.bytes { break }
            if index > 0 { append(", ") }
            append("{\"path\": ")
            append(string: Self.bounded(file.path))
            if let size = file.size { append("size_bytes", Int(size)) }
            append("}")
        }
        append("]")
    }

    /// Returns an external name, cut if it is too long for a line.
    private static func bounded(_ text: String) -> String {
        text.utf8.count <= 4_096 ? text : text.prefix(1_000) + "…"
    }
}
