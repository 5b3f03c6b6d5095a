#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The system's counters, which only ever grow, and its use of memory.
struct SystemCounters: Sendable, Equatable {
    /// The times in units of the system; only their ratio matters.
    var busyTime = 0.0
    var totalTime = 0.0
    var memoryPercent: Double?
    var diskReadBytes = 0.0
    var diskWriteBytes = 0.0
    var networkSentBytes = 0.0
    var networkReceivedBytes = 0.0

    /// Returns the current counters, or nil if the system doesn't provide them.
    static func now() -> SystemCounters? {
        #if os(Linux)
        guard let stat = text(of: "/proc/stat") else { return nil }
        return SystemCounters(
            stat: stat, memory: text(of: "/proc/meminfo") ?? "", disks: text(of: "/proc/diskstats") ?? "",
            network: text(of: "/proc/net/dev") ?? "")
        #else
        return nil
        #endif
    }

    private static func text(of path: String) -> String? {
        guard let file = FileManager.default.contents(atPath: path) else { return nil }
        return String(decoding: file, as: UTF8.self)
    }

    /// - Parameters: the contents of Linux's files of these names in `/proc`: see proc(5).
    init(stat: String, memory: String, disks: String, network: String) {
        readProcessors(stat)
        readMemory(memory)
        readDisks(disks)
        readNetwork(network)
    }

    private mutating func readProcessors(_ text: String) {
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("cpu ") }) else { return }
        // user nice system idle iowait irq softirq steal; those of guests are part of user and nice
        let times = line.split(separator: " ").dropFirst().prefix(8).compactMap { Double($0) }
        guard times.count >= 4 else { return }
        totalTime = times.reduce(0, +)
        busyTime = totalTime - times[3] - (times.count > 4 ? times[4] : 0)
    }

    private mutating func readMemory(_ text: String) {
        var values: [Substring: Double] = [:]
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count >= 2, let value = Double(words[1]) { values[words[0].dropLast()] = value }
        }
        guard let total = values["MemTotal"], total > 0, let available = values["MemAvailable"] else { return }
        memoryPercent = 100 * (total - available) / total
    }

    private mutating func readDisks(_ text: String) {
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count >= 10, Self.isWholeDisk(words[2]) else { continue }
            // In sectors of 512 bytes, whatever the disk has.
            diskReadBytes += 512 * (Double(words[5]) ?? 0)
            diskWriteBytes += 512 * (Double(words[9]) ?? 0)
        }
    }

    /// Returns whether a device is a whole disk; partitions are counted with their disk.
    private static func isWholeDisk(_ name: Substring) -> Bool {
        if name.hasPrefix("loop") || name.hasPrefix("ram") || name.hasPrefix("dm-") || name.hasPrefix("md") {
            return false
        }
        if name.hasPrefix("nvme") || name.hasPrefix("mmcblk") { return !name.dropFirst(4).contains("p") }
        return !(name.last?.isNumber ?? true)
    }

    private mutating func readNetwork(_ text: String) {
        for line in text.split(separator: "\n") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let name = line[..<colon].drop { $0 == " " }
            let words = line[line.index(after: colon)...].split(separator: " ")
            guard words.count >= 9, name != "lo" else { continue }
            networkReceivedBytes += Double(words[0]) ?? 0
            networkSentBytes += Double(words[8]) ?? 0
        }
    }

    /// Returns a sample of what happened since an earlier reading.
    func sample(since before: SystemCounters?, node: String) -> TelemetrySample {
        var sample = TelemetrySample(node: node)
        sample.memoryPercent = memoryPercent
        guard let before else { return sample }
        if totalTime > before.totalTime {
            sample.cpuPercent = min(100, max(0, 100 * (busyTime - before.busyTime) / (totalTime - before.totalTime)))
        }
        // A counter that has wrapped around, or whose device has gone, counts as 0.
        sample.diskReadBytes = max(0, diskReadBytes - before.diskReadBytes)
        sample.diskWriteBytes = max(0, diskWriteBytes - before.diskWriteBytes)
        sample.networkSentBytes = max(0, networkSentBytes - before.networkSentBytes)
        sample.networkReceivedBytes = max(0, networkReceivedBytes - before.networkReceivedBytes)
        return sample
    }
}
