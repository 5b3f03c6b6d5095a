import AsyncFlow

/// Finds the first lines of a crash in what a program writes to its standard error. A backtrace, which comes behind
/// them, is often longer than what is kept of the end.
struct CrashMessage {
    private static let longest = (lines: 8, line: 512)
    private static let beginnings = [
        "Fatal error: ", "Fatal Python error: ", "Precondition failed", "Assertion failed", "Assertion `",
        "terminate called",
        "libc++abi: ", "*** Terminating app", "==ERROR: AddressSanitizer", "WARNING: ThreadSanitizer",
        "double free or corruption", "malloc(): ", "free(): ", "corrupted size vs. prev_size",
        "stack smashing detected",
    ]
    /// What a backtrace begins with.
    private static let ends = ["*** Signal", "*** Program crashed", "Thread ", "Backtrace", "Stack dump"]

    private var lines: [String] = []
    private var isComplete = true

    /// The lines of the last crash that was reported.
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
