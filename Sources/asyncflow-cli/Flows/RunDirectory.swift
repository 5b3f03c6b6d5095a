import AsyncFlowBase
import AsyncFlowPlan

/// The directory of one run: what it was, its recording, its tasks' directories, its outputs.
struct RunDirectory {
    let path: String
    let name: String
    /// Locked as long as the run's process lives.
    private let lock: CInt

    /// The directory in which runs are, `.asyncflow/runs` in the current one by default.
    static var root: String {
        PathText.absolute(
            getenv("ASYNCFLOW_RUNS").map { String(cString: $0) } ?? ".asyncflow/runs", base: FlowLoader.currentDirectory
        )
    }

    /// Makes the directory of a new run: `<flow>-<date>-<number>`, with the link `latest` to it.
    static func make(for flow: String, date: String) throws(ValueError) -> RunDirectory {
        let root = root
        do throws(SystemError) {
            try PrivateDirectory.createPath(root)
            var number = 1
            while true {
                let name = "\(flow)-\(date.replacing("-", with: ""))-\(number)"
                do throws(SystemError) { try PrivateDirectory.create("\(root)/\(name)") } catch {
                    guard error.code == EEXIST, number < 1_000_000 else { throw error }
                    number += 1
                    continue
                }
                let path = "\(root)/\(name)"
                let lock = try PrivateFile.create("\(path)/lock", O_RDWR)
                try retrying { flock(lock, LOCK_EX | LOCK_NB) }
                let link = "\(root)/latest.\(getpid())"
                unlink(link)
                if symlink(name, link) == 0, rename(link, "\(root)/latest") != 0 { unlink(link) }
                return RunDirectory(path: path, name: name, lock: lock)
            }
        } catch {
            throw ValueError("the directory of the run can't be made in \(root): \(error)")
        }
    }

    /// Writes a file of the run as a whole.
    func write(_ value: Value, to file: String) throws(ValueError) {
        let temporary = "\(path)/\(file).new"
        do throws(SystemError) {
            unlink(temporary)
            let descriptor = try PrivateFile.create(temporary)
            defer { close(descriptor) }
            try DescriptorOutput.write(JSONText.text(of: value, indent: 2) + "\n", to: descriptor)
            try retrying { rename(temporary, "\(path)/\(file)") }
        } catch {
            throw ValueError("\(path)/\(file) can't be written: \(error)")
        }
    }
}

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

    /// The state: what the run has written, unless its process is gone.
    var state: String {
        let state = text("state")
        return state == "running" && !isAlive ? "lost" : state
    }

    var processID: Int32? {
        if case .int(let number)? = record["pid"] { Int32(exactly: number) } else { nil }
    }
}
