import AsyncFlow
import AsyncFlowBase

/// Turns events into lines of a recording, in the format of RADICAL AsyncFlow and RHAPSODY, whose programs read them.
///
/// Those programs take every event whose name begins with `Task` for a step of the only attempt of a task. So what they have no
/// name for is called otherwise: steps of later attempts, steps of blocks, and ends of tasks that never began, each of which
/// would make their curves of running tasks wrong for ever.
///
/// What is the same in all events of a task's definition is encoded once. What an event needs to know of earlier ones,
/// when its task began, is kept for live tasks only.
struct EventLineEncoder: Sendable {
    /// What the events of a definition have in common.
    private final class Fragments: Sendable {
        /// Kept alive, so that no other definition can be at the same address.
        let definition: any AnyObject & Sendable
        let isBlock: Bool
        /// What the task asks its backend for, as an attribute; empty if nothing.
        let request: [UInt8]
        /// From the session's id to the beginning of the task's.
        let beforeTask: [UInt8]
        /// From the end of the task's id to its attributes.
        let afterTask: [UInt8]

        init(
            _ definition: any AnyObject & Sendable, isBlock: Bool, request: [UInt8], beforeTask: [UInt8],
            afterTask: [UInt8]
        ) {
            self.definition = definition
            self.isBlock = isBlock
            self.request = request
            self.beforeTask = beforeTask
            self.afterTask = afterTask
        }
    }

    private let identity: TraceIdentity
    private let sessionID: String
    private let node: String
    /// From the time to the id of a task that isn't there.
    private let withoutTask: [UInt8]
    /// From the attributes to the span.
    private let beforeSpan: [UInt8]
    private let idSeed: UInt64
    private var eventNumber: UInt64 = 0

    private var fragments: [ObjectIdentifier: Fragments] = [:]
    private var last: Fragments?
    private static let mostDefinitions = 4_096

    /// How far tasks are that haven't ended, by number: when their attempt began, in nanoseconds, or one of the values below.
    private var lives = TaskTable<Int64>()
    private static let notBegun = Int64.min
    private static let betweenAttempts = Int64.min + 1
    private var counts = RecordedCounts()
    private var lastCounts: Int64?
    /// Nanoseconds between two lines with counts.
    private static let countsInterval: Int64 = 5_000_000_000
    private var sessionStart: Int64?
    private let facts: RunSessionFacts
    /// What to add to the time of an event to have microseconds since 1970.
    private let epochMicroseconds: Int64

    /// - Parameter node: the name of this machine.
    init(sessionID: String, identity: TraceIdentity, node: String, facts: RunSessionFacts) {
        self.sessionID = sessionID
        self.identity = identity
        self.node = node
        self.facts = facts
        let zero = EventTime(nanoseconds: 0)
        epochMicroseconds = Int64((zero.secondsSince1970 * 1e6).rounded())
        idSeed = TraceIdentity.mix(identity.sessionSpan)
        withoutTask = Self.bytes { buffer in
            buffer.append(", \"session_id\": ")
            buffer.append(string: sessionID)
            buffer.append(", \"backend\": \"asyncflow\", \"task_id\": null, \"node_id\": ")
            buffer.append(string: node)
            buffer.append(", \"attributes\": {")
        }
        beforeSpan = Self.bytes { buffer in
            buffer.append(", \"trace_id\": \"0x")
            buffer.append(hex: identity.traceID.high)
            buffer.append(hex: identity.traceID.low)
            buffer.append("\", \"span_id\": \"0x")
        }
    }

    private static func bytes(_ write: (inout LineBuffer) -> Void) -> [UInt8] {
        var buffer = LineBuffer(capacity: 256)
        write(&buffer)
        return Array(buffer.bytes)
    }

    // MARK: - Events

