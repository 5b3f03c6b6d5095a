/// A decoder of a recording's lines into events.
struct EventLineDecoder {
    enum Line {
        case event(RunEvent)
        /// A well-formed line that a model doesn't use: a span, a metric, an unknown type.
        case ignored
        /// An event of a session other than the file's first one.
        case otherSession
        /// A JSON object without the fields of a recording.
        case foreign
        case malformed
    }

    private let table = EventFieldTable()
    private var values = [JSONValue](
        repeating: JSONValue(kind: .null, start: 0, end: 0), count: EventField.allCases.count)
    /// A bit per field that the line has.
    private var present: UInt64 = 0
    private var scratch: [UInt8] = []
    /// The field that followed each field in the previous line, with two more entries for the beginning of a line and
    /// of the attributes. The lines of a recording are much alike.
    private var followers = [Follower](repeating: Follower(), count: EventField.allCases.count + 2)

    private struct Follower {
        var start: UnsafePointer<UInt8>?
        var count = 0
        var field = EventField.eventType
    }

    /// The session whose events count: that of the first event that names one.
    private(set) var session: [UInt8]?

    /// - Parameter texts: the table that receives the line's texts and those of its tasks' ids.
    mutating func decode(_ line: UnsafeBufferPointer<UInt8>, into texts: inout TextTable) -> Line {
        var scanner = JSONScanner(line)
        present = 0
        do {
            scanner.skipSpace()
            try readObject(&scanner, isTop: true)
            scanner.skipSpace()
            guard scanner.isAtEnd else { return .malformed }
        } catch {
            return .malformed
        }
        guard let type = value(.eventType), type.kind == .string else {
            return value(.section)?.kind == .string ? .ignored : .foreign
        }
        if let section = value(.section), section.kind == .string, !isText(section, "event", scanner) {
            return .ignored
        }
        guard let time = number(.eventTime, scanner, in: RunBounds.times) else { return .foreign }
        guard isSameSession(scanner) else { return .otherSession }
        guard let kind = kind(of: type, scanner) else { return .ignored }
        return .event(event(kind, time, type, scanner, &texts))
    }

    private mutating func readObject(_ scanner: inout JSONScanner, isTop: Bool) throws(JSONScanner.Malformed) {
        var place = isTop ? 0 : 1
        try scanner.members { scanner throws(JSONScanner.Malformed) in
            let field = try key(&scanner, after: &place)
            try scanner.colon()
            if isTop, field == .attributes, scanner.isAtObject {
                try readObject(&scanner, isTop: false)
                return
            }
            let value = try scanner.value(depth: isTop ? 1 : 2)
            if let field, isTop || field.rawValue >= EventField.topCount {
                values[field.rawValue] = value
                present |= 1 << UInt64(field.rawValue)
            }
        }
    }

    /// Reads a key. One at the same position as in the previous line only has to be compared.
    ///
    /// - Parameter place: the place of the previous key; receives that of this one.
    @inline(__always)
    private mutating func key(
        _ scanner: inout JSONScanner, after place: inout Int
    ) throws(JSONScanner.Malformed) -> EventField? {
        let next = followers[place]
        if let start = next.start, scanner.take(quoted: start, next.count) {
            place = next.field.rawValue + 2
            return next.field
        }
        let key = try scanner.string()
        guard let field = field(key, scanner) else { return nil }
        if !key.isEscaped {
            followers[place] = Follower(start: field.key.utf8Start, count: field.key.utf8CodeUnitCount, field: field)
        }
        place = field.rawValue + 2
        return field
    }

    @inline(__always)
    private mutating func field(_ key: JSONValue, _ scanner: JSONScanner) -> EventField? {
        if !key.isEscaped { return table.field(UnsafeBufferPointer(rebasing: scanner.bytes[key.start..<key.end])) }
        return scanner.withBytes(of: key, scratch: &scratch) { table.field($0) }
    }

    private mutating func isSameSession(_ scanner: JSONScanner) -> Bool {
        guard let id = value(.sessionID), id.kind == .string else { return true }
        if let session, !id.isEscaped, id.end - id.start == session.count {
            return session.withUnsafeBufferPointer { known in
                var at = 0
                while at < known.count, known[at] == scanner.bytes[id.start + at] { at += 1 }
                return at == known.count
            }
        }
        let given = scanner.withBytes(of: id, scratch: &scratch) { Array($0) }
        if session == nil { session = given }
        return session == given
    }

    private func kind(of type: JSONValue, _ scanner: JSONScanner) -> RunEvent.Kind? {
        let bytes = UnsafeBufferPointer(rebasing: scanner.bytes[type.start..<type.end])
        for (name, kind) in Self.kinds where name.utf8CodeUnitCount == bytes.count {
            if isText(type, name, scanner) { return kind }
        }
        return bytes.contains(0x2E) ? .custom : nil
    }

