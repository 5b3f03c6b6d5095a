import AsyncFlowBase
import AsyncFlowPlan

/// A run as its directory tells of it.
struct RunEntry {
    let name: String
    let path: String
    let record: Record
    /// Whether its process lives.
    let isAlive: Bool

    /// All runs, the newest first.
    static func all(in root: String) -> [RunEntry] {
        guard let directory = opendir(root) else { return [] }
        defer { closedir(directory) }
        var entries: [RunEntry] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
            }
            // The link to the latest run, also while it is being made.
            if name.hasPrefix(".") || name == "latest" || name.hasPrefix("latest.") { continue }
            if let found = RunEntry(name, in: root) { entries.append(found) }
        }
        return entries.sorted { ($0.text("started"), $0.name) > ($1.text("started"), $1.name) }
    }

    /// One run by its name or the path of its directory; the latest by default.
    init?(_ name: String, in root: String) {
        let path =
            name.utf8.contains(UInt8(ascii: "/"))
            ? PathText.absolute(name, base: FlowLoader.currentDirectory) : "\(root)/\(name)"
        guard let text = try? LocalFiles(base: path).read("\(path)/run.json"),
            case .record(let record)? = try? JSONText.value(of: text)
        else { return nil }
        self.path = path
        self.record = record
        if case .string(let name)? = record["name"] { self.name = name } else { self.name = PathText.name(of: path) }
        let descriptor = open("\(path)/lock", O_RDONLY | O_CLOEXEC)
        if descriptor >= 0 {
            isAlive = flock(descriptor, LOCK_SH | LOCK_NB) != 0
            close(descriptor)
        } else {
            isAlive = false
        }
    }

    func text(_ field: String) -> String {
        if case .string(let text)? = record[field] { text } else { "" }
    }

    func texts(_ field: String) -> [String] {
        guard case .list(let elements)? = record[field] else { return [] }
        return elements.compactMap { if case .string(let text) = $0 { text } else { nil } }
    }

    /// The recording that a word of the command line means: a file, or the newest one of a run.
    static func recording(_ word: String) -> String {
        if word == "-" { return word }
        var status = stat()
        let isFile = stat(word, &status) == 0 && status.st_mode & S_IFMT != S_IFDIR
        if isFile { return word }
        return RunEntry(word, in: RunDirectory.root)?.recording ?? word
    }

    /// The state: what the run has written, unless its process is gone.
    var state: String {
        let state = text("state")
        return state == "running" && !isAlive ? "lost" : state
    }

    /// A run by its name, or the exit code after it was told that there is none.
    static func find(_ name: String) throws -> RunEntry {
        let root = RunDirectory.root
        if let entry = RunEntry(name, in: root) { return entry }
        let names = all(in: root).map(\.name)
        throw FlowExit.because(
            "there is no run '\(name)' in \(root)\(Nearest.hint(name, names))"
                + (names.isEmpty ? "" : "; 'asyncflow ps' lists them"), FlowExit.noFile)
    }

    /// The newest recording of the run.
    var recording: String? {
        let files = LocalFiles(base: path)
        let all =
            ((try? files.glob(path, "*.telemetry.jsonl")) ?? [])
            + ((try? files.glob(path, "*.telemetry.jsonl.gz")) ?? [])
        return all.max { Self.changed($0) < Self.changed($1) }
    }

    private static func changed(_ path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_mtim.tv_sec) : 0
    }

    /// The directory of its journal.
    var journal: String {
        let own = text("journal")
        return own.isEmpty ? "\(path)/journal" : PathText.absolute(own, base: path)
    }

    var processID: Int32? {
        if case .int(let number)? = record["pid"] { Int32(exactly: number) } else { nil }
    }
}
