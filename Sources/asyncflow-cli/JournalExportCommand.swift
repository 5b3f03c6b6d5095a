import AsyncFlow
import ArgumentParser
import AsyncFlowBase
import AsyncFlowJournal
import AsyncFlowTelemetry

struct JournalExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "All records as lines of JSON, for programs and databases.",
        discussion: """
            Each line is an object with the record's kind, the number of its run, and what it says. Times are \
            seconds since 1970. Values are given by their size, and as hexadecimal digits with --values; large ones \
            by the SHA-256 of their content, which is also their file's name in the journal's folder 'objects'.
            """)

    @OptionGroup var input: JournalArguments
    @OptionGroup var target: OutputArguments

    @Flag(help: "Write small values, too.")
    var values = false

    func run() throws {
        try endingWithCode {
            let contents = try input.read().contents
            for loss in contents.losses { Messages.note(loss.description) }
            try report(to: target.output) { output in
                var output = Optional(output)
                contents.forEach { entry in
                    var json = JSONWriter(output.take()!)
                    json.object { json in
                        json.field("kind", "\(entry.record.kind)")
                        let isKnown = contents.runs.indices.contains(entry.run)
                        json.field("run", isKnown ? Int(clamping: contents.runs[entry.run].run.generation) : nil)
                        if let definition = entry.definition {
                            json.field("task", definition.name)
                            json.field("task_kind", definition.kind)
                            json.field("version", definition.version)
                        }
                        JournalRecordFields(values: values).write(entry.record, to: &json)
                    }
                    var rest = json.finish()
                    rest.write(0x0A)
                    output = consume rest
                    return true
                }
                return output.take()!
            }
        }
    }
}

/// The fields of a record in JSON.
struct JournalRecordFields {
    var values: Bool

    func write(_ record: JournalRecord, to json: inout JSONWriter) {
        if let header = record.header { write(header, to: &json) }
        switch record {
        case .result(let record):
            write(began: record.began, record.duration, record.attempt, to: &json)
            switch record.value {
            case .none: break
            case .inline(let bytes):
                json.field("value_bytes", bytes.count)
                if values { json.field("value", HexText.digits(bytes)) }
            case .object(let id, let size):
                json.field("value_bytes", Int(clamping: size))
                json.field("object", id.description)
            }
            if !record.files.isEmpty {
                json.array("files") { json in
                    for file in record.files {
                        json.object { json in
                            json.field("name", file.name)
                            json.field("path", file.path)
                            json.field("bytes", Int(clamping: file.size))
                            json.field("content", file.content?.description)
                        }
                    }
                }
            }
            write(record.parts, to: &json)
        case .failure(let record):
            write(began: record.began, record.duration, record.attempt, to: &json)
            write(record.error, to: &json)
            write(record.parts, to: &json)
        case .cancelled(let record):
            write("time", record.time, to: &json)
            json.field("reason", record.reason)
        case .started(let record):
            write("time", record.time, to: &json)
            json.field("attempt", Int(record.attempt))
            json.field("backend", record.backend)
        case .attempt(let record):
            json.field("call", record.call.description)
            write("time", record.time, to: &json)
            json.field("attempt", Int(record.attempt))
            write(record.error, to: &json)
        case .reused(let record):
            json.field("call", record.call.description)
            json.field("source", record.source.description)
        case .named(let record):
            json.field("call", record.call.description)
            json.field("output", record.output)
            json.field("content", record.content.description)
        default: writeOthers(record, to: &json)
        }
    }

    private func writeOthers(_ record: JournalRecord, to json: inout JSONWriter) {
        switch record {
        case .run(let run):
            write("time", run.began, to: &json)
            json.field("program", run.program)
            json.array("arguments") { json in for argument in run.arguments { json.string(argument) } }
            json.field("directory", run.directory)
            json.field("host", run.host)
            json.field("process", Int(run.processID))
            json.field("build", run.build)
            json.field("engine", run.engine)
        case .end(let end):
            write("time", end.time, to: &json)
            json.field("outcome", JournalText.outcome(end, isRunning: false))
            json.field("ran", Int(clamping: end.ran))
            json.field("reused", Int(clamping: end.reused))
            json.field("failed", Int(clamping: end.failed))
            json.field("message", end.message)
        case .definition(_, let definition):
            json.field("task", definition.name)
            json.field("task_kind", definition.kind)
            json.field("version", definition.version)
            json.field("place", definition.place)
            json.field("types", definition.types)
        case .scope(let scope):
            json.field("scope", scope.id.description)
            json.field("parent", scope.parent.description)
            json.field("scope_kind", scope.kind)
            json.field("name", scope.name)
            json.field("position", Int(clamping: scope.position))
        case .superseded(let scope): json.field("scope", scope.description)
        case .order(let order):
            json.field("scope", order.scope.description)
            json.field("choice", Int(clamping: order.choice))
            json.field("position", Int(clamping: order.position))
            json.field("chosen", Int(clamping: order.chosen))
        case .timer(let timer):
            json.field("call", timer.call.description)
            json.field("name", timer.name)
            write("due", timer.due, to: &json)
        case .waiting(let waiting):
            json.field("call", waiting.call.description)
            json.field("name", waiting.name)
            json.field("question", waiting.question)
            write("time", waiting.since, to: &json)
        case .signal(let signal):
            json.field("name", signal.name)
            write("time", signal.time, to: &json)
            json.field("payload_bytes", signal.payload.count)
        case .iteration(let iteration):
            json.field("call", iteration.loop.description)
            json.field("iterations", Int(clamping: iteration.count))
        case .forgotten(let forgotten):
            write("time", forgotten.time, to: &json)
            json.array("tasks") { json in for name in forgotten.names { json.string(name) } }
            json.array("calls") { json in for call in forgotten.calls { json.string(call.description) } }
            json.field("failures_only", forgotten.failuresOnly)
        case .note(let note):
            json.field("note", note.kind)
            write("time", note.time, to: &json)
            json.field("payload_bytes", note.payload.count)
        default: break
        }
    }

    private func write(_ header: CallHeader, to json: inout JSONWriter) {
        json.field("call", header.call.description)
        json.field("key", header.key.description)
        if header.scope != .program { json.field("scope", header.scope.description) }
        json.field("occurrence", Int(clamping: header.occurrence))
    }

    private func write(
        began: JournalTime, _ duration: UInt64, _ attempt: UInt32, to json: inout JSONWriter
    ) {
        write("began", began, to: &json)
        json.field("seconds", number: Double(duration) / 1e6)
        json.field("attempt", Int(attempt))
    }

    private func write(_ key: StaticString, _ time: JournalTime, to json: inout JSONWriter) {
        json.field(key, number: Double(time) / 1e6)
    }

    private func write(_ error: RecordedError, to json: inout JSONWriter) {
        json.field("error_type", error.type)
        json.field("error_code", error.code)
        json.field("message", error.message)
    }

    private func write(_ parts: [KeyPart], to json: inout JSONWriter) {
        if parts.isEmpty { return }
        json.array("parts") { json in
            for part in parts {
                json.object { json in
                    json.field("name", part.name)
                    json.field("digest", HexText.digits(part.digest.littleEndianBytes))
                    json.field("preview", part.preview)
                }
            }
        }
    }
}