    private static let kinds: [(StaticString, RunEvent.Kind?)] =
        RecordedEvent.allCases.filter { $0 != .custom }.map { ($0.name, $0.kind) } + [("TaskCancelled", .taskCancelled)]

    // MARK: Values

    private func value(_ field: EventField) -> JSONValue? {
        present & (1 << UInt64(field.rawValue)) == 0 ? nil : values[field.rawValue]
    }

    /// Returns the number of a field, or nil if it is outside the bounds.
    private func number(
        _ field: EventField, _ scanner: JSONScanner, in bounds: ClosedRange<Double> = RunBounds.amounts
    ) -> Double? {
        value(field).flatMap { scanner.double($0) }.flatMap { bounds.contains($0) ? $0 : nil }
    }

    private func integer(
        _ field: EventField, _ scanner: JSONScanner, in bounds: ClosedRange<Int> = RunBounds.counts
    ) -> Int? {
        value(field).flatMap { scanner.integer($0) }.flatMap { bounds.contains($0) ? $0 : nil }
    }

    private func text(_ field: EventField, _ scanner: JSONScanner) -> String? {
        value(field).flatMap { scanner.text($0) }
    }

    private mutating func interned(
        _ field: EventField, _ scanner: JSONScanner, _ texts: inout TextTable
    ) -> RunText {
        guard let value = value(field), value.kind == .string else { return .none }
        return scanner.withBytes(of: value, scratch: &scratch) { texts.intern($0) }
    }

    private mutating func key(
        _ value: JSONValue?, _ scanner: JSONScanner, _ texts: inout TextTable
    ) -> RunTaskKey? {
        guard let value, value.kind == .string else { return nil }
        return scanner.withBytes(of: value, scratch: &scratch) { RunTaskKey($0, in: &texts) }
    }

    private func isText(_ value: JSONValue, _ text: StaticString, _ scanner: JSONScanner) -> Bool {
        let count = text.utf8CodeUnitCount
        guard value.end - value.start == count, value.kind == .string else {
            return value.isEscaped && scanner.text(value) == text.description
        }
        for offset in 0..<count where scanner.bytes[value.start + offset] != text.utf8Start[offset] { return false }
        return true
    }

    // MARK: Events

    private mutating func event(
        _ kind: RunEvent.Kind, _ time: Double, _ type: JSONValue, _ scanner: JSONScanner, _ texts: inout TextTable
    ) -> RunEvent {
        var event = RunEvent(kind: kind, time: time, task: key(value(.taskID), scanner, &texts))
        switch kind {
        case .custom:
            event.name = scanner.withBytes(of: type, scratch: &scratch) { texts.intern($0) }
        case .sessionStarted: event.session = session(scanner)
        case .sessionEnded: break
        case .resourceSample: event.sample = sample(scanner)
        case .eventsDropped: event.droppedCount = integer(.count, scanner, in: 0...(.max)) ?? 0
        case .scopeStarted, .scopeEnded: event.workflow = interned(.workflowID, scanner, &texts)
        case .taskCreated, .taskResolved, .taskQueued, .taskStarted, .taskAttemptFailed, .taskCompleted, .taskFailed,
            .taskCancelled, .taskReused, .taskProgress, .serviceReady, .serviceRestarted, .serviceStopped:
            describeTask(&event, scanner, &texts)
        }
        return event
    }

    private mutating func describeTask(_ event: inout RunEvent, _ scanner: JSONScanner, _ texts: inout TextTable) {
        // If the program of a task is known, it takes the place of the task's name, which is in another field.
        let hasProgram = value(.taskName)?.kind == .string
        event.name = interned(hasProgram ? .taskName : .executable, scanner, &texts)
        event.taskKind = taskKind(scanner)
        if present & Self.executionFields != 0 {
            event.execution = execution(scanner, hasProgram: hasProgram, &texts)
        }
        // `asyncflow` stands for the engine itself.
        if let backend = value(.backend), !isText(backend, "asyncflow", scanner) {
            event.backend = interned(.backend, scanner, &texts)
        }
        event.block = key(value(.blockID), scanner, &texts)
        // A task that belongs to no workflow has its block there.
        if event.block == nil || key(value(.workflowID), scanner, &texts) != event.block {
            event.workflow = interned(.workflowID, scanner, &texts)
        }
        if let attempt = integer(.attempt, scanner) { event.attempt = attempt }
        switch event.kind {
        case .taskCreated: event.dependencies = dependencies(scanner, &texts)
        case .taskStarted:
            event.worker = integer(.worker, scanner)
            event.cores = number(.cores, scanner, in: RunBounds.cores)
            event.waitedFor = text(.waitedFor, scanner).flatMap(Self.wait)
        case .taskAttemptFailed, .taskCompleted, .taskFailed, .taskCancelled, .serviceRestarted, .serviceStopped:
            event.duration = number(.durationSeconds, scanner, in: RunBounds.durations)
            event.cpuSeconds = number(.cpuSeconds, scanner, in: RunBounds.durations)
            event.peakMemoryBytes = number(.peakMemory, scanner)
            event.retryDelay = number(.retryDelay, scanner, in: RunBounds.durations)
            if event.kind != .taskCompleted { event.failure = failure(scanner) }
        case .taskProgress: event.progress = number(.fraction, scanner, in: 0...1)
        default: break
        }
    }

