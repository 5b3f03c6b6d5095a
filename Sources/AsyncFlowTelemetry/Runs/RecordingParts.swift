import AsyncFlowBase

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The files of a recording that is split over several: `run.telemetry.jsonl` is the newest one, and
/// `run.telemetry.00001.jsonl` the oldest.
struct RecordingParts {
    private static let name = ".telemetry"
    private static let endings = [".jsonl.gz", ".jsonl"]
    private static let digits = 5

    /// The path up to `.telemetry`; nil for a path that isn't that of a recording.
    private let base: String?
    private let ending: String

    /// - Parameter path: the path of the newest file.
    init(of path: String) {
        let ending = Self.endings.first { path.hasSuffix(Self.name + $0) }
        self.ending = ending ?? ""
        base = ending.map { String(path.dropLast($0.count)) }
        fallback = path
    }

    private let fallback: String

    /// Returns the path of a file that was put aside, counted from 1.
    func path(_ number: Int) -> String {
        let digits = String(number)
        let padded = String(repeating: "0", count: max(0, Self.digits - digits.count)) + digits
        return base.map { "\($0).\(padded)\(ending)" } ?? "\(fallback).\(padded)"
    }

    /// The paths of the files that were put aside, the oldest first.
    var found: [String] { numbered.map(\.path) }

    /// The same, each with its number.
    var numbered: [(number: Int, path: String)] {
        guard let base else { return [] }
        let folder = URL(filePath: base).deletingLastPathComponent().path
        let prefix = URL(filePath: base).lastPathComponent + "."
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder.isEmpty ? "." : folder) else {
            return []
        }
        return names.compactMap { name -> (number: Int, path: String)? in
            guard name.hasPrefix(prefix), let ending = Self.endings.first(where: name.hasSuffix) else { return nil }
            let digits = name.dropFirst(prefix.count).dropLast(ending.count)
            guard (Self.digits...10).contains(digits.utf8.count), digits.utf8.allSatisfy({ $0 &- 0x30 < 10 }),
                let number = Int(digits)
            else { return nil }
            return (number, (folder.isEmpty ? "" : folder + "/") + name)
        }.sorted { ($0.number, $0.path) < ($1.number, $1.path) }
    }
}