    /// Appends the lines of an event: one, or two where the format knows two steps of what the engine does in one.
    mutating func append(_ event: WorkflowEvent, to buffer: inout LineBuffer) {
        let fragments = event.taskNumber == nil ? nil : fragments(of: event)
        let isBlock = fragments?.isBlock ?? false
        switch event.type {
        case .engineStarted: appendSessionStart(at: event.time, to: &buffer)
        case .engineEnded: appendSessionEnd(at: event.time, to: &buffer)
        case .scopeStarted: line("asyncflow.ScopeStarted", event, &buffer)
        case .scopeEnded: line("asyncflow.ScopeEnded", event, &buffer)
        case .taskCreated:
            if let number = event.taskNumber { lives[number] = Self.notBegun }
            line(isBlock ? "asyncflow.BlockCreated" : "TaskCreated", event, &buffer) { _, buffer in
                Self.append(event.dependencies, to: &buffer)
                if let fragments { buffer.append(fragments.request) }
            }
        case .taskResolved:
            line(isBlock ? "asyncflow.BlockResolved" : "asyncflow.TaskResolved", event, &buffer)
        case .taskQueued: appendQueued(event, isBlock: isBlock, to: &buffer)
        case .taskStarted: appendStarted(event, isBlock: isBlock, to: &buffer)
        case .taskAttemptFailed: appendFailedAttempt(event, to: &buffer)
        case .taskCompleted, .taskFailed, .taskCancelled: appendEnd(event, isBlock: isBlock, to: &buffer)
        case .taskProgress:
            line("asyncflow.TaskProgress", event, &buffer) { _, buffer in
                if let fraction = event.progress?.fraction {
                    buffer.append(", \"fraction\": ")
                    buffer.append(number: fraction)
                }
                if let message = event.progress?.message { Self.append("message", message, to: &buffer) }
            }
        case .fileProgress:
            line("asyncflow.FileProgress", event, &buffer) { _, buffer in
                guard let progress = event.fileProgress else { return }
                Self.append("url", "\(progress.url)".redactingURLSecrets, to: &buffer)
                Self.append("received_bytes", Int(progress.receivedBytes), to: &buffer)
                if let total = progress.totalBytes { Self.append("total_bytes", Int(total), to: &buffer) }
            }
        case .serviceReady: line("asyncflow.ServiceReady", event, &buffer)
        case .serviceRestarted: appendService("asyncflow.ServiceRestarted", event, to: &buffer)
        case .serviceStopped: appendService("asyncflow.ServiceStopped", event, to: &buffer)
        case .custom: appendCustom(event, to: &buffer)
        case .eventsDropped: appendDropped(event.droppedCount, at: event.time, to: &buffer)
        default: break
        }
        appendCountsIfDue(at: event.time, to: &buffer)
    }

    private mutating func appendQueued(_ event: WorkflowEvent, isBlock: Bool, to buffer: inout LineBuffer) {
        if isBlock {
            line("asyncflow.BlockQueued", event, &buffer)
        } else if event.attempt > 1 {
            line("asyncflow.TaskAttemptQueued", event, &buffer) { _, buffer in Self.appendAttempt(event, &buffer) }
        } else {
            counts.submitted += 1
            line("TaskSubmitted", event, &buffer)
            line("TaskQueued", event, &buffer)
        }
    }

    private mutating func appendStarted(_ event: WorkflowEvent, isBlock: Bool, to buffer: inout LineBuffer) {
        var isFirst = true
        if let number = event.taskNumber {
            let life = lives[number] ?? (event.attempt > 1 ? Self.betweenAttempts : Self.notBegun)
            isFirst = life == Self.notBegun
            lives[number] = event.time.nanoseconds
        }
        if !isBlock { counts.start(isFirst: isFirst) }
        line(
            isBlock ? "asyncflow.BlockStarted" : isFirst ? "TaskStarted" : "asyncflow.TaskAttemptStarted", event,
            &buffer
        ) { _, buffer in Self.appendStart(event, &buffer) }
    }

    // MARK: - Counts

