import AsyncFlow

/// The lines that are about the whole run.
extension EventLineEncoder {
    /// Appends a line that says how many events are missing at this point.
    mutating func appendDropped(_ count: Int, at time: EventTime = .now, to buffer: inout LineBuffer) {
        sessionLine(.eventsDropped, at: time, &buffer) { buffer in
            buffer.append("\"count\": ")
            buffer.append(decimal: UInt64(count))
        }
    }

    /// Appends the first line, also if the recording begins in the middle of a run.
    ///
    /// - Parameter continues: whether it is the first line of a further file of the same recording.
    mutating func appendSessionStart(at time: EventTime, continues: Bool = false, to buffer: inout LineBuffer) {
        guard sessionStart == nil || continues else { return }
        if sessionStart == nil { sessionStart = time.nanoseconds }
        sessionLine(.sessionStarted, at: time, &buffer) { [facts] buffer in
            buffer.append("\"asyncflow.version\": ")
            buffer.append(string: facts.version)
            if continues { buffer.append(", \"asyncflow.continues\": true") }
            buffer.append("host", facts.host)
            if let processID = facts.processID { buffer.append("process_id", processID) }
            if let cores = facts.cores { buffer.append("cores", Int(cores)) }
            if let memory = facts.memoryBytes { buffer.append("memory_bytes", Int(memory)) }
            buffer.append(", \"arguments\": [")
            for (index, argument) in facts.arguments.enumerated() {
                if index > 0 { buffer.append(", ") }
                buffer.append(string: argument)
            }
            buffer.append("]")
        }
    }

    mutating func appendSessionEnd(at time: EventTime, to buffer: inout LineBuffer) {
        let start = sessionStart ?? time.nanoseconds
        let elapsed = time.nanoseconds - start
        appendCounts(at: time, to: &buffer)
        appendSpan(
            "session", identity.sessionSpan, in: identity.parentSpan, from: start, to: time.nanoseconds, task: nil,
            failed: nil, &buffer)
        sessionLine(.sessionEnded, at: time, &buffer) { _ in
        } fields: {
            $0.append(duration: elapsed)
        }
    }

    /// Appends a measurement of this machine or of one of its GPUs.
    mutating func append(_ sample: TelemetrySample, to buffer: inout LineBuffer) {
        sessionLine(.resourceUpdate, at: sample.time, &buffer) { buffer in
            guard let cores = sample.coresUsed, let tasks = sample.tasksRunning else { return }
            buffer.append("\"cores_used\": ")
            buffer.append(number: cores)
            buffer.append("tasks_running", tasks)
        } fields: { buffer in
            buffer.append(
                sample.gpuID == nil ? ", \"resource_scope\": \"per_node\"" : ", \"resource_scope\": \"per_gpu\"")
            buffer.append(", \"gpu_id\": ")
            if let gpu = sample.gpuID { buffer.append(decimal: UInt64(gpu)) } else { buffer.append("null") }
            buffer.append("cpu_percent", optional: sample.cpuPercent)
            buffer.append("memory_percent", optional: sample.memoryPercent)
            buffer.append("gpu_percent", optional: sample.gpuPercent)
            buffer.append("disk_read_bytes", optional: sample.diskReadBytes)
            buffer.append("disk_write_bytes", optional: sample.diskWriteBytes)
            buffer.append("net_sent_bytes", optional: sample.networkSentBytes)
            buffer.append("net_recv_bytes", optional: sample.networkReceivedBytes)
        }
    }

    // MARK: - Counts and spans

    /// Appends a line with counts every few seconds.
    mutating func appendCountsIfDue(at time: EventTime, to buffer: inout LineBuffer) {
        if let lastCounts, time.nanoseconds - lastCounts < Self.countsInterval { return }
        if lastCounts != nil { appendCounts(at: time, to: &buffer) }
        lastCounts = time.nanoseconds
    }

    private func appendCounts(at time: EventTime, to buffer: inout LineBuffer) {
        buffer.append("{\"checkpoint_time\": ")
        buffer.append(microseconds: epochMicroseconds + time.nanoseconds / 1_000)
        buffer.append("session_id", sessionID)
        buffer.append("tasks_submitted", counts.submitted)
        buffer.append("tasks_started", counts.started)
        buffer.append("tasks_completed", counts.completed)
        buffer.append("tasks_failed", counts.failed)
        buffer.append("tasks_canceled", counts.canceled)
        buffer.append("tasks_running", counts.running)
        buffer.append("task_duration_seconds_count", counts.ended)
        buffer.append(", \"task_duration_seconds_sum\": ")
        buffer.append(microseconds: counts.nanoseconds / 1_000)
        buffer.append(", \"section\": \"metric\"}\n")
    }

    /// Appends the time from a start to an end as a span, for programs that read spans.
    func appendSpan(
        _ name: StaticString, _ span: UInt64, in parent: UInt64?, from start: Int64, to end: Int64,
        task number: UInt64?, failed: String?, _ buffer: inout LineBuffer
    ) {
        buffer.append("{\"name\": \"")
        buffer.append(name)
        buffer.append("\", \"span_id\": \"0x")
        buffer.append(hex: span)
        buffer.append("\", \"trace_id\": \"0x")
        buffer.append(hex: identity.traceID.high)
        buffer.append(hex: identity.traceID.low)
        buffer.append("\", \"parent_span_id\": ")
        if let parent {
            buffer.append("\"0x")
            buffer.append(hex: parent)
            buffer.append(0x22)
        } else {
            buffer.append("null")
        }
        let zero = epochMicroseconds &* 1_000
        for (key, time) in [(", \"start_ns\": " as StaticString, start), (", \"end_ns\": ", end)] {
            buffer.append(key)
            buffer.append(decimal: UInt64(max(0, zero &+ time)))
        }
        for (key, time) in [(", \"start_time_s\": " as StaticString, start), (", \"end_time_s\": ", end)] {
            buffer.append(key)
            buffer.append(microseconds: epochMicroseconds + time / 1_000)
        }
        buffer.append(", \"duration_ms\": ")
        buffer.append(number: Double(max(0, end - start)) / 1e6)
        buffer.append(failed == nil ? ", \"status_code\": \"UNSET\"" : ", \"status_code\": \"ERROR\"")
        buffer.append(", \"status_description\": ")
        if let failed { buffer.append(string: failed) } else { buffer.append("null") }
        buffer.append(", \"attributes\": {")
        if let number {
            buffer.append("\"task_id\": ")
            buffer.append(task: number)
        }
        buffer.append("}, \"section\": \"span\"}\n")
    }
}
