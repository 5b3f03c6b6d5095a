package import AsyncFlowBase

/// Returns whether a process exists and hasn't ended. One that nobody has reaped yet has ended.
package func isRunning(_ pid: pid_t) -> Bool {
    guard kill(pid, 0) == 0 else { return false }
    #if os(Linux)
    guard let file = fopen("/proc/\(pid)/stat", "r") else { return false }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 512)
    guard fgets(&line, 512, file) != nil, let bracket = line.lastIndex(of: CChar(UInt8(ascii: ")"))) else {
        return false
    }
    return line[bracket + 2] != CChar(UInt8(ascii: "Z"))
    #else
    return true
    #endif
}

/// Returns the number of descriptors that this process has open.
package func openDescriptors() -> Int {
    (0..<4096).count { fcntl($0, F_GETFD) != -1 }
}

/// The most memory this process has had, in bytes.
package func peakMemory() -> Int {
    var usage = rusage()
    #if os(Linux)
    getrusage(CInt(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_maxrss * 1024
    #else
    getrusage(RUSAGE_SELF, &usage)
    return usage.ru_maxrss
    #endif
}