    /// Has a line with counts written every few seconds.
    private mutating func appendCountsIfDue(at time: EventTime, to buffer: inout LineBuffer) {
        if let lastCounts, time.nanoseconds - lastCounts < Self.countsInterval { return }
        if lastCounts != nil { appendCounts(at: time, to: &buffer) }
        lastCounts = time.nanoseconds
    }

    private func appendCounts(at time: EventTime, to buffer: inout LineBuffer) {
        buffer.append("{\"checkpoint_time\": ")
        buffer.append(microseconds: epochMicroseconds + time.nanoseconds / 1_000)
        buffer.append(", \"session_id\": ")
        buffer.append(string: sessionID)
        Self.append("tasks_submitted", counts.submitted, to: &buffer)
        Self.append("tasks_started", counts.started, to: &buffer)
        Self.append("tasks_completed", counts.completed, to: &buffer)
        Self.append("tasks_failed", counts.failed, to: &buffer)
        Self.append("tasks_canceled", counts.canceled, to: &buffer)
        Self.append("tasks_running", counts.running, to: &buffer)
        Self.append("task_duration_seconds_count", counts.ended, to: &buffer)
        buffer.append(", \"task_duration_seconds_sum\": ")
        buffer.append(microseconds: counts.nanoseconds / 1_000)
        buffer.append(", \"section\": \"metric\"}\n")
    }

