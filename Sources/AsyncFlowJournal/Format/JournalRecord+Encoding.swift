extension JournalRecord {
    package var kind: JournalRecordKind {
        switch self {
        case .run: .run
        case .definition: .definition
        case .scope: .scope
        case .result: .result
        case .failure: .failure
        case .cancelled: .cancelled
        case .reused: .reused
        case .started: .started
        case .attempt: .attempt
        case .named: .named
        case .order: .order
        case .timer: .timer
        case .waiting: .waiting
        case .signal: .signal
        case .superseded: .superseded
        case .forgotten: .forgotten
        case .note: .note
        case .end: .end
        case .iteration: .iteration
        }
    }

    /// Returns the number of bytes of kind and body.
    func size(base: JournalTime) -> Int {
        var counter = ByteCounter()
        encode(into: &counter, base: base)
        return counter.count
    }

    /// Writes kind and body, without the length that precedes them in a frame.
    ///
    /// - Parameter base: The time that the frame's times are relative to.
    func encode<Sink: ByteSink>(into sink: inout Sink, base: JournalTime) {
        sink.byte(kind.rawValue)
        switch self {
        case .result(let record): record.encode(into: &sink, base: base)
        case .reused(let record):
            sink.digest(record.call)
            if record.source != record.call { sink.digest(record.source) }
        case .definition(let number, let record):
            sink.varint(UInt64(number.value))
            for text in [record.kind, record.name, record.version, record.place, record.types] { sink.text(text) }
        case .scope(let record):
            sink.word(record.id.value)
            sink.word(record.parent.value)
            sink.text(record.kind)
            sink.text(record.name)
            sink.varint(record.position)
        case .failure(let record): record.encode(into: &sink, base: base)
        case .cancelled(let record):
            record.header.encode(into: &sink)
            sink.signed(record.time &- base)
            sink.text(record.reason)
        case .started(let record):
            record.header.encode(into: &sink)
            sink.varint(UInt64(record.attempt))
            sink.signed(record.time &- base)
            sink.text(record.backend)
            sink.counted(record.ticket)
        case .attempt(let record):
            sink.digest(record.call)
            sink.varint(UInt64(record.attempt))
            sink.signed(record.time &- base)
            record.error.encode(into: &sink)
        case .named(let record): record.encode(into: &sink)
        case .superseded(let scope): sink.word(scope.value)
        case .run(let record): record.encode(into: &sink)
        case .end(let record): record.encode(into: &sink, base: base)
        case .order, .timer, .waiting, .signal, .iteration, .forgotten, .note: encodeWait(into: &sink, base: base)
        }
    }

    private func encodeWait<Sink: ByteSink>(into sink: inout Sink, base: JournalTime) {
        switch self {
        case .order(let record):
            sink.word(record.scope.value)
            for number in [record.choice, record.position, record.chosen] { sink.varint(number) }
        case .timer(let record):
            sink.digest(record.call)
            sink.text(record.name)
            sink.signed(record.due &- base)
            if record.scope != .program { sink.word(record.scope.value) }
        case .waiting(let record):
            sink.digest(record.call)
            for text in [record.name, record.type, record.question] { sink.text(text) }
            sink.signed(record.since &- base)
            sink.byte(record.deadline == nil ? 0 : 1)
            if let deadline = record.deadline { sink.signed(deadline &- base) }
            if record.scope != .program { sink.word(record.scope.value) }
        case .signal(let record):
            sink.text(record.name)
            sink.digest(record.message)
            sink.signed(record.time &- base)
            sink.counted(record.payload)
            if let answered = record.answered {
                sink.digest(answered.call)
                sink.word(answered.scope.value)
            }
        case .iteration(let record):
            sink.digest(record.loop)
            sink.varint(record.count)
            sink.digest(record.state)
            sink.word(record.scope.value)
        case .forgotten(let record):
            sink.signed(record.time &- base)
            sink.byte(record.failuresOnly ? 1 : 0)
            sink.varint(UInt64(record.names.count))
            for name in record.names { sink.text(name) }
            sink.varint(UInt64(record.calls.count))
            for call in record.calls { sink.digest(call) }
        case .note(let record):
            sink.text(record.kind)
            sink.byte(record.call == nil ? 0 : 1)
            if let call = record.call { sink.digest(call) }
            sink.signed(record.time &- base)
            sink.counted(record.payload)
        default: break
        }
    }
}

