import AsyncFlowBase
import Synchronization

/// The ranks of one command and everything that they have started: all processes with a certain environment variable.
///
/// Every process that they start inherits the variable, whatever group or session it joins. On systems without `/proc`
/// no process is ever found, and ranks are ended only by their launcher.
final class RankProcesses: Sendable {
    private static let lastNumber = Atomic<UInt64>(0)

    /// The variable's name. Ranks of a program that itself starts ranks have several such variables.
    let marker: String
    private let seen = Atomic<Bool>(false)

    package init() {
        let number = Self.lastNumber.add(1, ordering: .relaxed).newValue
        marker = "ASYNCFLOW_RANK_OF_\(getpid())_\(number)_\(UInt32.random(in: 0...(.max)))"
    }

    /// Whether any process was ever found.
    var wereSeen: Bool { seen.load(ordering: .acquiring) }

    /// The processes that haven't ended.
    var all: [pid_t] {
        #if os(Linux)
        guard let directory = opendir("/proc") else { return [] }
        defer { closedir(directory) }
        var found: [pid_t] = []
        while let entry = readdir(directory) {
            let pid = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { atoi($0) }
            }
            if pid > 1, hasMarker(pid) { found.append(pid) }
        }
        if !found.isEmpty { seen.store(true, ordering: .releasing) }
        return found
        #else
        return []
        #endif
    }

    /// Ends the processes: with `SIGTERM`, and with `SIGKILL` after the grace period.
    func end(within gracePeriod: Duration, unless isOver: () -> Bool) async {
        guard send(SIGTERM) else { return }
        await Pause.until(.now + gracePeriod) { isOver() || all.isEmpty }
        if !isOver() { send(SIGKILL) }
    }

    /// Kills the processes until none is left. They are killed again at each check, because one may have just started
    /// another.
    func killAll() async { await Pause.until(nil) { !send(SIGKILL) } }

    /// - Returns: whether there was any process to send it to.
    @discardableResult
    private func send(_ signal: CInt) -> Bool {
        let processes = all
        for pid in processes {
            kill(pid, signal)
            if signal == SIGTERM { kill(pid, SIGCONT) }
        }
        return !processes.isEmpty
    }

    #if os(Linux)
    /// Returns whether a process has the marker. One that has ended or belongs to another user shows no environment.
    private func hasMarker(_ pid: pid_t) -> Bool {
        guard let file = try? Descriptor.open("/proc/\(pid)/environ", O_RDONLY) else { return false }
        let wanted = Array("\(marker)=".utf8)
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while case let count = read(file.number, &buffer, buffer.count), count > 0 { text += buffer[..<count] }
        return text.split(separator: 0).contains { $0.starts(with: wanted) }
    }
    #endif
}

extension SystemError {
    static var accessRefused: CInt { EACCES }
}
