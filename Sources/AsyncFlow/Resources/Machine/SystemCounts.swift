import AsyncFlowBase

/// What system calls say about processors and memory.
enum SystemCounts {
    /// How many processors are online; at least one.
    static var processors: Int { max(1, Int(sysconf(CInt(_SC_NPROCESSORS_ONLN)))) }

    /// How much memory there is, in bytes; nil where a file says it.
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
