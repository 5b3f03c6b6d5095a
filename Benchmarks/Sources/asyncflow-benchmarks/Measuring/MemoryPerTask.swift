import CProcessUsage

/// Memory that one waiting task takes: the growth of the process's resident memory while all tasks of a shape exist and
/// none has run, divided by their number. It counts handles, closures, edges and the allocator's own overhead.
enum MemoryPerTask {
    /// - Returns: bytes per task; `nil` when the system doesn't tell.
    @concurrent
    static func bytes(
        of variant: Variant, _ workload: Workload, tasks: Int, expecting expected: Int
    ) async throws -> Double? {
        guard let hold = variant.hold else { return nil }
        process_usage_release_freed_memory()
        let before = Int(process_usage_resident_bytes())
        let gate = Gate()
        try variant.check(try await hold(tasks, gate), against: expected, in: workload)
        guard before > 0, let held = gate.residentBytes, held > 0 else { return nil }
        return Double(held - before) / Double(workload.taskCount(for: tasks))
    }
}
