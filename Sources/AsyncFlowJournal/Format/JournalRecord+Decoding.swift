extension JournalRecord {
    /// Decodes a record from its kind and body.
    ///
    /// - Parameters:
    ///   - bytes: All of the record. Bytes after the known fields come from a later version, and are skipped.
    ///   - base: The time that the frame's times are relative to.
    ///   - withParts: Whether the parts of keys are decoded.
    /// - Returns: nil for a kind that this version doesn't know.
    static func decode(
        _ bytes: UnsafeRawBufferPointer, base: JournalTime, withParts: Bool = true
    ) throws(FormatError) -> JournalRecord? {
        var source = ByteSource(bytes)
        guard let kind = JournalRecordKind(rawValue: try source.byte()) else { return nil }
        switch kind {
        case .result: return .result(try ResultRecord(&source, base, withParts))
        case .reused:
            let call = try source.digest()
            return .reused(ReusedRecord(call: call, source: source.remaining < 16 ? call : try source.digest()))
        case .definition: return try definition(&source)
        case .scope:
            return .scope(
                ScopeRecord(
                    id: ScopeID(try source.word()), parent: ScopeID(try source.word()), kind: try source.text(),
                    name: try source.text(), position: try source.varint()))
        case .failure: return .failure(try FailureRecord(&source, base, withParts))
        case .cancelled:
            return .cancelled(
                CancelledRecord(
                    header: try CallHeader.decode(&source).header, time: try source.time(base),
                    reason: try source.text()))
        case .started:
            return .started(
                StartedRecord(
                    header: try CallHeader.decode(&source).header, attempt: try source.number(),
                    time: try source.time(base),
                    backend: try source.text(), ticket: try source.counted()))
        case .attempt:
            return .attempt(
                AttemptRecord(
                    call: try source.digest(), attempt: try source.number(), time: try source.time(base),
                    error: try RecordedError(&source)))
        case .named: return .named(try NamedRecord(&source))
        case .superseded: return .superseded(ScopeID(try source.word()))
        case .run: return .run(try RunRecord(&source))
        case .end: return .end(try EndRecord(&source, base))
        case .order, .timer, .waiting, .signal, .iteration, .forgotten, .note: return try wait(kind, &source, base)
        }
    }

    private static func definition(_ source: inout ByteSource) throws(FormatError) -> JournalRecord {
        let number = DefinitionNumber(try source.number())
        return .definition(
            number,
            DefinitionRecord(
                kind: try source.text(), name: try source.text(), version: try source.text(), place: try source.text(),
                types: try source.text()))
    }

    private static func wait(
        _ kind: JournalRecordKind, _ source: inout ByteSource, _ base: JournalTime
    ) throws(FormatError) -> JournalRecord? {
        switch kind {
        case .order:
            return .order(
                OrderRecord(
                    scope: ScopeID(try source.word()), choice: try source.varint(), position: try source.varint(),
                    chosen: try source.varint()))
        case .timer:
            return .timer(
                TimerRecord(
                    call: try source.digest(), name: try source.text(), due: try source.time(base),
                    scope: try source.scopeIfThere()))
        case .waiting:
            var record = WaitingRecord(
                call: try source.digest(), name: try source.text(), type: try source.text(),
                question: try source.text(), since: try source.time(base))
            if try source.flag() { record.deadline = try source.time(base) }
            record.scope = try source.scopeIfThere()
            return .waiting(record)
        case .signal:
            var record = SignalRecord(
                name: try source.text(), message: try source.digest(), time: try source.time(base),
                payload: try source.counted())
            // Not in records of the first version.
            if source.remaining >= 24 {
                record.answered = SignalRecord.Answered(try source.digest(), in: ScopeID(try source.word()))
            }
            return .signal(record)
        case .iteration:
            return .iteration(
                IterationRecord(
                    loop: try source.digest(), count: try source.varint(), state: try source.digest(),
                    scope: ScopeID(try source.word())))
        case .forgotten:
            var record = ForgottenRecord(time: try source.time(base))
            record.failuresOnly = try source.flag()
            for _ in 0..<(try source.count()) { record.names.append(try source.text()) }
            for _ in 0..<(try source.count()) { record.calls.append(try source.digest()) }
            return .forgotten(record)
        case .note:
            let kind = try source.text()
            let call = try source.flag() ? try source.digest() : nil
            return .note(
                NoteRecord(kind: kind, call: call, time: try source.time(base), payload: try source.counted()))
        default: return nil
        }
    }
}

extension ByteSource {
    fileprivate mutating func time(_ base: JournalTime) throws(FormatError) -> JournalTime { base &+ (try signed()) }

    /// A scope that is left out where it is the program.
    fileprivate mutating func scopeIfThere() throws(FormatError) -> ScopeID {
        remaining >= 8 ? ScopeID(try word()) : .program
    }

