import AsyncFlow

/// The search for the first lines of a crash in a program's standard error. The backtrace that follows them is often
/// longer than the part of the end that is kept.
struct CrashMessage {
    private static let longest = (lines: 8, line: 512)
    private static let beginnings = [
        "Fatal error: ", "Fatal Python error: ", "Precondition failed", "Assertion failed", "Assertion `",
        "terminate called",
        "libc++abi: ", "*** Terminating app", "==ERROR: AddressSanitizer", "WARNING: ThreadSanitizer",
        "double free or corruption", "malloc(): ", "free(): ", "corrupted size vs. prev_size",
        "stack smashing detected",
    ]
    /// The beginnings of a backtrace.
    private static let ends = ["*** Signal", "*** Program crashed", "Thread ", "Backtrace", "Stack dump"]

    private var lines: [String] = []
    private var isComplete = true

    /// The lines of the last crash.
    var text: String { lines.joined(separator: "\n") }

    mutating func append(_ line: String) {
        if Self.beginnings.contains(where: line.contains) {
            lines = [line.shortened(to: Self.longest.line)]
            isComplete = false
        } else if !isComplete {
            isComplete =
                line.isEmpty || lines.count == Self.longest.lines
                || line.contains("\u{1F4A3}") || Self.ends.contains(where: line.hasPrefix)
            if !isComplete { lines.append(line.shortened(to: Self.longest.line)) }
        }
    }
}
