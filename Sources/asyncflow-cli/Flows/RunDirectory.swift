import AsyncFlowBase
import AsyncFlowPlan

/// The directory of one run: what it was, its recording and journal, its tasks' directories, its outputs.
struct RunDirectory: Sendable {
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
                point(latest: name, in: root)
                return RunDirectory(path: path, name: name, lock: lock)
            }
        } catch {
            throw ValueError("the directory of the run can't be made in \(root): \(error)")
        }
    }

    /// Opens the directory of a run that has ended, to go on with it.
    ///
    /// - Throws: ``ValueError`` if its process lives.
    static func reopen(_ entry: RunEntry) throws(ValueError) -> RunDirectory {
        do throws(SystemError) {
            let lock = try retrying { open("\(entry.path)/lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600) }
            do throws(SystemError) { try retrying { flock(lock, LOCK_EX | LOCK_NB) } } catch {
                close(lock)
                throw error
            }
            point(latest: entry.name, in: PathText.parent(of: entry.path))
            return RunDirectory(path: entry.path, name: entry.name, lock: lock)
        } catch {
            throw ValueError(
                error.code == EWOULDBLOCK
                    ? "'\(entry.name)' goes on already; 'asyncflow watch \(entry.name)' shows it"
                    : "\(entry.path) can't be used: \(error)")
        }
    }

    /// Has the link `latest` lead to a run.
    private static func point(latest name: String, in root: String) {
        let link = "\(root)/latest.\(getpid())"
        unlink(link)
        if symlink(name, link) == 0, rename(link, "\(root)/latest") != 0 { unlink(link) }
    }

    /// Writes a file of the run as a whole.
    func write(_ value: Value, to file: String) throws(ValueError) {
        try Self.write(value, to: file, in: path)
    }

    static func write(_ value: Value, to file: String, in path: String) throws(ValueError) {
        let temporary = "\(path)/\(file).\(getpid()).new"
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
