#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A machine as this process sees it: the files in which the system describes it, and the results of system calls.
///
/// Everything that is determined about a machine is read through this type, so that tests can simulate one in a folder.
package struct Machine: Sendable {
    /// The prefix of `/proc`, `/sys` and `/dev`: empty, or the folder of a simulated machine.
    package var root = ""
    package var environment: [String: String]
    /// The number of processors that are online.
    var processors: Int
    /// The amount of memory that the system reports, where there is no `/proc/meminfo`.
    package var physicalMemory: Int64?

    package static var thisOne: Machine {
        Machine(
            environment: ProcessInfo.processInfo.environment, processors: SystemCounts.processors,
            physicalMemory: SystemCounts.memory)
    }

    /// The number of cores that this process may use; at least one.
    package var cores: Int {
        max(1, [processors, allowedProcessors, ControlGroups(of: self).coreLimit].compactMap(\.self).min() ?? 1)
    }

    /// The number of processors on which this process may run: the line `Cpus_allowed_list:  0-3,8` of
    /// `/proc/self/status`.
    private var allowedProcessors: Int? {
        for line in lines(of: "/proc/self/status") where line.hasPrefix("Cpus_allowed_list:") {
            var count = 0
            for range in line.drop(while: { $0 != ":" }).dropFirst().filter({ !$0.isWhitespace }).split(separator: ",")
            {
                let ends = range.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
                guard let first = ends[0], let last = ends.last!, ends.count <= 2, 0 <= first, first <= last,
                    last < 1 << 20
                else { return nil }
                count += last - first + 1
            }
            return count > 0 ? count : nil
        }
        return nil
    }

    /// The amount of memory that this process may use.
    package var memory: MemorySize {
        let figures = [totalMemory, ControlGroups(of: self).memoryLimit, physicalMemory].compactMap(\.self)
        return figures.min().map(MemorySize.init(bytes:)) ?? .unlimited
    }

    /// The line `MemTotal:       32594704 kB` of `/proc/meminfo`, in bytes.
    private var totalMemory: Int64? {
        for line in lines(of: "/proc/meminfo") where line.hasPrefix("MemTotal:") {
            let words = line.split(separator: " ")
            guard words.count == 3, words[2] == "kB", let count = Int64(words[1]), count > 0 else { return nil }
            let (bytes, overflows) = count.multipliedReportingOverflow(by: 1024)
            return overflows ? nil : bytes
        }
        return nil
    }

    // MARK: - Files

    /// Returns the contents of a file; nil if it can't be read or isn't text.
    package func text(of path: String) -> String? {
        guard let bytes = FileBytes.read(root + path, atMost: 1 << 20) else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }

    package func lines(of path: String) -> [Substring] {
        text(of: path)?.split(whereSeparator: \.isNewline) ?? []
    }

    /// Returns the number that a file consists of.
    package func number(in path: String) -> Int64? {
        text(of: path)?.split(whereSeparator: \.isWhitespace).first.flatMap { Int64($0) }
    }

    /// Returns the names in a folder, in no order; none if it can't be read.
    package func names(in path: String) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: root + path)) ?? []
    }
}
