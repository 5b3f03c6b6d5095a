import AsyncFlowBase
import AsyncFlowFlowFile
import AsyncFlowJournal
import AsyncFlowPlan

/// The file `run.json` of a run: what it is, where it runs, and all that is needed to go on with it.
struct RunDescription {
    private let session: FlowSession
    private let directory: RunDirectory
    private let start: LocalTime
    private let parameters: Record
    /// Microseconds since 1970, for the records of this run in a journal that several share.
    private let began: Int

    private let journal: String

    init(
        session: FlowSession, _ directory: RunDirectory, _ start: LocalTime, _ parameters: Record,
        began: JournalTime, journal: String
    ) {
        self.session = session
        self.directory = directory
        self.start = start
        self.parameters = parameters
        self.journal = journal
        if case .int(let former)? = session.former?.record["began"] {
            self.began = former
        } else {
            self.began = Int(began)
        }
    }

    func value(state: String, ended: LocalTime? = nil) -> Value {
        var fields: [(String, Value)] = [
            ("name", .string(directory.name)), ("flow", .string(session.flow.plan.name)),
            (
                "file",
                .string(PathText.absolute(session.flow.plan.source.name, base: FlowLoader.currentDirectory))
            ),
            ("state", .string(state)), ("started", .string("\(start.date)T\(start.time)")),
            ("began", .int(began)), ("pid", .int(Int(getpid()))), ("host", .string(FlowSession.hostName)),
            ("directory", .string(FlowLoader.currentDirectory)), ("profiles", .strings(session.profiles)),
            ("keep_going", .bool(session.options.keepsGoing)),
            ("jobs", session.options.jobs.map(Value.int) ?? .null), ("until", .strings(session.options.until)),
            ("journal", .string(journal)),
        ]
        if let ended { fields.append(("ended", .string("\(ended.date)T\(ended.time)"))) }
        fields.append(("parameters", .record(parameters)))
        return .record(Record(fields))
    }
}

/// The time of this machine's clock and zone.
struct LocalTime {
    let date: String
    let time: String

    static var now: LocalTime {
        var seconds = AsyncFlowBase.time(nil)
        var parts = tm()
        localtime_r(&seconds, &parts)
        func digits(_ number: Int32, _ count: Int = 2) -> String {
            let text = String(number)
            return String(repeating: "0", count: max(0, count - text.count)) + text
        }
        return LocalTime(
            date: "\(digits(parts.tm_year + 1900, 4))-\(digits(parts.tm_mon + 1))-\(digits(parts.tm_mday))",
            time: "\(digits(parts.tm_hour)):\(digits(parts.tm_min)):\(digits(parts.tm_sec))")
    }
}

extension LocalTime {
    /// The time at which a run was started, which expressions see again when it goes on.
    init(of entry: RunEntry) {
        let parts = entry.text("started").split(separator: "T")
        self =
            parts.count == 2
            ? LocalTime(date: String(parts[0]), time: String(parts[1])) : .now
    }
}
