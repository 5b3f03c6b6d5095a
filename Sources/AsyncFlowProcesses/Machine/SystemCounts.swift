import AsyncFlowBase

/// The numbers of processors and bytes of memory that system calls report.
enum SystemCounts {
    /// The number of processors that are online; at least one.
    static var processors: Int { max(1, Int(sysconf(CInt(_SC_NPROCESSORS_ONLN)))) }

    /// The amount of memory in bytes; nil on systems where a file gives it.
    static var memory: Int64? {
        #if canImport(Darwin)
        var bytes: Int64 = 0
        var size = MemoryLayout<Int64>.size
        return sysctlbyname("hw.memsize", &bytes, &size, nil, 0) == 0 && bytes > 0 ? bytes : nil
        #else
        return nil
        #endif
    }
}
