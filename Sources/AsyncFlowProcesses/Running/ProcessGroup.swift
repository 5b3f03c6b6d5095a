package import AsyncFlowBase

/// A process group, identified by the process that leads it.
package struct ProcessGroup: Hashable {
    package let id: pid_t

    /// Sends a signal to every member.
    package func send(_ signal: ProcessLifecycle.GroupSignal) {
        switch signal {
        case .terminate:
            kill(-id, SIGTERM)
            kill(-id, SIGCONT)
        case .kill:
            kill(-id, SIGKILL)
        }
    }

    /// Whether nothing is left of the group that could be ended. Its leader must have been reaped.
    package var isGone: Bool {
        guard exists else { return true }
        // Orphans are adopted by process 1 or by a subreaper. If that is this process, only it can reap them. The
        // leader was reaped before, so any child of this process in its group is such an orphan.
        var hasReaped = false
        while waitpid(-id, nil, WNOHANG) > 0 { hasReaped = true }
        if hasReaped, !exists { return true }
        return !hasLivingMember
    }

    /// Whether there is a member that can be signalled.
    ///
    /// A member that belongs to another user can't be ended, so there is no point in waiting for it; macOS gives the
    /// same answer for a group whose members have all ended.
    private var exists: Bool { kill(-id, 0) == 0 }

    /// Whether a member hasn't ended yet. A member that has ended but isn't reaped by process 1 remains one forever.
    private var hasLivingMember: Bool {
        #if os(Linux)
        guard let directory = opendir("/proc") else { return true }
        defer { closedir(directory) }
        while let entry = readdir(directory) {
            let pid = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { atoi($0) }
            }
            if pid > 0, isLivingMember(pid) { return true }
        }
        return false
        #else
        return true
        #endif
    }

    #if os(Linux)
    private func isLivingMember(_ pid: pid_t) -> Bool {
        guard getpgid(pid) == id else { return false }
        var status = [UInt8](repeating: 0, count: 512)
        let count: Int
        do {
            let file = try Descriptor.open("/proc/\(pid)/stat", O_RDONLY)
            count = read(file.number, &status, status.count)
        } catch {
            // A missing answer doesn't mean that the process has ended.
            return error.code != ENOENT && error.code != ESRCH
        }
        // The state is the letter after the name, which is in parentheses and may itself contain some.
        guard count > 0, let bracket = status[..<count].lastIndex(of: UInt8(ascii: ")")), bracket + 2 < count else {
            return false
        }
        return status[bracket + 2] != UInt8(ascii: "Z") && status[bracket + 2] != UInt8(ascii: "X")
    }
    #endif
}