    /// The time from a start to an end as a span, for programs that read spans.
    private func appendSpan(
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
            buffer.append("\"task_id\": \"task.")
            buffer.append(decimal: number, digits: 6)
            buffer.append(0x22)
        }
        buffer.append("}, \"section\": \"span\"}\n")
    }

    /// That events are missing here.
    mutating func appendDropped(_ count: Int, at time: EventTime = .now, to buffer: inout LineBuffer) {
        sessionLine("asyncflow.EventsDropped", at: time, &buffer) { buffer in
            buffer.append("\"count\": ")
            buffer.append(decimal: UInt64(count))
        }
    }

    /// The first line, also if the recording begins in the middle of a run.
    ///
    /// - Parameter continues: whether it is the first line of another file of the same recording.
    mutating func appendSessionStart(at time: EventTime, continues: Bool = false, to buffer: inout LineBuffer) {
        guard sessionStart == nil || continues else { return }
        if sessionStart == nil { sessionStart = time.nanoseconds }
        sessionLine("SessionStarted", at: time, &buffer) { [facts] buffer in
            buffer.append("\"asyncflow.version\": ")
            buffer.append(string: facts.version)
            if continues { buffer.append(", \"asyncflow.continues\": true") }
            Self.append("host", facts.host, to: &buffer)
            if let processID = facts.processID { Self.append("process_id", processID, to: &buffer) }
            if let cores = facts.cores { Self.append("cores", Int(cores), to: &buffer) }
            if let memory = facts.memoryBytes { Self.append("memory_bytes", Int(memory), to: &buffer) }
            buffer.append(", \"arguments\": [")
            for (index, argument) in facts.arguments.enumerated() {
                if index > 0 { buffer.append(", ") }
                buffer.append(string: argument)
            }
            buffer.append("]")
        }
    }

    private mutating func appendSessionEnd(at time: EventTime, to buffer: inout LineBuffer) {
        let start = sessionStart ?? time.nanoseconds
        let elapsed = time.nanoseconds - start
        appendCounts(at: time, to: &buffer)
        appendSpan(
            "session", identity.sessionSpan, in: identity.parentSpan, from: start, to: time.nanoseconds, task: nil,
            failed: nil, &buffer)
        sessionLine("SessionEnded", at: time, &buffer) { _ in
        } fields: {
            $0.appendDuration(elapsed)
        }
    }

    private mutating func appendEnd(_ event: WorkflowEvent, isBlock: Bool, to buffer: inout LineBuffer) {
        let life = event.taskNumber.flatMap { lives.removeValue(forKey: $0) }
        let start = life.flatMap { $0 > Self.betweenAttempts ? $0 : nil }
        let failure = event.error.map { RunFailureText($0) }
        let hasFailed = event.type == .taskFailed
        if !isBlock {
            counts.end(event.type, hasBegun: life != Self.notBegun, after: start.map { event.time.nanoseconds - $0 })
        }
        if let start, let number = event.taskNumber {
            appendSpan(
                isBlock ? "block" : "task", identity.span(ofTask: number),
                in: event.blockNumber.map { identity.span(ofTask: $0) } ?? identity.sessionSpan, from: start,
                to: event.time.nanoseconds, task: number, failed: hasFailed ? failure?.type : nil, &buffer)
        }
        line(Self.endType(event.type, isBlock: isBlock, hasNeverBegun: life == Self.notBegun), event, &buffer) {
            _, buffer in
            if start == nil { buffer.append(", \"incomplete_lifecycle\": true") }
            Self.appendAttempt(event, &buffer)
            if let failure { Self.append(failure, to: &buffer) }
            if let usage = event.usage { Self.append(usage, to: &buffer) }
        } fields: { buffer in
            buffer.appendDuration(start.map { event.time.nanoseconds - $0 } ?? 0)
            if hasFailed, let failure {
                buffer.append(", \"error_type\": ")
                buffer.append(string: failure.type)
            }
        }
    }

    private static func endType(_ type: EventType, isBlock: Bool, hasNeverBegun: Bool) -> StaticString {
        switch type {
        case .taskCompleted: isBlock ? "asyncflow.BlockCompleted" : "TaskCompleted"
        case .taskFailed:
            isBlock ? "asyncflow.BlockFailed" : hasNeverBegun ? "asyncflow.TaskFailedUnstarted" : "TaskFailed"
        default:
            isBlock ? "asyncflow.BlockCanceled" : hasNeverBegun ? "asyncflow.TaskCanceledUnstarted" : "TaskCanceled"
        }
    }

    private mutating func appendFailedAttempt(_ event: WorkflowEvent, to buffer: inout LineBuffer) {
        if let number = event.taskNumber, let life = lives[number], life > Self.betweenAttempts {
            lives[number] = Self.betweenAttempts
            counts.pause()
        }
        let failure = event.error.map { RunFailureText($0) } ?? RunFailureText()
        line("asyncflow.TaskAttemptFailed", event, &buffer) { _, buffer in
            Self.append("asyncflow.attempt", event.attempt, to: &buffer)
            Self.append(failure, to: &buffer)
            if let usage = event.usage { Self.append(usage, to: &buffer) }
            if let delay = event.retryDelay {
                buffer.append(", \"retry_delay_seconds\": ")
                buffer.append(number: delay.seconds)
            }
        } fields: { buffer in
            buffer.append(", \"error_type\": ")
            buffer.append(string: failure.type)
        }
    }

    private mutating func appendService(_ type: StaticString, _ event: WorkflowEvent, to buffer: inout LineBuffer) {
        let failure = event.error.map { RunFailureText($0) }
        line(type, event, &buffer) { _, buffer in
            if let failure { Self.append("error_message", failure.message, to: &buffer) }
        } fields: { buffer in
            guard let failure else { return }
            buffer.append(", \"error_type\": ")
            buffer.append(string: failure.type)
        }
    }

    private mutating func appendCustom(_ event: WorkflowEvent, to buffer: inout LineBuffer) {
        guard let custom = event.custom else { return }
        let attributes = custom.attributes.sorted { $0.key < $1.key }
        line("custom", event, &buffer) { needsComma, buffer in
            // The one field that all lines have and that an event's author may use.
            for (name, value) in attributes where name == "name" {
                if needsComma { buffer.append(", ") }
                needsComma = true
                buffer.append("\"name\": ")
                buffer.append(value: value)
            }
        } fields: { buffer in
            for (name, value) in attributes where name != "name" {
                buffer.append(", ")
                buffer.append(string: name)
                buffer.append(": ")
                buffer.append(value: value)
            }
        } type: {
            $0.append(escaped: custom.name)
        }
    }

    /// A measurement of this machine or of one of its GPUs.
    mutating func append(_ sample: TelemetrySample, to buffer: inout LineBuffer) {
        sessionLine("ResourceUpdate", at: sample.time, &buffer) { buffer in
            guard let cores = sample.coresUsed, let tasks = sample.tasksRunning else { return }
            buffer.append("\"cores_used\": ")
            buffer.append(number: cores)
            Self.append("tasks_running", tasks, to: &buffer)
        } fields: { buffer in
            buffer.append(
                sample.gpuID == nil ? ", \"resource_scope\": \"per_node\"" : ", \"resource_scope\": \"per_gpu\"")
            buffer.append(", \"gpu_id\": ")
            if let gpu = sample.gpuID { buffer.append(decimal: UInt64(gpu)) } else { buffer.append("null") }
            Self.append("cpu_percent", optional: sample.cpuPercent, to: &buffer)
            Self.append("memory_percent", optional: sample.memoryPercent, to: &buffer)
            Self.append("gpu_percent", optional: sample.gpuPercent, to: &buffer)
            Self.append("disk_read_bytes", optional: sample.diskReadBytes, to: &buffer)
            Self.append("disk_write_bytes", optional: sample.diskWriteBytes, to: &buffer)
            Self.append("net_sent_bytes", optional: sample.networkSentBytes, to: &buffer)
            Self.append("net_recv_bytes", optional: sample.networkReceivedBytes, to: &buffer)
        }
    }

    // MARK: - Lines

    /// - Parameters:
    ///   - attributes: adds attributes; is told whether there are any before.
    ///   - fields: adds what only events of this type have.
    ///   - name: the type, where it isn't known before.
    private mutating func line(
        _ type: StaticString, _ event: WorkflowEvent, _ buffer: inout LineBuffer,
        attributes: (_ needsComma: inout Bool, inout LineBuffer) -> Void = { _, _ in },
        fields: (inout LineBuffer) -> Void = { _ in }, type name: ((inout LineBuffer) -> Void)? = nil
    ) {
        begin(type, at: event.time, &buffer, name)
        var needsComma = false
        let span: UInt64
        if let number = event.taskNumber, let fragments = fragments(of: event) {
            buffer.append(fragments.beforeTask)
            buffer.append(decimal: number, digits: 6)
            buffer.append(fragments.afterTask)
            needsComma = true
            if let workflow = event.workflowID {
                Self.append("asyncflow.workflow_id", workflow, to: &buffer)
            } else if let block = event.blockNumber {
                // As in RADICAL AsyncFlow, where the members of a block are a workflow.
                buffer.append(", \"asyncflow.workflow_id\": \"task.")
                buffer.append(decimal: block, digits: 6)
                buffer.append(0x22)
            }
            if let block = event.blockNumber {
                buffer.append(", \"asyncflow.block_id\": \"task.")
                buffer.append(decimal: block, digits: 6)
                buffer.append(0x22)
            }
            span = identity.span(ofTask: number)
        } else {
            buffer.append(withoutTask)
            let workflow = event.workflowID
            if let workflow {
                buffer.append("\"asyncflow.workflow_id\": ")
                buffer.append(string: workflow)
                needsComma = true
            }
            span = workflow.map { identity.span(ofWorkflow: $0) } ?? identity.sessionSpan
        }
        attributes(&needsComma, &buffer)
        buffer.append(0x7D)
        fields(&buffer)
        end(type, span, &buffer, name)
    }

    private mutating func sessionLine(
        _ type: StaticString, at time: EventTime, _ buffer: inout LineBuffer,
        attributes: (inout LineBuffer) -> Void, fields: (inout LineBuffer) -> Void = { _ in }
    ) {
        begin(type, at: time, &buffer, nil)
        buffer.append(withoutTask)
        attributes(&buffer)
        buffer.append(0x7D)
        fields(&buffer)
        end(type, identity.sessionSpan, &buffer, nil)
    }

    @inline(__always)
    private mutating func begin(
        _ type: StaticString, at time: EventTime, _ buffer: inout LineBuffer, _ name: ((inout LineBuffer) -> Void)?
    ) {
        eventNumber &+= 1
        buffer.append("{\"event_id\": \"")
        buffer.append(hex: idSeed)
        buffer.append(hex: TraceIdentity.mix(idSeed ^ eventNumber))
        buffer.append("\", \"event_type\": \"")
        if let name { name(&buffer) } else { buffer.append(type) }
        buffer.append("\", \"event_time\": ")
        let start = buffer.count
        buffer.append(microseconds: epochMicroseconds + time.nanoseconds / 1_000)
        let end = buffer.count
        buffer.append(", \"emit_time\": ")
        buffer.repeatBytes(from: start, to: end)
    }

    @inline(__always)
    private func end(
        _ type: StaticString, _ span: UInt64, _ buffer: inout LineBuffer, _ name: ((inout LineBuffer) -> Void)?
    ) {
        buffer.append(beforeSpan)
        buffer.append(hex: span)
        buffer.append("\", \"name\": \"")
        if let name { name(&buffer) } else { buffer.append(type) }
        buffer.append("\", \"section\": \"event\"}\n")
    }

    private mutating func fragments(of event: WorkflowEvent) -> Fragments? {
        guard let definition = event.definition else { return nil }
        if let last, last.definition === definition { return last }
        let key = ObjectIdentifier(definition)
        if let known = fragments[key] {
            last = known
            return known
        }
        guard let task = event.task else { return nil }
        // A program may make definitions as it goes, each for a single call.
        if fragments.count >= Self.mostDefinitions { fragments.removeAll(keepingCapacity: true) }
        let made = Fragments(
            definition, isBlock: task.kind == .block,
            request: Self.bytes { buffer in if let request = event.request { Self.append(request, to: &buffer) } },
            beforeTask: Self.bytes { buffer in
                buffer.append(", \"session_id\": ")
                buffer.append(string: sessionID)
                buffer.append(", \"backend\": ")
                buffer.append(string: task.backend ?? "asyncflow")
                buffer.append(", \"task_id\": \"task.")
            },
            afterTask: Self.bytes { buffer in
                buffer.append("\", \"node_id\": ")
                buffer.append(string: node)
                buffer.append(", \"attributes\": {\"executable\": ")
                buffer.append(string: task.name)
                buffer.append(", \"task_type\": ")
                buffer.append(string: task.kind.description)
            })
        fragments[key] = made
        last = made
        return made
    }

    // MARK: - Attributes

    private static func append(_ dependencies: [TaskID], to buffer: inout LineBuffer) {
        buffer.append(", \"depends_on\": [")
        for (index, dependency) in dependencies.enumerated() {
            buffer.append(index == 0 ? "\"task." : ", \"task.")
            buffer.append(decimal: dependency.number, digits: 6)
            buffer.append(0x22)
        }
        buffer.append("]")
    }

    private static func appendAttempt(_ event: WorkflowEvent, _ buffer: inout LineBuffer) {
        if event.attempt > 1 { append("asyncflow.attempt", event.attempt, to: &buffer) }
    }

    private static func appendStart(_ event: WorkflowEvent, _ buffer: inout LineBuffer) {
        appendAttempt(event, &buffer)
        if let worker = event.worker { append("asyncflow.worker", worker, to: &buffer) }
        if let cause = event.waitCause { append("asyncflow.waited_for", cause.description, to: &buffer) }
        if let cores = event.grantedCores { append("asyncflow.cores", cores, to: &buffer) }
        guard let allocation = event.allocation else { return }
        if allocation.memory.bytes > 0 { append("asyncflow.memory_bytes", Int(allocation.memory.bytes), to: &buffer) }
        guard !allocation.gpus.isEmpty else { return }
        buffer.append(", \"asyncflow.gpu_ids\": [")
        for (index, share) in allocation.gpus.enumerated() {
            if index > 0 { buffer.append(", ") }
            // Most are numbers; NVIDIA's may also be names.
            if let number = UInt64(share.gpu.id) {
                buffer.append(decimal: number)
            } else {
                buffer.append(string: share.gpu.id)
            }
        }
        buffer.append("]")
    }

    /// What a task asks for; nothing if that is what is usual.
    private static func append(_ request: ResourceRequest, to buffer: inout LineBuffer) {
        if request.isEmpty { return }
        if let cores = request.cores { append("asyncflow.requested_cores", cores, to: &buffer) }
        if request.ranks != 1 { append("asyncflow.requested_ranks", request.ranks, to: &buffer) }
        if request.memory.bytes > 0 {
            append("asyncflow.requested_memory_bytes", Int(request.memory.bytes), to: &buffer)
        }
        if request.gpus > 0 {
            buffer.append(", \"asyncflow.requested_gpus\": ")
            buffer.append(number: request.gpus)
        }
    }

    private static func append(_ failure: RunFailureText, to buffer: inout LineBuffer) {
        append("error_message", failure.message, to: &buffer)
        if !failure.stderrTail.isEmpty { append("stderr_tail", failure.stderrTail, to: &buffer) }
    }

    private static func append(_ usage: ResourceUsage, to buffer: inout LineBuffer) {
        buffer.append(", \"cpu_seconds\": ")
        buffer.append(number: (usage.userTime + usage.systemTime).seconds)
        if let peak = usage.peakMemory { append("peak_memory_bytes", Int(peak.bytes), to: &buffer) }
    }

    private static func append(_ name: StaticString, _ value: String, to buffer: inout LineBuffer) {
        buffer.append(", \"")
        buffer.append(name)
        buffer.append("\": ")
        buffer.append(string: value)
    }

    private static func append(_ name: StaticString, _ value: Int, to buffer: inout LineBuffer) {
        buffer.append(", \"")
        buffer.append(name)
        buffer.append("\": ")
        if value < 0 { buffer.append(0x2D) }
        buffer.append(decimal: UInt64(value.magnitude))
    }

    private static func append(_ name: StaticString, optional value: Double?, to buffer: inout LineBuffer) {
        buffer.append(", \"")
        buffer.append(name)
        buffer.append("\": ")
        buffer.append(number: value ?? .nan)
    }
}

extension LineBuffer {
    fileprivate mutating func appendDuration(_ nanoseconds: Int64) {
        append(", \"duration_seconds\": ")
        // Never 0 for a task that has run: that says that its start isn't known.
        append(microseconds: nanoseconds == 0 ? 0 : max(1, nanoseconds / 1_000))
    }

    fileprivate mutating func append(value: EventValue) {
        switch value {
        case .string(let text): append(string: text)
        case .integer(let value):
            if value < 0 { append(0x2D) }
            append(decimal: UInt64(value.magnitude))
        case .number(let value): append(number: value)
        case .boolean(let value): append(value ? "true" : "false")
        case .null: append("null")
        case .array(let values):
            append("[")
            for (index, value) in values.enumerated() {
                if index > 0 { append(", ") }
                append(value: value)
            }
            append("]")
        case .object(let values):
            append("{")
            for (index, (name, value)) in values.sorted(by: { $0.key < $1.key }).enumerated() {
                if index > 0 { append(", ") }
                append(string: name)
                append(": ")
                append(value: value)
            }
            append("}")
        }
    }
}

extension Duration {
    package var seconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) * 1e-18
    }
}
