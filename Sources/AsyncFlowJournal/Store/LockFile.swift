import AsyncFlowBase

/// The text of a lock file, which identifies the writer of a journal.
///
/// The first line has a fixed length and changes: it contains a counter that shows that the writer is alive, and
/// whether it has released the lock.
struct LockFile: Equatable {
    var counter: UInt64 = 0
    var isReleased = false
    var token: ShortDigest
    var process: ProcessIdentity
    /// The time at which the lock was taken, in microseconds since 1970.
    var since: JournalTime
    /// The program's name, for display.
    var program: String

    static let maximumSize: UInt64 = 8 << 10

    /// The line that changes.
    var firstLine: String {
        let digits = String(counter)
        return "asyncflow-lock 1 \(isReleased ? "released" : "held    ") "
            + String(repeating: "0", count: 20 - digits.count) + digits + "\n"
    }

    var text: String {
        firstLine + """
            token \(token)
            host \(process.host.harmless())
            machine \(process.machine.harmless())
            boot \(process.boot.harmless())
            space \(process.space.harmless())
            process \(process.number)
            start \(process.start)
            since \(since)
            program \(program.harmless())

            """
    }

    init(token: ShortDigest, process: ProcessIdentity, since: JournalTime, program: String) {
        self.token = token
        self.process = process
        self.since = since
        self.program = DisplayText.shortened(program, to: 200)
    }

    /// - Returns: nil if the text isn't a lock of this format.
    init?(_ text: String) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let first = lines[0].split(separator: " ")
        guard first.count == 4, first[0] == "asyncflow-lock", first[1] == "1", let counter = UInt64(first[3]) else {
            return nil
        }
        var fields: [Substring: String] = [:]
        for line in lines.dropFirst().prefix(32) {
            let parts = line.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { fields[parts[0]] = String(parts[1]) }
        }
        guard let token = fields["token"].flatMap({ ShortDigest($0) }),
            let number = fields["process"].flatMap({ Int32($0) }), let start = fields["start"].flatMap({ UInt64($0) }),
            let host = fields["host"]
        else { return nil }
        self.init(
            token: token,
            process: ProcessIdentity(
                host: host, machine: fields["machine"] ?? "", boot: fields["boot"] ?? "", space: fields["space"] ?? "",
                number: number, start: start),
            since: fields["since"].flatMap { Int64($0) } ?? 0, program: fields["program"] ?? "")
        self.counter = counter
        isReleased = first[2] == "released"
    }
}
