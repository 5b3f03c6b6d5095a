import AsyncFlowBase

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The recordings in a folder, one row each.
package struct RunListReport {
    package struct Row {
        /// The path relative to the folder.
        package let path: String
        package let byteCount: Int
        /// The facts about the run, or the error if the recording can't be read.
        fileprivate let run: Result<Facts, RunFileError>
    }

    fileprivate struct Facts {
        let session: String
        let start: Double
        let seconds: Double
        let hasEnded: Bool
        let totals: [Int]
    }

    /// Whether a file's name is that of a recording.
    private static func isRecording(_ name: String) -> Bool {
        [".telemetry.jsonl", ".telemetry.jsonl.gz"].contains { name.hasSuffix($0) }
    }

    /// The limits on the depth of folders and on the number of their entries.
    private static let depthLimit = 4
    private static let entryLimit = 100_000

    /// The recordings, the oldest first; those that can't be read come last.
    package let rows: [Row]
    /// Whether the folder had more entries than were examined.
    package let isCut: Bool

    /// Reads every recording in a folder and in the folders in it; links aren't followed.
    ///
    /// - Throws: ``RunFileError`` if the folder can't be read.
    package init(folder: String) throws(RunFileError) {
        var found: [(path: String, byteCount: Int)] = []
        var left = Self.entryLimit
        guard Self.find(in: folder, below: "", depth: 0, &left, &found) else {
            throw RunFileError(
                reason: FileManager.default.fileExists(atPath: folder) ? .unreadable : .missing,
                description: "The folder '\(folder.harmless())' can't be read; name a folder with recordings in it.")
        }
        isCut = left <= 0
        rows = found.map { path, byteCount in
            do throws(RunFileError) {
                let model = try RunFile.read("\(folder)/\(path)").model
                let facts = Facts(
                    session: model.session.id, start: model.origin, seconds: model.lastTime, hasEnded: model.hasEnded,
                    totals: model.totals)
                return Row(path: path, byteCount: byteCount, run: .success(facts))
            } catch {
                return Row(path: path, byteCount: byteCount, run: .failure(error))
            }
        }.sorted { ($0.start, $0.path) < ($1.start, $1.path) }
    }

    private static func find(
        in folder: String, below prefix: String, depth: Int, _ left: inout Int,
        _ found: inout [(path: String, byteCount: Int)]
    ) -> Bool {
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else { return false }
        for name in names.sorted() {
            left -= 1
            if left <= 0 { return true }
            let path = "\(folder)/\(name)"
            guard let attributes = try? FileManager.default.attributesOfItem(atPath: path),
                let type = attributes[.type] as? FileAttributeType
            else { continue }
            if type == .typeDirectory, depth < depthLimit {
                _ = find(in: path, below: prefix + name + "/", depth: depth + 1, &left, &found)
            } else if type == .typeRegular, isRecording(name) {
                found.append((prefix + name, (attributes[.size] as? UInt64).map { Int(clamping: $0) } ?? 0))
            }
        }
        return true
    }

    // MARK: Writing

    package func writeText(to output: inout ReportOutput) {
        var table = TextTableLayout(
            ["started", "time", "tasks", "done", "failed", "cancelled", "size", "recording"], leftColumns: [0, 7])
        for row in rows {
            let size = TextFormat.bytes(Double(row.byteCount))
            let path = TextFormat.oneLine(row.path, 200)
            switch row.run {
            case .success(let run):
                func count(_ state: RunState) -> String { TextFormat.count(run.totals[Int(state.rawValue)]) }
                table.rows.append([
                    Self.date(run.start), TextFormat.seconds(run.seconds) + (run.hasEnded ? "" : " …"),
                    TextFormat.count(run.totals.reduce(0, +)), count(.done), count(.failed), count(.cancelled), size,
                    path,
                ])
            case .failure(let error):
                let why: String =
                    switch error.reason {
                    case .empty: "empty"
                    case .foreign: "not a recording"
                    case .missing, .directory, .unreadable: "can't be read"
                    }
                table.rows.append([why, "–", "–", "–", "–", "–", size, path])
            }
        }
        output.write(text: table.lines.joined(separator: "\n") + "\n")
        if rows.contains(where: { $0.isOpen }) {
            output.write("\n … no end is recorded: the run was killed or is still going on\n")
        }
    }

    package func writeJSON(to output: consuming ReportOutput) -> ReportOutput {
        var json = JSONWriter(output)
        json.array { json in
            for row in rows {
                json.object { json in
                    json.field("recording", row.path)
                    json.field("bytes", row.byteCount)
                    switch row.run {
                    case .success(let run):
                        json.field("session", run.session)
                        json.field("start", number: run.start)
                        json.field("seconds", number: run.seconds)
                        json.field("ended", run.hasEnded)
                        for state in RunState.allCases {
                            json.key(text: state.text)
                            json.integer(run.totals[Int(state.rawValue)])
                        }
                    case .failure(let error): json.field("error", error.description)
                    }
                }
            }
        }
        var output = json.finish()
        output.write(0x0A)
        return output
    }

    /// Returns the local date and time.
    private static func date(_ seconds: Double) -> String {
        let parts = Calendar.current.dateComponents(
            [.year, .month, .day, .hour, .minute, .second], from: Date(timeIntervalSince1970: seconds))
        func text(_ value: Int?, _ digits: Int = 2) -> String {
            let text = "\(value ?? 0)"
            return String(repeating: "0", count: max(0, digits - text.count)) + text
        }
        return "\(text(parts.year, 4))-\(text(parts.month))-\(text(parts.day)) "
            + "\(text(parts.hour)):\(text(parts.minute)):\(text(parts.second))"
    }
}

extension RunListReport.Row {
    fileprivate var start: Double { if case .success(let run) = run { run.start } else { .infinity } }
    fileprivate var isOpen: Bool { if case .success(let run) = run { !run.hasEnded } else { false } }
}
