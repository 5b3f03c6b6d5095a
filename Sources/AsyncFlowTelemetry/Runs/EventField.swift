/// The fields of a recording that a reader knows. All others are skipped.
enum EventField: Int, CaseIterable {
    // At the top of a line only, so that a custom event's attributes can't replace them.
    case eventType, eventTime, sessionID, backend, taskID, nodeID, attributes
    // Of no use to a reader, but present in every line.
    case eventID, emitTime, traceID, spanID, name, section
    // Of one type of event, at the top or among the attributes.
    case durationSeconds, errorType, resourceScope, gpuID, cpuPercent, memoryPercent, gpuPercent
    case diskRead, diskWrite, netSent, netReceived
    case executable, taskType, workflowID, blockID, dependsOn, attempt, worker, cores, waitedFor
    case errorMessage, stderrTail, cpuSeconds, peakMemory, retryDelay, count, fraction
    case coresUsed, tasksRunning, version, processID, host, hostCores, hostMemory, arguments
    case taskName, command, workingDirectory, exitCode, signal, jobID, node, inputFiles, outputFiles

    static let topCount = EventField.section.rawValue + 1

    var key: StaticString {
        switch self {
        case .eventType: "event_type"
        case .eventTime: "event_time"
        case .sessionID: "session_id"
        case .backend: "backend"
        case .taskID: "task_id"
        case .nodeID: "node_id"
        case .attributes: "attributes"
        case .eventID: "event_id"
        case .emitTime: "emit_time"
        case .traceID: "trace_id"
        case .spanID: "span_id"
        case .name: "name"
        case .section: "section"
        case .durationSeconds: "duration_seconds"
        case .errorType: "error_type"
        case .resourceScope: "resource_scope"
        case .gpuID: "gpu_id"
        case .cpuPercent: "cpu_percent"
        case .memoryPercent: "memory_percent"
        case .gpuPercent: "gpu_percent"
        case .diskRead: "disk_read_bytes"
        case .diskWrite: "disk_write_bytes"
        case .netSent: "net_sent_bytes"
        case .netReceived: "net_recv_bytes"
        case .executable: "executable"
        case .taskType: "task_type"
        case .workflowID: "asyncflow.workflow_id"
        case .blockID: "asyncflow.block_id"
        case .dependsOn: "depends_on"
        case .attempt: "asyncflow.attempt"
        case .worker: "asyncflow.worker"
        case .cores: "asyncflow.cores"
        case .waitedFor: "asyncflow.waited_for"
        case .errorMessage: "error_message"
        case .stderrTail: "stderr_tail"
        case .cpuSeconds: "cpu_seconds"
        case .peakMemory: "peak_memory_bytes"
        case .retryDelay: "retry_delay_seconds"
        case .count: "count"
        case .fraction: "fraction"
        case .coresUsed: "cores_used"
        case .tasksRunning: "tasks_running"
        case .version: "asyncflow.version"
        case .processID: "process_id"
        case .host: "host"
        case .hostCores: "cores"
        case .hostMemory: "memory_bytes"
        case .arguments: "arguments"
        case .taskName: "asyncflow.name"
        case .command: "command"
        case .workingDirectory: "working_directory"
        case .exitCode: "exit_code"
        case .signal: "signal"
        case .jobID: "job_id"
        case .node: "node"
        case .inputFiles: "input_files"
        case .outputFiles: "output_files"
        }
    }
}

/// A table that finds the field of a key by a few of its bytes and then compares all of them.
struct EventFieldTable {
    private struct Slot {
        var key: UnsafePointer<UInt8>?
        var count = 0
        var field = EventField.eventType
    }

    private static let size = 256
    private var slots = [Slot](repeating: Slot(), count: size)

    init() {
        for field in EventField.allCases {
            let key = UnsafeBufferPointer(start: field.key.utf8Start, count: field.key.utf8CodeUnitCount)
            var slot = Self.hash(key)
            while slots[slot].key != nil { slot = (slot + 1) % Self.size }
            slots[slot] = Slot(key: key.baseAddress, count: key.count, field: field)
        }
    }

    @inline(__always)
    func field(_ key: UnsafeBufferPointer<UInt8>) -> EventField? {
        guard key.count >= 4 else { return nil }
        var slot = Self.hash(key)
        while let known = slots[slot].key {
            if slots[slot].count == key.count {
                var at = 0
                while at < key.count, known[at] == key[at] { at += 1 }
                if at == key.count { return slots[slot].field }
            }
            slot = (slot + 1) % Self.size
        }
        return nil
    }

    @inline(__always)
    private static func hash(_ key: UnsafeBufferPointer<UInt8>) -> Int {
        let last = key.count - 1
        let mixed =
            Int(key[0]) &+ Int(key[last]) &* 31 &+ Int(key[last - 2]) &* 7 &+ Int(key[key.count / 2]) &* 61
            &+ key.count &* 13
        return (mixed ^ mixed >> 8) & (size - 1)
    }
}
