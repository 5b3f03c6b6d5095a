import AsyncFlow
import AsyncFlowBase

extension JournalRecorder {
    func remembering<Output: Codable & Sendable, each Input: Codable & Sendable>(
        _ body: TaskBody<Output, repeat each Input>, named name: String, options: RecordingOptions
    ) -> TaskBody<Output, repeat each Input> {
        let definition = definition(.portable, name, options, typeNames: TypeNames.of(repeat (each Input).self))
        return recorded(body, definition)
    }

    /// Returns a body that looks up the outcome of a call first, and records the value of the given body.
    func recorded<Output: Codable & Sendable, each Input: Codable & Sendable>(
        _ body: TaskBody<Output, repeat each Input>, _ definition: RecordedDefinition
    ) -> TaskBody<Output, repeat each Input> {
        let form = ValueForm<Output>.codable(of: definition.record.name)
        let isSynced =
            definition.options.isOnce || definition.options.isCommitted || journal.durability == .everyResult
        if let synchronous = body.synchronous, !isSynced {
            return .synchronous { (input: repeat each Input) in
                try self.call(definition, form, repeat each input) { try synchronous(repeat each input) }
            }
        }
        return .asynchronous { (input: repeat each Input) in
            var parts: [RecallableCall.Part] = []
            for input in repeat each input { parts.append(RecallableCall.Part("", input)) }
            return try await self.outcome(
                of: RecallableCall(parts), definition, as: form, in: TaskContext.current!
            ) { _ in try await body.call(repeat each input) }
        }
    }

    /// Performs a call of a synchronous function, or returns its recorded value.
    private func call<Output: Codable & Sendable, each Input: Codable & Sendable>(
        _ definition: RecordedDefinition, _ form: ValueForm<Output>, _ input: repeat each Input,
        perform: () throws -> Output
    ) throws -> Output {
        let task = TaskContext.current!
        let made = (task.recollection as? KeptCall)?.call
        guard var open = try made ?? openCall(definition, task, repeat each input) else {
            if task.isRecalling { throw NotRecalled() }
            return try perform()
        }
        if open.isKnown {
            switch recall(open, as: form) {
            case .success(let value):
                task.reportReuse(open.explanation)
                return value
            case .failure(let miss): open = open.running(because: miss.reason)
            }
        }
        if made == nil { task.keep(KeptCall(open)) }
        try open.check()
        if task.isRecalling { throw NotRecalled() }
        let slot = watch?.begin(open.id)
        defer { watch?.end(slot) }
        let began = JournalTime.now
        let value: Output
        do {
            value = try CurrentCall.$id.withValue(open.id) { try perform() }
        } catch {
            noteFailure(of: open, error, began: began, attempt: task.attempt, mayRetry: task.hasRetries)
            throw error
        }
        append(result(of: open, began: began, attempt: task.attempt), Envelope.plain(try form.encode(value)))
        noteRun(of: open)
        if open.identity.byContent != nil { backlog.name(open, made: []) }
        return value
    }

    private func openCall<each Input: Codable & Sendable>(
        _ definition: RecordedDefinition, _ task: TaskContext, _ input: repeat each Input
    ) throws -> OpenCall? {
        let blocks = task.enclosingBlocks
        let scope = scope(in: blocks)
        var bytes = CanonicalBytes(prefix: definition.prefix)
        var parts: [KeyPart] = []
        for input in repeat each input {
            let start = bytes.bytes.count
            do { try bytes.append(input) } catch {
                throw PortableCodingError(
                    "\(definition.record.name): argument \(parts.count + 1) can't be encoded, so that the call can't be "
                        + "found again: \(error)")
            }
            parts.append(
                KeyPart(
                    .argument, name: "", digest: CallDigest.part(bytes.bytes[start...]),
                    preview: Preview.text(of: input, typeName: definition.typeName(parts.count))))
        }
        let open: OpenCall
        if bytes.files.isEmpty {
            let key = CallDigest.of(bytes.bytes)
            let identity = CallIdentity(frame: key, quick: key, parts: parts, files: [])
            open = self.open(identity, of: definition, in: scope)
        } else {
            var named: [RecallableCall.Part] = []
            for input in repeat each input { named.append(RecallableCall.Part("", input)) }
            guard let identity = try CallIdentity.make(RecallableCall(named), of: definition, naming) else {
                return nil
            }
            open = self.open(identity, of: definition, in: scope)
            if !identity.files.allSatisfy(\.isMade) { note(filesIn: blocks.map(\.number)) }
        }
        if open.earlierAttempts > 0 { task.countEarlierAttempts(open.earlierAttempts) }
        return open
    }
}

/// The names of types, for display.
enum TypeNames {
    static func of<each T>(_ type: repeat (each T).Type) -> [String] {
        var names: [String] = []
        for type in repeat each type { names.append(String(describing: type)) }
        return names
    }
}
