/// The numbers in the output of Slurm's programs, its REST service and jobs, with their bounds.
package enum SlurmNumber {
    /// The ids of jobs.
    package static let ids = 1...Int(UInt32.max)
    /// The indices of an array's jobs: the largest `MaxArraySize` is 4,000,001.
    package static let indices = 0...4_000_000
    /// The statuses of `waitpid` that report an end.
    package static let waitStatuses = 0...0xFFFF

    /// Returns the number that consists of ASCII digits only; nil for anything else, and outside a range.
    package static func digits(_ text: some StringProtocol, in range: ClosedRange<Int>) -> Int? {
        guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), let number = Int(text),
            range.contains(number)
        else { return nil }
        return number
    }

    /// Returns a status of `waitpid`, written as such (`1792`) or as `exit code:signal` (`7:0`); nil for anything else.
    static func waitStatus(_ text: some StringProtocol) -> Int32? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        if parts.count == 1 { return digits(text, in: waitStatuses).map(Int32.init) }
        guard parts.count == 2, let code = digits(parts[0], in: 0...255), let signal = digits(parts[1], in: 0...127)
        else { return nil }
        return waitStatus(code: code, signal: signal)
    }

    /// Returns the status of `waitpid` for an end; nil if there is no such status.
    package static func waitStatus(code: Int, signal: Int) -> Int32? {
        guard (0...255).contains(code), (0...127).contains(signal) else { return nil }
        return Int32(signal != 0 ? signal : code << 8)
    }
}
