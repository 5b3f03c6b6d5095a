import AsyncFlowBase

/// A check whether a process of this machine has begun to end, before this is reported: by then, its connections are
/// closed.
enum EndingProcess {
    /// Returns whether a child of this process is ending, has ended, or no longer exists.
    static func isEnding(_ processID: pid_t) -> Bool {
        if kill(processID, 0) != 0, errno == ESRCH { return true }
        #if os(Linux)
        guard let bytes = FileBytes.read("/proc/\(processID)/stat", atMost: 4096) else {
            return kill(processID, 0) != 0 && errno == ESRCH  // gone meanwhile
        }
        return isEnding(stat: String(decoding: bytes, as: UTF8.self))
        #else
        var info = siginfo_t()
        return waitid(P_PID, id_t(processID), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == processID
        #endif
    }

    /// - Parameter stat: the contents of `/proc/<id>/stat`: id, name in parentheses, state, five numbers, flags, and so
    ///   on.
    static func isEnding(stat: String) -> Bool {
        // The name may contain anything, even parentheses.
        guard let end = stat.lastIndex(of: ")") else { return false }
        let fields = stat[stat.index(after: end)...].split(separator: " ")
        guard fields.count > 6, let flags = UInt64(fields[6]) else { return false }
        let isExiting: UInt64 = 0x4  // PF_EXITING in the kernel's sched.h
        return fields[0] == "Z" || fields[0] == "X" || flags & isExiting != 0
    }
}