/// The flags in the byte before a call's header. The call's identity follows that byte directly, so that an index finds
/// it without decoding the rest.
struct CallFlags {
    static let keyDiffers: UInt8 = 1
    static let hasScope: UInt8 = 2
    static let hasOccurrence: UInt8 = 4
    static let isRetried: UInt8 = 8
    static let hasExecution: UInt8 = 16
    static let isInline: UInt8 = 32
    static let isObject: UInt8 = 64
    static let hasFiles: UInt8 = 128
}

extension CallHeader {
    @inline(__always)
    fileprivate func encode<Sink: ByteSink>(into sink: inout Sink, flags: UInt8 = 0) {
        var flags = flags
        if key != call { flags |= CallFlags.keyDiffers }
        if scope != .program { flags |= CallFlags.hasScope }
        if occurrence != 0 { flags |= CallFlags.hasOccurrence }
        sink.byte(flags)
        sink.digest(call)
        if key != call { sink.digest(key) }
        sink.varint(UInt64(definition.value))
        if scope != .program { sink.word(scope.value) }
        if occurrence != 0 { sink.varint(occurrence) }
    }
}

extension [KeyPart] {
    @inline(__always)
    fileprivate func encode<Sink: ByteSink>(into sink: inout Sink) {
        sink.varint(UInt64(count))
        for part in self {
            sink.byte(part.kind.rawValue)
            sink.text(part.name, atMost: 255)
            sink.word(part.digest)
            sink.text(part.preview, atMost: KeyPart.maximumPreview)
        }
    }
}

extension ResultRecord {
    @inline(__always)
    fileprivate func encode<Sink: ByteSink>(into sink: inout Sink, base: JournalTime) {
        var flags: UInt8 = 0
        if attempt != 1 { flags |= CallFlags.isRetried }
        if execution != nil { flags |= CallFlags.hasExecution }
        if !files.isEmpty { flags |= CallFlags.hasFiles }
        switch value {
        case .none: break
        case .inline: flags |= CallFlags.isInline
        case .object: flags |= CallFlags.isObject
        }
        header.encode(into: &sink, flags: flags)
        sink.signed(began &- base)
        sink.varint(duration)
        if attempt != 1 { sink.varint(UInt64(attempt)) }
        if let execution { sink.word(execution) }
        switch value {
        case .none: break
        case .inline(let bytes): sink.counted(bytes)
        case .object(let id, let size):
            sink.object(id)
            sink.varint(size)
        }
        if !files.isEmpty {
            sink.varint(UInt64(files.count))
            for file in files { file.encode(into: &sink) }
        }
        parts.encode(into: &sink)
    }
}

extension RecordedFile {
    fileprivate func encode<Sink: ByteSink>(into sink: inout Sink) {
        sink.text(name)
        sink.text(path)
        sink.varint(size)
        sink.signed(modified)
        sink.varint(inode)
        sink.byte((isDirectory ? 1 : 0) | (content == nil ? 0 : 2))
        if let content { sink.object(content) }
    }
}

extension FailureRecord {
    fileprivate func encode<Sink: ByteSink>(into sink: inout Sink, base: JournalTime) {
        header.encode(into: &sink)
        sink.signed(began &- base)
        sink.varint(duration)
        sink.varint(UInt64(attempt))
        error.encode(into: &sink)
        parts.encode(into: &sink)
    }
}

extension RecordedError {
    fileprivate func encode<Sink: ByteSink>(into sink: inout Sink) {
        sink.text(type)
        sink.text(code)
        sink.text(message)
        sink.byte(encoded == nil ? 0 : 1)
        if let encoded { sink.counted(encoded) }
    }
}

extension NamedRecord {
    fileprivate func encode<Sink: ByteSink>(into sink: inout Sink) {
        sink.digest(call)
        sink.word(execution)
        sink.text(output)
        sink.object(content)
        sink.varint(size)
        sink.signed(modified)
        sink.byte(contentKey == nil ? 0 : 1)
        if let contentKey { sink.digest(contentKey) }
    }
}

extension RunRecord {
    fileprivate func encode<Sink: ByteSink>(into sink: inout Sink) {
        sink.digest(id)
        sink.varint(generation)
        sink.signed(began)
        for text in [program, build, directory, host, engine] { sink.text(text) }
        sink.signed(Int64(processID))
        sink.varint(UInt64(arguments.count))
        for argument in arguments { sink.text(argument) }
    }
}

extension EndRecord {
    fileprivate func encode<Sink: ByteSink>(into sink: inout Sink, base: JournalTime) {
        sink.byte(outcome.rawValue)
        sink.signed(time &- base)
        for number in [ran, reused, failed] { sink.varint(number) }
        sink.text(message)
    }
}
