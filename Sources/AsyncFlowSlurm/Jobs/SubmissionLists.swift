import AsyncFlowBase
import Foundation

/// The submissions that another process has made, or was about to make, by the lists of tasks that it left beside them.
struct SubmissionLists: Sendable {
    /// The place of a task: the last submission that it was part of, and where in it.
    struct Place: Sendable, Hashable {
        var name: String
        var index: Int
    }
    private(set) var places: [UInt64: Place] = [:]
    private(set) var keys: [String: [UInt64]] = [:]

    /// The largest list that is read, far above the longest array.
    private static let maximumSize = 128 << 20

    /// Reads the lists in a folder whose names begin so. What isn't a list is passed over.
    init(in folder: String, prefix: String) {
        var names: [(number: Int, name: String)] = []
        for file in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
            guard file.hasPrefix(prefix + "-"), file.hasSuffix(".tasks"),
                let number = SlurmNumber.digits(file.dropFirst(prefix.count + 1).dropLast(6), in: 1...Int.max)
            else { continue }
            names.append((number, String(file.dropLast(6))))
        }
        // Of several submissions of one task the last one counts.
        for (_, name) in names.sorted(by: { $0.number < $1.number }) {
            guard let file = FileHandle(forReadingAtPath: "\(folder)/\(name).tasks"),
                let data = try? file.read(upToCount: Self.maximumSize)
            else { continue }
            let keys = data.split(separator: UInt8(ascii: "\n")).map { UInt64(String(decoding: $0, as: UTF8.self)) }
            guard keys.count <= SlurmNumber.indices.upperBound else { continue }
            // A line that can't be read stands for a task that nobody asks for.
            self.keys[name] = keys.map { $0 ?? .max }
            for (index, key) in keys.enumerated() {
                if let key { places[key] = Place(name: name, index: index) }
            }
        }
    }
}