    /// The fields of commands and files, a bit each.
    private static let executionFields: UInt64 = [
        EventField.taskName, .command, .workingDirectory, .exitCode, .signal, .jobID, .node, .inputFiles, .outputFiles,
    ].reduce(0) { $0 | 1 << UInt64($1.rawValue) }

    private mutating func execution(
        _ scanner: JSONScanner, hasProgram: Bool, _ texts: inout TextTable
    ) -> RunExecution {
        var execution = RunExecution()
        if hasProgram { execution.program = interned(.executable, scanner, &texts) }
        execution.command = list(.command, scanner, &texts)
        execution.workingDirectory = interned(.workingDirectory, scanner, &texts)
        execution.jobID = interned(.jobID, scanner, &texts)
        execution.node = interned(.node, scanner, &texts)
        execution.inputs = list(.inputFiles, scanner, &texts)
        execution.outputs = list(.outputFiles, scanner, &texts)
        execution.processID = integer(.processID, scanner).map(Int32.init)
        execution.exitCode = integer(.exitCode, scanner, in: RunBounds.exitCodes).map(Int32.init)
        execution.signal = integer(.signal, scanner, in: RunBounds.signals).map(Int32.init)
        return execution
    }

    /// Returns an array as its JSON text.
    private func list(_ field: EventField, _ scanner: JSONScanner, _ texts: inout TextTable) -> RunText {
        guard let value = value(field), value.kind == .array else { return .none }
        return texts.intern(UnsafeBufferPointer(rebasing: scanner.bytes[value.start..<value.end]))
    }

    private func taskKind(_ scanner: JSONScanner) -> RunTaskKind {
        guard let value = value(.taskType), value.kind == .string else { return .unknown }
        if isText(value, "function", scanner) { return .function }
        if isText(value, "portable", scanner) { return .portable }
        if isText(value, "executable", scanner) { return .executable }
        if isText(value, "prompt", scanner) { return .prompt }
        if isText(value, "block", scanner) { return .block }
        return isText(value, "service", scanner) ? .service : .unknown
    }

    private static func wait(_ text: String) -> RunWait? { RunWait.allCases.first { $0.text == text } }

    private func failure(_ scanner: JSONScanner) -> RunFailureText? {
        let text = RunFailureText(
            type: text(.errorType, scanner) ?? "", message: text(.errorMessage, scanner) ?? "",
            stderrTail: text(.stderrTail, scanner) ?? "")
        return text == RunFailureText() ? nil : text
    }

    private mutating func dependencies(_ scanner: JSONScanner, _ texts: inout TextTable) -> [RunTaskKey] {
        guard let list = value(.dependsOn), list.kind == .array, list.end - list.start > 2 else { return [] }
        var inner = scanner
        inner.position = list.start
        var keys: [RunTaskKey] = []
        // The line has already been checked, so nothing malformed can be found.
        try? inner.elements { scanner throws(JSONScanner.Malformed) in
            let value = try scanner.value()
            if let key = key(value, scanner, &texts) { keys.append(key) }
        }
        return keys
    }

    private func sample(_ scanner: JSONScanner) -> RunSample {
        var sample = RunSample(node: text(.nodeID, scanner) ?? "", gpu: integer(.gpuID, scanner))
        let fields: [(RunSample.Measure, EventField)] = [
            (.cpu, .cpuPercent), (.memory, .memoryPercent), (.gpu, .gpuPercent), (.diskRead, .diskRead),
            (.diskWrite, .diskWrite), (.netSent, .netSent), (.netReceived, .netReceived), (.coresUsed, .coresUsed),
            (.tasksRunning, .tasksRunning),
        ]
        for (measure, field) in fields { sample[measure] = number(field, scanner) ?? .nan }
        return sample
    }

    private func session(_ scanner: JSONScanner) -> RunSessionFacts {
        var facts = RunSessionFacts()
        facts.id = text(.sessionID, scanner) ?? ""
        facts.host = text(.host, scanner) ?? text(.nodeID, scanner) ?? ""
        facts.version = text(.version, scanner) ?? ""
        facts.cores = number(.hostCores, scanner, in: RunBounds.cores)
        facts.memoryBytes = number(.hostMemory, scanner)
        facts.processID = integer(.processID, scanner)
        if let list = value(.arguments), list.kind == .array {
            var inner = scanner
            inner.position = list.start
            try? inner.elements { scanner throws(JSONScanner.Malformed) in
                let value = try scanner.value()
                if let text = scanner.text(value), facts.arguments.count < 1000 { facts.arguments.append(text) }
            }
        }
        return facts
    }
}