    fileprivate mutating func number() throws(FormatError) -> UInt32 {
        guard let number = UInt32(exactly: try varint()) else { throw FormatError() }
        return number
    }

    fileprivate mutating func parts() throws(FormatError) -> [KeyPart] {
        let count = try count()
        var parts: [KeyPart] = []
        parts.reserveCapacity(min(count, 64))
        for _ in 0..<count {
            parts.append(
                KeyPart(
                    KeyPart.Kind(rawValue: try byte()), name: try text(), digest: try word(), preview: try text()))
        }
        return parts
    }
}

extension CallHeader {
    fileprivate static func decode(_ source: inout ByteSource) throws(FormatError) -> (header: CallHeader, flags: UInt8)
    {
        let flags = try source.byte()
        let call = try source.digest()
        let key = flags & CallFlags.keyDiffers == 0 ? call : try source.digest()
        let definition = DefinitionNumber(try source.number())
        let scope = flags & CallFlags.hasScope == 0 ? ScopeID.program : ScopeID(try source.word())
        let occurrence = flags & CallFlags.hasOccurrence == 0 ? 0 : try source.varint()
        return (
            CallHeader(definition: definition, scope: scope, occurrence: occurrence, call: call, key: key), flags
        )
    }

    /// Decodes the header of a record from its kind on; nil for kinds without a header.
    static func decode(_ bytes: UnsafeRawBufferPointer) throws(FormatError) -> CallHeader? {
        var source = ByteSource(bytes)
        switch JournalRecordKind(rawValue: try source.byte()) {
        case .result, .failure, .cancelled, .started: return try decode(&source).header
        default: return nil
        }
    }
}

extension ResultRecord {
    fileprivate init(_ source: inout ByteSource, _ base: JournalTime, _ withParts: Bool) throws(FormatError) {
        let (header, flags) = try CallHeader.decode(&source)
        let began = try source.time(base)
        let duration = try source.varint()
        let attempt = flags & CallFlags.isRetried == 0 ? 1 : try source.number()
        let execution = flags & CallFlags.hasExecution == 0 ? nil : try source.word()
        let value: JournalValue
        if flags & CallFlags.isInline != 0 {
            value = .inline(try source.counted())
        } else if flags & CallFlags.isObject != 0 {
            value = .object(try source.object(), size: try source.varint())
        } else {
            value = .none
        }
        var files: [RecordedFile] = []
        if flags & CallFlags.hasFiles != 0 {
            for _ in 0..<(try source.count()) { files.append(try RecordedFile(&source)) }
        }
        self.init(
            header: header, execution: execution, began: began, duration: duration, attempt: attempt, value: value,
            files: files, parts: withParts ? try source.parts() : [])
    }
}

extension RecordedFile {
    fileprivate init(_ source: inout ByteSource) throws(FormatError) {
        self.init(
            name: try source.text(), path: try source.text(), size: try source.varint(), modified: try source.signed(),
            inode: try source.varint())
        let flags = try source.byte()
        isDirectory = flags & 1 != 0
        if flags & 2 != 0 { content = try source.object() }
    }
}

extension FailureRecord {
    fileprivate init(_ source: inout ByteSource, _ base: JournalTime, _ withParts: Bool) throws(FormatError) {
        self.init(
            header: try CallHeader.decode(&source).header, began: try source.time(base),
            duration: try source.varint(), attempt: try source.number(), error: try RecordedError(&source),
            parts: withParts ? try source.parts() : [])
    }
}

extension RecordedError {
    fileprivate init(_ source: inout ByteSource) throws(FormatError) {
        self.init(type: try source.text(), code: try source.text(), message: try source.text())
        if try source.flag() { encoded = try source.counted() }
    }
}

extension NamedRecord {
    fileprivate init(_ source: inout ByteSource) throws(FormatError) {
        self.init(
            call: try source.digest(), execution: try source.word(), output: try source.text(),
            content: try source.object(), size: try source.varint(), modified: try source.signed())
        if try source.flag() { contentKey = try source.digest() }
    }
}

extension RunRecord {
    fileprivate init(_ source: inout ByteSource) throws(FormatError) {
        let id = try source.digest()
        let generation = try source.varint()
        self.init(
            id: id, began: try source.signed(), program: try source.text(), build: try source.text(),
            directory: try source.text(), host: try source.text(), engine: try source.text())
        self.generation = generation
        processID = Int32(truncatingIfNeeded: try source.signed())
        for _ in 0..<(try source.count()) { arguments.append(try source.text()) }
    }
}

extension EndRecord {
    fileprivate init(_ source: inout ByteSource, _ base: JournalTime) throws(FormatError) {
        self.init(
            outcome: Outcome(rawValue: try source.byte()), time: try source.time(base), ran: try source.varint(),
            reused: try source.varint(), failed: try source.varint(), message: try source.text())
    }
}
