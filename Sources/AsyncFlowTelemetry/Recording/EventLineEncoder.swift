import AsyncFlow
import AsyncFlowBase

/// An encoder of events as lines of a recording, in the format of RADICAL AsyncFlow and RHAPSODY, whose programs read
/// them.
///
/// Bytes that all events of a task's definition share are encoded once. State from earlier events, such as the time
/// when a task began, is kept for live tasks only.
struct EventLineEncoder: Sendable {
    let identity: TraceIdentity
    let sessionID: String
    let facts: RunSessionFacts
    /// The offset from the time of an event to microseconds since 1970.
    let epochMicroseconds: Int64
    private let node: String
    private let secrets: SecretRedactor
    /// The bytes from the session's id to the attributes, for a line without a task.
    private let withoutTask: [UInt8]
    /// The bytes from the end of the attributes to the span's id.
    private let beforeSpan: [UInt8]
    private let idSeed: UInt64
    private var eventNumber: UInt64 = 0

    private var fragments: [ObjectIdentifier: DefinitionFragments] = [:]
    private var last: DefinitionFragments?
    private static let mostDefinitions = 4_096

    /// The state of each task that hasn't ended, by number: the start of its attempt in nanoseconds, or one of the
    /// values below.
    private var lives = TaskTable<Int64>()
    private static let notBegun = Int64.min
    private static let betweenAttempts = Int64.min + 1
    var counts = RecordedCounts()
    var lastCounts: Int64?
    /// The nanoseconds between two lines with counts.
    static let countsInterval: Int64 = 5_000_000_000
    var sessionStart: Int64?

    /// - Parameters:
    ///   - node: the name of this machine.
    ///   - secrets: removes secrets from commands and from the messages of failures.
    init(
        sessionID: String, identity: TraceIdentity, node: String, facts: RunSessionFacts,
        secrets: SecretRedactor = SecretRedactor([])
    ) {
        self.sessionID = sessionID
        self.identity = identity
        self.node = node
        self.facts = facts
        self.secrets = secrets
        let zero = EventTime(nanoseconds: 0)
        epochMicroseconds = Int64((zero.secondsSince1970 * 1e6).rounded())
        idSeed = TraceIdentity.mix(identity.sessionSpan)
        withoutTask = LineBuffer.bytes { buffer in
            buffer.append("session_id", sessionID)
            buffer.append(", \"backend\": \"asyncflow\", \"task_id\": null, \"node_id\": ")
            buffer.append(string: node)
            buffer.append(", \"attributes\": {")
        }
        beforeSpan = LineBuffer.bytes { buffer in
            buffer.append(", \"trace_id\": \"0x")
            buffer.append(hex: identity.traceID.high)
            buffer.append(hex: identity.traceID.low)
            buffer.append("\", \"span_id\": \"0x")
        }
    }

    // MARK: - Events

    /// Appends the lines of an event: one, or two where the format has two steps for one of the engine's.
    mutating func append(_ event: WorkflowEvent, to buffer: inout LineBuffer) {
        let fragments = event.taskNumber == nil ? nil : fragments(of: event)
        let isBlock = fragments?.isBlock ?? false
        switch event.type {
        case .engineStarted: appendSessionStart(at: event.time, to: &buffer)
        case .engineEnded: appendSessionEnd(at: event.time, to: &buffer)
        case .scopeStarted: line(.scopeStarted, event, &buffer)
        case .scopeEnded: line(.scopeEnded, event, &buffer)
        case .taskCreated:
            if let number = event.taskNumber { lives[number] = Self.notBegun }
            line(isBlock ? .blockCreated : .taskCreated, event, &buffer) { _, buffer in
                buffer.append(dependencies: event.dependencies)
                if let fragments { buffer.append(fragments.request) }
            }
        case .taskResolved: line(isBlock ? .blockResolved : .taskResolved, event, &buffer)
        case .taskQueued: appendQueued(event, isBlock: isBlock, to: &buffer)
        case .taskStarted: appendStarted(event, isBlock: isBlock, to: &buffer)
        case .taskReused:
            line(.taskReused, event, &buffer) { _, buffer in
                if let explanation = event.explanation { buffer.append("explanation", explanation) }
            }
        case .taskAttemptFailed: appendFailedAttempt(event, to: &buffer)
        case .taskCompleted, .taskFailed, .taskCancelled: appendEnd(event, isBlock: isBlock, to: &buffer)
        case .taskProgress:
            line(.taskProgress, event, &buffer) { _, buffer in
                if let fraction = event.progress?.fraction { buffer.append("fraction", optional: fraction) }
                if let message = event.progress?.message { buffer.append("message", message) }
            }
        case .fileProgress:
            line(.fileProgress, event, &buffer) { _, buffer in
                guard let progress = event.fileProgress else { return }
                buffer.append("url", "\(progress.url)".redactingURLSecrets)
                buffer.append("received_bytes", Int(progress.receivedBytes))
                if let total = progress.totalBytes { buffer.append("total_bytes", Int(total)) }
            }
        case .serviceReady: line(.serviceReady, event, &buffer)
        case .serviceRestarted: appendService(.serviceRestarted, event, to: &buffer)
        case .serviceStopped: appendService(.serviceStopped, event, to: &buffer)
        case .custom: appendCustom(event, to: &buffer)
        case .eventsDropped: appendDropped(event.droppedCount, at: event.time, to: &buffer)
        default: break
        }
        appendCountsIfDue(at: event.time, to: &buffer)
    }

    private mutating func appendQueued(_ event: WorkflowEvent, isBlock: Bool, to buffer: inout LineBuffer) {
        if isBlock {
            line(.blockQueued, event, &buffer)
        } else if event.attempt > 1 {
            line(.attemptQueued, event, &buffer) { _, buffer in buffer.append(attemptOf: event) }
        } else {
            counts.submitted += 1
            line(.taskSubmitted, event, &buffer)
            line(.taskQueued, event, &buffer)
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
        let execution = event.execution
        let command = execution?.command.map { CommandText($0, secrets: secrets) }
        line(
            isBlock ? .blockStarted : isFirst ? .taskStarted : .attemptStarted, event, program: command?.words.first,
            &buffer
        ) { _, buffer in
            buffer.append(startOf: event)
            if let command { buffer.append(command) }
            if let execution { buffer.append(execution.place) }
        }
    }

    private mutating func appendEnd(_ event: WorkflowEvent, isBlock: Bool, to buffer: inout LineBuffer) {
        let life = event.taskNumber.flatMap { lives.removeValue(forKey: $0) }
        let start = life.flatMap { $0 > Self.betweenAttempts ? $0 : nil }
        let failure = event.error.map(failureText)
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
        let execution = event.execution
        line(
            Self.endType(event.type, isBlock: isBlock, hasNeverBegun: life == Self.notBegun), event,
            program: execution.flatMap(program), &buffer
        ) { _, buffer in
            if start == nil { buffer.append(", \"incomplete_lifecycle\": true") }
            buffer.append(attemptOf: event)
            if let failure { buffer.append(failure) }
            if let usage = event.usage { buffer.append(usage) }
            if let execution { buffer.append(endOf: execution) }
        } fields: { buffer in
            buffer.append(duration: start.map { event.time.nanoseconds - $0 } ?? 0)
            if hasFailed, let failure { buffer.append("error_type", failure.type) }
        }
    }

    private static func endType(_ type: EventType, isBlock: Bool, hasNeverBegun: Bool) -> RecordedEvent {
        switch type {
        case .taskCompleted: isBlock ? .blockCompleted : .taskCompleted
        case .taskFailed: isBlock ? .blockFailed : hasNeverBegun ? .taskFailedUnstarted : .taskFailed
        default: isBlock ? .blockCanceled : hasNeverBegun ? .taskCanceledUnstarted : .taskCanceled
        }
    }

    private mutating func appendFailedAttempt(_ event: WorkflowEvent, to buffer: inout LineBuffer) {
        if let number = event.taskNumber, let life = lives[number], life > Self.betweenAttempts {
            lives[number] = Self.betweenAttempts
            counts.pause()
        }
        let failure = event.error.map(failureText) ?? RunFailureText()
        let execution = event.execution
        line(.attemptFailed, event, program: execution.flatMap(program), &buffer) { _, buffer in
            buffer.append("asyncflow.attempt", event.attempt)
            buffer.append(failure)
            if let usage = event.usage { buffer.append(usage) }
            if let execution { buffer.append(endOf: execution) }
            if let delay = event.retryDelay { buffer.append("retry_delay_seconds", optional: delay.seconds) }
        } fields: { buffer in
            buffer.append("error_type", failure.type)
        }
    }

    private mutating func appendService(
        _ type: RecordedEvent, _ event: WorkflowEvent, to buffer: inout LineBuffer
    ) {
        let failure = event.error.map(failureText)
        line(type, event, &buffer) { _, buffer in
            if let failure { buffer.append("error_message", failure.message) }
        } fields: { buffer in
            if let failure { buffer.append("error_type", failure.type) }
        }
    }

    private mutating func appendCustom(_ event: WorkflowEvent, to buffer: inout LineBuffer) {
        guard let custom = event.custom else { return }
        let attributes = custom.attributes.sorted { $0.key < $1.key }
        line(.custom, event, named: custom.name, &buffer) { needsComma, buffer in
            // `name` is the one field of all lines that an event's author may use as well; it goes into the attributes.
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
        }
    }

    private func failureText(_ error: any Error) -> RunFailureText { RunFailureText(error, secrets: secrets) }

    private func program(of execution: TaskExecution) -> String? {
        execution.command.map { Command($0.executable, arguments: []) }.flatMap {
            CommandText($0, secrets: secrets).words.first
        }
    }

    // MARK: - Lines

    /// Appends a line about a task, a scope or the run.
    ///
    /// - Parameters:
    ///   - program: the program that the task's command runs, once that is known.
    ///   - name: the type, if it is the user's own.
    ///   - attributes: appends attributes; its argument says whether they need a comma before them.
    ///   - fields: appends the fields that only events of this type have.
    private mutating func line(
        _ type: RecordedEvent, _ event: WorkflowEvent, program: String? = nil, named name: String? = nil,
        _ buffer: inout LineBuffer,
        attributes: (_ needsComma: inout Bool, inout LineBuffer) -> Void = { _, _ in },
        fields: (inout LineBuffer) -> Void = { _ in }
    ) {
        begin(type, at: event.time, &buffer, name)
        var needsComma = false
        let span: UInt64
        if let number = event.taskNumber, let fragments = fragments(of: event) {
            buffer.append(fragments.beforeTask)
            buffer.append(decimal: number, digits: 6)
            buffer.append(program == nil ? fragments.afterTask : fragments.afterTaskWithProgram)
            if let program { buffer.append(string: program) }
            needsComma = true
            if let workflow = event.workflowID {
                buffer.append("asyncflow.workflow_id", workflow)
            } else if let block = event.blockNumber {
                // As in RADICAL AsyncFlow, where the members of a block are a workflow.
                buffer.append(key: "asyncflow.workflow_id")
                buffer.append(task: block)
            }
            if let block = event.blockNumber {
                buffer.append(key: "asyncflow.block_id")
                buffer.append(task: block)
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

    mutating func sessionLine(
        _ type: RecordedEvent, at time: EventTime, _ buffer: inout LineBuffer,
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
        _ type: RecordedEvent, at time: EventTime, _ buffer: inout LineBuffer, _ name: String?
    ) {
        eventNumber &+= 1
        buffer.append("{\"event_id\": \"")
        buffer.append(hex: idSeed)
        buffer.append(hex: TraceIdentity.mix(idSeed ^ eventNumber))
        buffer.append("\", \"event_type\": \"")
        if let name { buffer.append(escaped: name) } else { buffer.append(type.name) }
        buffer.append("\", \"event_time\": ")
        let start = buffer.count
        buffer.append(microseconds: epochMicroseconds + time.nanoseconds / 1_000)
        let end = buffer.count
        buffer.append(", \"emit_time\": ")
        buffer.repeatBytes(from: start, to: end)
    }

    @inline(__always)
    private func end(_ type: RecordedEvent, _ span: UInt64, _ buffer: inout LineBuffer, _ name: String?) {
        buffer.append(beforeSpan)
        buffer.append(hex: span)
        buffer.append("\", \"name\": \"")
        if let name { buffer.append(escaped: name) } else { buffer.append(type.name) }
        buffer.append("\", \"section\": \"event\"}\n")
    }

    private mutating func fragments(of event: WorkflowEvent) -> DefinitionFragments? {
        guard let definition = event.definition else { return nil }
        if let last, last.definition === definition { return last }
        let key = ObjectIdentifier(definition)
        if let known = fragments[key] {
            last = known
            return known
        }
        guard let made = DefinitionFragments(event, definition, sessionID: sessionID, node: node) else { return nil }
        // A program may make definitions as it goes, each for a single call.
        if fragments.count >= Self.mostDefinitions { fragments.removeAll(keepingCapacity: true) }
        fragments[key] = made
        last = made
        return made
    }
}
